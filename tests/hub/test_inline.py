"""Accounts that may answer only inside of the customer's own push: what is said in time, later, and never twice."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring
from sqlalchemy import text as sql
from sqlalchemy.exc import TimeoutError as PoolIsEmpty
from werkzeug.test import TestResponse

from channels.contract import Inline
from channels.wechat.crypto import Envelope, signature
from hub.cache import connect
from hub.db import db
from hub.models import Arrival, Delivery, DeliveryAttempt, Identity, Message
from tests.stage import SECRETS, Person, Stage, WeChat, at_once, states

QUICK = Inline(within=timedelta(seconds=0.6), cut_after=timedelta(seconds=0.7), tries=3)
ENVELOPE = Envelope(SECRETS["TEST_TOKEN"], SECRETS["TEST_AES_KEY"], "wx0000000000000004")
LINK = {"title": "退款说明", "url": "https://a.example/refund", "description": "七天"}


@dataclass
class Customer:
    """Writes to the unverified account; WeChat repeats each push until it is answered."""

    stage: Stage
    name: str = "anna"
    number: int = 0

    def write(self, text: str = "在吗") -> Callable[[], TestResponse]:
        """A message, as something that WeChat pushes once or several times."""
        self.number += 1
        return self.repeatable(MsgType="text", Content=text, MsgId=self.number)

    def do(self, event: str, **fields: Any) -> Callable[[], TestResponse]:
        return self.repeatable(MsgType="event", Event=event, EventKey="", **fields)

    def repeatable(self, **fields: Any) -> Callable[[], TestResponse]:
        # a moment ahead: by the age of a push the hub would know its last try, and in these tests all goes quickly
        created = int(time.time()) + 5
        return lambda: self.stage.post("post", {"FromUserName": self.name, "CreateTime": created, **fields})


@pytest.fixture
def customer(stage: Stage) -> Customer:
    post = stage.app.extensions["channels"]["post"]
    post.capabilities = replace(post.capabilities, answers_inline=QUICK)
    return Customer(stage)


@pytest.fixture
def patient(customer: Customer) -> None:
    """As long as in truth: for those who look into the first answer."""
    post = customer.stage.app.extensions["channels"]["post"]
    post.capabilities = replace(post.capabilities, answers_inline=replace(QUICK, within=timedelta(seconds=4.5)))


@pytest.fixture
def anna(stage: Stage) -> Person:
    return stage.agent()


@pytest.fixture
def claimed(customer: Customer, anna: Person, stage: Stage) -> Customer:
    """Anna has the conversation, and the customer's last push is answered."""
    with working(stage):
        assert asked(customer.write("怎么退款")) == "七天内可以退款。"
    anna.post("/conversations/1/claim")
    return customer


@contextmanager
def working(stage: Stage) -> Iterator[None]:
    """A worker beside us."""
    over = threading.Event()

    def loop() -> None:
        while not over.is_set():
            stage.work()
            time.sleep(0.02)

    worker = threading.Thread(target=loop)
    worker.start()
    try:
        yield
    finally:
        over.set()
        worker.join()


def later(seconds: float, action: Callable[[], Any]) -> threading.Timer:
    timer = threading.Timer(seconds, action)
    timer.start()
    return timer


def opened(response: TestResponse) -> dict[str, str]:
    """The answer, as WeChat takes it out of the response: checked and decrypted."""
    assert (response.status_code, response.mimetype) == (200, "application/xml")
    sealed = {child.tag: child.text or "" for child in fromstring(response.text)}
    assert sealed.keys() == {"Encrypt", "MsgSignature", "TimeStamp", "Nonce"}
    parts = (SECRETS["TEST_TOKEN"], sealed["TimeStamp"], sealed["Nonce"], sealed["Encrypt"])
    assert sealed["MsgSignature"] == signature(*parts)
    inside = fromstring(ENVELOPE.decrypt(sealed["Encrypt"]))
    return {child.tag: child.text or "" for child in inside.iter()}


def read(response: TestResponse) -> str:
    """What the customer reads; "" where the push was only acknowledged."""
    if response.text == "success":
        assert response.status_code == 200
        return ""
    answer = opened(response)
    return answer["Content"] if answer["MsgType"] == "text" else answer["Title"]


def asked(push: Callable[[], TestResponse]) -> str:
    """What the customer reads after as many tries as WeChat makes."""
    return next(filter(None, (read(push()) for _ in range(QUICK.tries))), "")


