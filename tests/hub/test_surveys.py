"""How it was: who is asked, by what their channel has, what counts as an answer, and what becomes of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import update

from hub.db import db, now
from hub.desk.surveys import Survey as Rules
from hub.models import Allowance, AuditEntry, Contact, Conversation, Identity, Message, Notification, Survey
from hub.services import asking
from hub.web.survey import ANSWERS_A_MINUTE
from tests.hub.test_mail import LI, Outbox, mail
from tests.pager import Pager
from tests.stage import Person, Stage, WeChat, states, written

ASKED = Rules(after=timedelta(0))
BY_DIGITS = "请回复数字：5 非常满意、4 满意、3 一般、2 不满意、1 非常不满意"


@pytest.fixture
def outbox(monkeypatch: pytest.MonkeyPatch) -> Outbox:
    from channels.email.smtp import Smtp

    box = Outbox()
    monkeypatch.setattr(Smtp, "deliver", box.deliver)
    return box


@pytest.fixture
def rules(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def chosen(rules: Rules | None = ASKED) -> None:
        changed = replace(stage.app.extensions["settings"], survey=rules)
        monkeypatch.setitem(stage.app.extensions, "settings", changed)

    chosen()
    return chosen


@pytest.fixture
def anna(stage: Stage, wechat: WeChat, rules: Callable[..., None]) -> Person:
    return stage.agent()


def served(stage: Stage, anna: Person, channel: str = "desk", number: int = 1, **who: Any) -> None:
    """A customer who was answered, and whose conversation is resolved."""
    stage.push("转人工", channel=channel, **who)
    stage.work()
    anna.post(f"/conversations/{number}/messages", {"text": "好的"}, 201)
    anna.post(f"/conversations/{number}/resolve")
    stage.work()


def survey(stage: Stage, number: int = 1) -> Survey:
    return stage.row(Survey, Survey.id == number)


# how they are asked


def test_by_digits_and_a_link_where_texts_are_free(stage: Stage, anna: Person, wechat: WeChat) -> None:
    served(stage, anna)
    question, by_digits, by_link = wechat.texts[-1].split("\n")
    row = survey(stage)
    assert (question, by_digits, row.way, row.state) == ("这次服务您还满意吗？", BY_DIGITS, "digits", "done")
    [link] = re.findall(r"http://hub\.test/s/(\S+)", by_link)
    assert row.token_sha256 == sha256(link.encode()).hexdigest()
    assert anna.get("/conversations/1/messages")["items"][-1]["text"].endswith("想多说几句，请点：/s/…")


def test_by_a_menu_where_there_are_menus(stage: Stage, anna: Person, wechat: WeChat) -> None:
    served(stage, anna, "service")
    asked = wechat.sent[-1]["msgmenu"]
    assert [each["content"] for each in asked["list"]] == ["非常满意", "满意", "一般", "不满意", "非常不满意"]
    stage.push("满意", channel="service", bizmsgmenuid=asked["list"][1]["id"])
    stage.work()
    assert (survey(stage).score, survey(stage).way, wechat.texts[-1]) == (4, "menu", "谢谢您的评价！")
    assert [row.status for row in stage.rows(Conversation)] == ["resolved"]


def test_by_a_link_in_mail(stage: Stage, anna: Person, outbox: Outbox) -> None:
    stage.mail(mail("我找人工", LI), "sales")
    stage.work()
    anna.post("/conversations/1/messages", {"text": "好的"}, 201)
    anna.post("/conversations/1/resolve")
    stage.work()
    assert survey(stage).way == "link"
    assert "http://hub.test/s/" in outbox.texts[-1]
    assert "数字" not in outbox.texts[-1]


def test_in_the_language_of_the_customer_and_good_or_bad(
    stage: Stage, anna: Person, wechat: WeChat, rules: Callable[..., None]
) -> None:
    rules(ASKED.model_copy(update={"scale": "good_bad"}))
    stage.push("hello", channel="desk")
    stage.work()
    with stage.inside():
        db.session.execute(update(Contact).values(language="en"))
    served(stage, anna)
    assert wechat.texts[-1].split("\n")[:2] == ["How did we do?", "Please answer with a digit: 1 Good, 2 Not good"]
    stage.push("2", channel="desk")
    stage.work()
    assert (survey(stage).score, wechat.texts[-1]) == (0, "Thank you for telling us!")


# who is not asked


def test_nobody_is_asked_without_the_file(stage: Stage, anna: Person, rules: Callable[..., None]) -> None:
    rules(None)
    served(stage, anna)
    assert stage.rows(Survey) == []


def test_only_these_teams_and_channels(stage: Stage, anna: Person, rules: Callable[..., None]) -> None:
    rules(ASKED.model_copy(update={"channels": ("shop",)}))
    served(stage, anna)
    rules(ASKED.model_copy(update={"teams": ("sales",)}))
    served(stage, anna, number=2, sender="bo")
    assert stage.rows(Survey) == []


def test_whom_nobody_answered_is_not_asked(stage: Stage, anna: Person) -> None:
    stage.push("在吗", channel="desk")
    stage.work()
    anna.post("/conversations/1/resolve")
    assert stage.rows(Survey) == []


def test_not_again_within_a_month(stage: Stage, anna: Person) -> None:
    served(stage, anna)
    served(stage, anna, number=2)
    assert len(stage.rows(Survey)) == 1
    with stage.inside():
        db.session.execute(update(Survey).values(asked_at=now() - timedelta(days=31)))
    served(stage, anna, number=3)
    assert states(stage.rows(Survey)) == ["done", "done"]


def reopened(stage: Stage, anna: Person) -> None:
    anna.post("/conversations/1/reopen")


def writes_again(stage: Stage, anna: Person) -> None:
    stage.push("还有一件事", channel="desk")
    stage.do("arrival")


def angry(stage: Stage, anna: Person) -> None:
    with stage.inside():
        row = db.session.get_one(Conversation, 1)
        asking.threads.note_event(row, "handed_over", reason="angry")


def opted_out(stage: Stage, anna: Person) -> None:
    with stage.inside():
        db.session.execute(update(Identity).values(opted_out=True))


def unreachable(stage: Stage, anna: Person) -> None:
    with stage.inside():
        db.session.execute(update(Identity).values(reachable=False))


def one_left(stage: Stage, anna: Person) -> None:
    with stage.inside():
        db.session.execute(update(Allowance).values(left=1))


def none_left(stage: Stage, anna: Person) -> None:
    with stage.inside():
        db.session.execute(update(Allowance).values(left=0))


def too_late(stage: Stage, anna: Person) -> None:
    with stage.inside():
        db.session.execute(update(Allowance).values(until=now()))


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (reopened, "reopened"),
        (writes_again, "writes_again"),
        (angry, "angry"),
        (opted_out, "opted_out"),
        (unreachable, "unreachable"),
        (one_left, "allowance_used"),  # the last one is for a person
        (none_left, "allowance_used"),
        (too_late, "window_closed"),
    ],
)
def test_who_is_not_asked_after_all(
    stage: Stage, anna: Person, wechat: WeChat, rules: Callable[..., None], happens: Any, reason: str
) -> None:
    rules(Rules(after=timedelta(minutes=1)))
    served(stage, anna)
    happens(stage, anna)
    sent = len(wechat.sent)
    stage.make_due(Survey)
    stage.do("survey")
    row = survey(stage)
    assert (row.state, row.error_code, row.asked_at, row.message_id) == ("cancelled", reason, None, None)
    stage.do("delivery")
    assert len(wechat.sent) == sent


def test_two_left_are_enough(stage: Stage, anna: Person, wechat: WeChat, rules: Callable[..., None]) -> None:
    rules(Rules(after=timedelta(minutes=1)))
    served(stage, anna)
    with stage.inside():
        db.session.execute(update(Allowance).values(left=2))
    stage.make_due(Survey)
    stage.work()
    assert survey(stage).way == "digits"


def test_where_nothing_can_be_said_now_nobody_is_asked(stage: Stage, anna: Person) -> None:
    served(stage, anna, "post")
    assert (survey(stage).state, survey(stage).error_code) == ("cancelled", "passive")


def test_a_question_asked_twice_at_once_is_asked_once(stage: Stage, anna: Person, wechat: WeChat) -> None:
    served(stage, anna)
    stage.do("survey")
    assert len([text for text in wechat.texts if BY_DIGITS in text]) == 1


# what is an answer


@pytest.mark.parametrize("said", ["5", " 5 ", "５", "5分", "5 星", "5。", "5 stars"])
def test_a_digit_is_an_answer(stage: Stage, anna: Person, wechat: WeChat, said: str) -> None:
    served(stage, anna)
    stage.push(said, channel="desk", at=9)
    stage.work()
    assert (survey(stage).score, wechat.texts[-1]) == (5, "谢谢您的评价！")
    shown = anna.get("/conversations/1")
    assert (shown["status"], shown["unread"]) == ("resolved", 0)
    assert shown["csat"] == {"score": 5, "scale": "stars", "comment": ""}
    assert stage.thread(1)[-2:] == [("system", "rated"), ("system", "谢谢您的评价！")]


@pytest.mark.parametrize("said", ["3 件", "6", "0", "55", "五", "5 号能到吗", "1.5", "谢谢", ""])
def test_whatever_else_they_write_is_a_message(stage: Stage, anna: Person, said: str) -> None:
    served(stage, anna)
    fields = {} if said else {"MsgType": "image", "PicUrl": "http://wechat.test/p", "MediaId": "m"}
    stage.push(said, channel="desk", at=9, **fields)
    stage.do("arrival")
    assert survey(stage).score is None
    assert [row.status for row in stage.rows(Conversation)] == ["resolved", "waiting"]


def test_a_digit_is_no_answer_once_something_else_was_said(stage: Stage, anna: Person) -> None:
    served(stage, anna)
    stage.push("要几件？", channel="desk", at=9)
    stage.push("3", channel="desk", at=10)
    stage.work()
    assert survey(stage).score is None
    assert len(stage.rows(Message, Message.conversation_id == 2, Message.direction == "in")) == 2


def test_a_digit_is_no_answer_the_next_day(stage: Stage, anna: Person) -> None:
    served(stage, anna)
    with stage.inside():
        db.session.execute(update(Survey).values(asked_at=now() - timedelta(hours=13)))
    stage.push("3", channel="desk", at=10)
    stage.work()
    assert survey(stage).score is None


def test_one_answer_is_taken(stage: Stage, anna: Person) -> None:
    served(stage, anna)
    for at, digit in enumerate(("5", "1"), 9):
        stage.push(digit, channel="desk", at=at)
        stage.work()
    assert survey(stage).score == 5
    assert [row.status for row in stage.rows(Conversation)] == ["resolved", "waiting"]


def test_nobody_answers_for_somebody_else(stage: Stage, anna: Person, wechat: WeChat) -> None:
    served(stage, anna, "service")
    choice = wechat.sent[-1]["msgmenu"]["list"][4]["id"]
    stage.push("非常不满意", channel="service", sender="mallory", bizmsgmenuid=choice)
    stage.push("1", channel="desk", sender="mallory")
    stage.work()
    assert survey(stage).score is None


def test_supervisors_hear_of_a_low_score(stage: Stage, anna: Person) -> None:
    eve = stage.agent("Eve", "supervisor")
    served(stage, anna)
    stage.push("2", channel="desk", at=9)
    stage.work()
    row = stage.row(Notification, Notification.kind == "csat")
    assert (row.agent_id, row.payload) == (eve.id, {"score": 2, "scale": "stars"})


def test_without_rules_no_digit_asks_the_database(stage: Stage, anna: Person, rules: Callable[..., None]) -> None:
    rules(None)
    stage.push("5", channel="desk")
    stage.work()
    assert [row.status for row in stage.rows(Conversation)] == ["waiting"]


def test_what_they_said_of_it_is_erased_with_them(stage: Stage, anna: Person) -> None:
    eve = stage.agent("Eve", "admin")
    served(stage, anna)
    with stage.inside():
        row = db.session.get_one(Survey, 1)
        asking.record(row, 1, "我是王小明，太慢了", thank=False)
    eve.post("/contacts/1/erase", {"what": ["everything"]})
    assert survey(stage).comment == ""
    assert stage.conversation().csat == {"score": 1, "scale": "stars", "comment": ""}
    assert "王小明" not in str([row.payload for row in stage.rows(Message)])
    assert stage.rows(AuditEntry, AuditEntry.action == "erase")


# the page


@pytest.fixture
def address(stage: Stage, anna: Person, wechat: WeChat) -> str:
    served(stage, anna)
    [path] = re.findall(r"http://hub\.test(/s/\S+)", wechat.texts[-1])
    return str(path)


def test_the_page_takes_one_answer_that_can_be_changed_for_an_hour(stage: Stage, anna: Person, address: str) -> None:
    client = stage.app.test_client()
    shown = client.get(address)
    assert (shown.status_code, "这次服务您还满意吗？" in shown.text, "<script" in shown.text) == (200, True, False)
    for form, score in (({"score": "4", "comment": "很快"}, 4), ({"score": "5", "comment": ""}, 5)):
        posted = client.post(address, data=form)
        assert (posted.status_code, posted.headers["Location"]) == (303, address)
        assert (survey(stage).score, survey(stage).comment) == (score, form["comment"])
    assert "您的评价：非常满意" in client.get(address).text
    with stage.inside():
        db.session.execute(update(Survey).values(answered_at=now() - timedelta(minutes=61)))
    assert client.post(address, data={"score": "1"}).status_code == 409
    assert (survey(stage).score, "<form" in client.get(address).text) == (5, False)
    assert anna.get("/conversations/1")["csat"]["score"] == 5


@pytest.mark.parametrize("score", ["", "6", "-1", "0", "x", "５", "99999999999999999999"])
def test_what_is_no_score_is_refused(stage: Stage, address: str, score: str) -> None:
    refused = stage.app.test_client().post(address, data={"score": score})
    assert (refused.status_code, "请先选择一项" in refused.text) == (422, True)
    assert survey(stage).score is None


def test_the_page_speaks_both_languages(stage: Stage, address: str) -> None:
    shown = stage.app.test_client().get(address, query_string={"lang": "en"})
    assert '<html lang="en">' in shown.text
    assert "How did we do?" in shown.text


def test_nobody_guesses_an_address(stage: Stage, address: str) -> None:
    client = stage.app.test_client()
    for other in (
        "/s/1",
        "/s/x.y",
        address[:-1] + ("A" if address[-1] != "A" else "B"),
        address.replace("/s/1.", "/s/2."),
    ):
        gone = client.get(other)
        assert (gone.status_code, "这个链接已失效" in gone.text) == (404, True)
        assert client.post(other, data={"score": "5"}).status_code == 404
    with stage.inside():
        db.session.execute(update(Survey).values(asked_at=now() - timedelta(days=15)))
    assert client.get(address).status_code == 404


def test_the_page_is_hardened(stage: Stage, address: str) -> None:
    headers = stage.app.test_client().get(address).headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'nonce-")
    assert "script" not in headers["Content-Security-Policy"]
    assert (headers["Cache-Control"], headers["Referrer-Policy"], headers["X-Frame-Options"]) == (
        "no-store",
        "no-referrer",
        "DENY",
    )


def test_a_machine_that_posts_is_slowed_down(stage: Stage, address: str) -> None:
    client = stage.app.test_client()
    codes = [client.post(address, data={"score": "5"}).status_code for _ in range(ANSWERS_A_MINUTE + 1)]
    assert (codes[-2], codes[-1]) == (303, 429)


def test_a_comment_is_text(stage: Stage, address: str) -> None:
    client = stage.app.test_client()
    client.post(address, data={"score": "5", "comment": "<b>好</b>" + "x" * 2000})
    assert len(survey(stage).comment) == 1000
    assert "&lt;b&gt;好" in client.get(address).text


def test_a_channel_from_outside_is_asked_by_digits(stage: Stage, anna: Person) -> None:
    stage.page(written("Hello"))
    stage.work()
    anna.post("/conversations/1/messages", {"text": "Hi"}, 201)
    anna.post("/conversations/1/resolve")
    stage.work()
    assert survey(stage).way == "digits"
    assert "http://hub.test/s/" in Pager.sent[-1].text