def say(anna: Person, text: str = "您好", **body: Any) -> Any:
    return anna.post("/conversations/1/messages", {"text": text, **body}, 201)


def out(stage: Stage) -> list[Delivery]:
    return stage.rows(Delivery)


def timed(action: Callable[[], Any]) -> float:
    began = time.monotonic()
    action()
    return time.monotonic() - began


# in time


def test_a_bot_answers_at_the_first_try(stage: Stage, customer: Customer, patient: None, wechat: WeChat) -> None:
    with working(stage):
        answer = opened(customer.write("怎么退款")())
    assert {name: answer[name] for name in ("ToUserName", "FromUserName", "MsgType", "Content")} == {
        "ToUserName": "anna",
        "FromUserName": "gh_000000000004",
        "MsgType": "text",
        "Content": "七天内可以退款。",
    }
    [delivery] = out(stage)
    assert (delivery.state, delivery.provider_id, delivery.attempts, delivery.spent) == ("done", "1", 1, None)
    assert [(row.outcome, row.code) for row in stage.rows(DeliveryAttempt)] == [("sent", "")]
    assert wechat.sent == []


def test_a_follower_is_greeted_within_the_push(stage: Stage, customer: Customer) -> None:
    with working(stage):
        assert asked(customer.do("subscribe")) == "欢迎光临"


def test_a_slow_bot_is_waited_for(stage: Stage, customer: Customer, slow_bot: None) -> None:
    with working(stage):
        assert asked(customer.write("怎么退款")) == "七天内可以退款。"


@pytest.mark.parametrize("answered_at", [2, 3])
def test_a_person_answers_while_wechat_tries_again(
    stage: Stage, claimed: Customer, anna: Person, answered_at: int
) -> None:
    push = claimed.write("到底怎么退")
    with working(stage):
        for _ in range(1, answered_at):
            wait = timed(lambda: read(push()) == "")
            assert wait > 0.7  # WeChat has hung up by then, and so tries again
        timer = later(0.2, lambda: say(anna, "我帮您退"))
        assert read(push()) == "我帮您退"
        timer.join()
    assert [row.state for row in out(stage)] == ["done", "done"]
    assert anna.get("/conversations/1/messages")["items"][-1]["delivery"]["state"] == "sent"


def test_a_link_is_an_article(stage: Stage, claimed: Customer, patient: None, anna: Person) -> None:
    say(anna, "", link=LINK)
    with working(stage):
        answer = opened(claimed.write()())
    assert (answer["MsgType"], answer["ArticleCount"], answer["Title"]) == ("news", "1", "退款说明")
    assert (answer["Url"], answer["Description"]) == (LINK["url"], LINK["description"])


# too late


def test_the_last_try_is_acknowledged_in_time(stage: Stage, claimed: Customer) -> None:
    push = claimed.write()
    with working(stage):
        *held, last = [timed(lambda: read(push()) == "") for _ in range(3)]
    assert min(held) > QUICK.cut_after.total_seconds() + 0.5
    assert last < min(held)  # however slow this machine is


def test_an_old_push_is_the_last_try_however_few_reached_us(stage: Stage, claimed: Customer) -> None:
    created = int(time.time()) - 2
    with working(stage):
        push = {"FromUserName": "anna", "CreateTime": created, "MsgType": "text", "Content": "hi", "MsgId": 77}
        assert timed(lambda: stage.post("post", push)) < 1.2


def test_what_was_said_too_late_comes_first_with_the_next_answer(
    stage: Stage, customer: Customer, anna: Person
) -> None:
    push = customer.write("在吗")
    with working(stage):
        first = asked(push)
        anna.post("/conversations/1/claim")
        message = say(anna, "我在")
        assert message["payload"] == {}
        assert message["delivery"] == {
            "state": "queued",
            "attempts": 0,
            "error": {"code": "passive", "reason": "It goes out with the answer to the customer's next message."},
        }
        anna.post("/conversations/1/handover", {"to": "bot"})
        answer = asked(customer.write("怎么退款"))
    assert first  # the bot said that it did not understand
    assert answer == "我在\n\n七天内可以退款。"
    assert {row.provider_id for row in out(stage)} == {"1", "2"}


def test_the_same_push_again_gets_the_same_answer_and_nothing_else(
    stage: Stage, claimed: Customer, anna: Person
) -> None:
    say(anna, "一")
    push = claimed.write()
    with working(stage):
        first = asked(push)
        say(anna, "二")
        again = [read(push()) for _ in range(3)]
        following = asked(claimed.write())
    assert ([first, *again], following) == (["一"] * 4, "二")
    assert len(stage.rows(DeliveryAttempt)) == 3
    assert [row.attempts for row in out(stage)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("said", "carried"),
    [
        (["一", "二", "三"], ["一\n\n二\n\n三"]),
        (["x" * 1000, "y" * 1045], ["x" * 1000 + "\n\n" + "y" * 1045]),  # 2047 bytes
        (["x" * 1000, "y" * 1046], ["x" * 1000, "y" * 1046]),
        (["长" * 600, "文" * 200], ["长" * 600, "文" * 200]),  # bytes, not characters
        (["x" * 3000], ["x" * 2047, "x" * 953]),
        (["一", LINK, "二"], ["一", "退款说明", "二"]),
        ([LINK, "一", "二"], ["退款说明", "一\n\n二"]),
    ],
    ids=["short", "just fits", "a byte too long", "Chinese", "two parts", "a link between", "a link first"],
)
def test_what_waits_goes_together_as_far_as_it_fits(
    stage: Stage, claimed: Customer, anna: Person, said: list[Any], carried: list[str]
) -> None:
    for each in said:
        say(anna, each) if isinstance(each, str) else say(anna, "", link=each)
    with working(stage):
        assert [asked(claimed.write()) for _ in carried] == carried
    assert set(states(out(stage))) == {"done"}


def test_what_would_break_out_of_the_answer_stays_text(
    stage: Stage, claimed: Customer, patient: None, anna: Person
) -> None:
    hostile = "]]></Content><MsgType><![CDATA[image]]></MsgType> \x0b <a href='x'>&amp;"
    say(anna, hostile)
    with working(stage):
        answer = opened(claimed.write()())
    assert (answer["MsgType"], answer["Content"]) == ("text", hostile.replace("\x0b", ""))


# at the same time


def test_of_tries_at_the_same_time_all_get_the_same_answer(
    stage: Stage, claimed: Customer, patient: None, anna: Person
) -> None:
    say(anna, "一")
    push = claimed.write()
    with working(stage):
        answers = at_once(*[push] * 4)
    assert [read(answer) for answer in answers] == ["一"] * 4  # type: ignore[arg-type]
    assert len(stage.rows(Arrival, Arrival.key == "2")) == 1
    assert [row.attempts for row in out(stage)] == [1, 1]


def test_of_messages_at_the_same_time_one_carries_what_waits(stage: Stage, claimed: Customer, anna: Person) -> None:
    say(anna, "一")
    with working(stage):
        answers = at_once(*[claimed.write(str(number)) for number in range(4)])
    assert sorted(read(answer) for answer in answers) == ["", "", "", "一"]  # type: ignore[arg-type]


def test_each_customer_gets_what_was_said_to_them(
    stage: Stage, customer: Customer, patient: None, anna: Person
) -> None:
    others = [replace(customer, name=name, number=10 * place) for place, name in enumerate("abcd", 1)]
    with working(stage):
        answers = at_once(*[each.write("怎么退款") for each in others])
    assert {opened(answer)["ToUserName"] for answer in answers} == set("abcd")  # type: ignore[arg-type]
    assert {row.identity_id for row in out(stage)} == {row.id for row in stage.rows(Identity)}


# what needs no answer


@pytest.mark.parametrize("event", ["unsubscribe", "VIEW", "view_miniprogram", "LOCATION", "kf_create_session"])
def test_what_nobody_answers_is_acknowledged_at_once(stage: Stage, claimed: Customer, anna: Person, event: str) -> None:
    say(anna, "一")
    with working(stage):
        push = claimed.do(event, KfAccount="a@b")
        assert timed(lambda: read(push()) == "") < 0.3
    assert states(out(stage)) == ["done", "waiting"]


def test_whoever_checks_the_address_is_answered_at_once(stage: Stage, claimed: Customer, anna: Person) -> None:
    from tests.stage import signed

    say(anna, "一")
    answer = stage.app.test_client().get("/hooks/post", query_string={**signed(), "echostr": "8214"})
    assert (answer.text, states(out(stage))) == ("8214", ["done", "waiting"])


def test_a_push_of_rubbish_is_acknowledged_at_once_and_kept(stage: Stage, customer: Customer) -> None:
    response = stage.post_sealed("post", "<xml><ToUserName>gh_000000000004</ToUserName></xml>")
    assert (response.text, states(stage.rows(Arrival))) == ("success", ["failed"])


# people decide


def test_a_waiting_answer_that_is_retried_by_hand_goes_on_waiting(
    stage: Stage, claimed: Customer, anna: Person, wechat: WeChat
) -> None:
    message = say(anna, "一")
    boss = stage.agent("Boss", "supervisor")
    boss.post(f"/jobs/delivery-{out(stage)[-1].id}/retry", status=202)
    anna.post(f"/messages/{message['id']}/resend", status=409)
    stage.work()
    assert (states(out(stage)), wechat.sent) == (["done", "waiting"], [])
    with working(stage):
        assert asked(claimed.write()) == "一"


def test_agents_are_told_that_answers_wait(claimed: Customer, anna: Person) -> None:
    reply = anna.get("/conversations/1")["reply"]
    assert (reply["allowed"], reply["reason"], reply["text_bytes"], reply["media"]) == (True, "passive", 2047, {})
    assert anna.get("/conversations/1")["allowance"] is None


# outages


def test_without_redis_each_try_is_the_last(
    stage: Stage, claimed: Customer, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(stage.app.extensions, "redis", connect("redis://127.0.0.1:1/0"))
    push = claimed.write()
    with working(stage):
        assert timed(lambda: read(push()) == "") < 1.2
        say(anna, "一")
        assert asked(claimed.write()) == "一"


def test_a_redis_that_hangs_keeps_no_answer_back(
    stage: Stage, claimed: Customer, patient: None, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(anna, "一")
    with socket.create_server(("127.0.0.1", 0)) as silent, working(stage):
        hung = connect(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        monkeypatch.setitem(stage.app.extensions, "redis", hung)
        assert timed(lambda: read(claimed.write()()) == "一") < 4.5
    assert states(out(stage)) == ["done", "done"]


def test_a_database_that_goes_away_meanwhile_costs_nothing_but_the_answer(
    stage: Stage, claimed: Customer, anna: Person
) -> None:
    say(anna, "一")
    push = claimed.write()
    breaking = later(0.15, lambda: break_connections(stage))
    assert timed(lambda: read(push()) == "") < 1.2
    breaking.join()
    with working(stage):
        assert asked(claimed.write()) == "一"
    assert len(stage.rows(Message, Message.direction == "in")) == 3


def break_connections(stage: Stage) -> None:
    """Those that look for an answer at this moment, as when PostgreSQL starts again."""
    looking = "SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'arrival'::regclass"
    with stage.app.app_context(), db.engine.begin() as connection:
        connection.execute(sql("LOCK TABLE arrival IN ACCESS EXCLUSIVE MODE"))
        time.sleep(0.15)
        broken = connection.execute(sql(f"SELECT pg_terminate_backend(pid) FROM ({looking}) AS looking")).all()
    assert broken == [(True,)]


def test_a_pool_without_a_free_connection_costs_nothing_but_the_answer(
    stage: Stage, claimed: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage.app.app_context():
        pool = db.engine.pool
    monkeypatch.setattr(pool, "_timeout", 0.1)
    taken: list[Any] = []

    def take_all() -> None:
        with suppress(PoolIsEmpty):
            while True:
                taken.append(pool.connect())

    taking = later(0.1, take_all)
    try:
        assert timed(lambda: read(claimed.write()()) == "") < 1.2
        taking.join()
    finally:
        for connection in taken:
            connection.close()
    assert len(stage.rows(Arrival)) == 2


def test_while_the_database_is_away_a_push_is_acknowledged_and_answered_with_the_next(
    stage: Stage, claimed: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    inlet = stage.app.extensions["inlet"]
    monkeypatch.setattr(inlet, "_away_until", time.monotonic() + 0.5)
    push = claimed.write("怎么退款")
    assert timed(lambda: read(push()) == "") < 0.3
    stage.agent("Boss").post("/conversations/1/handover", {"to": "bot"})
    with working(stage):
        deadline = time.monotonic() + 10
        while len(out(stage)) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert asked(claimed.write("电话")) == "七天内可以退款。\n\n400-000-0000"
    assert len(stage.rows(Message, Message.direction == "in")) == 3
