"""What the hub does for channels of text messages: templates, caps, opt-outs, receipts by our own id, polls, files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from channels.contract import (
    Address,
    Cap,
    Event,
    File,
    OutboundMessage,
    PolledChannel,
    Presence,
    Receipt,
    Template,
    TemplateForm,
)
from channels.errors import Misconfigured, OptedOut, Uncertain, Unreachable
from hub import files, publishing
from hub.db import now
from hub.models import Arrival, Delivery, Message, Poll
from hub.services import polls
from tests.pager import Pager
from tests.stage import NOON, Person, Stage, states, written

SHIPPED = TemplateForm("您的订单${order}已发货。", ("order",))


@pytest.fixture
def anna(stage: Stage) -> Person:
    return stage.agent("Anna")


@pytest.fixture
def customer(stage: Stage, anna: Person) -> str:
    stage.page(written("你好"))
    stage.work()
    return "/conversations/1/messages"


@pytest.fixture
def can(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the pager can do in this test."""

    def change(**abilities: Any) -> None:
        monkeypatch.setattr(Pager, "capabilities", replace(Pager.capabilities, **abilities))

    return change


# templates


def test_an_approved_text_is_sent_with_its_fields(anna: Person, customer: str, can: Any, stage: Stage) -> None:
    can(free_text=False, templates={"shipped": SHIPPED})
    message = anna.post(customer, {"template": {"name": "shipped", "fields": {"order": "88"}}}, 201)
    stage.work()
    assert (message["text"], message["payload"]["template"]) == ("您的订单88已发货。", {"name": "shipped"})
    assert Pager.sent[-1].template == Template("shipped", {"order": "88"})


@pytest.mark.parametrize(
    ("body", "code", "status"),
    [
        ({"text": "随便说说"}, "template_only", 409),
        ({"template": {"name": "shipped", "fields": {}}}, "template_fields", 422),
        ({"template": {"name": "shipped", "fields": {"order": "1", "colour": "red"}}}, "template_fields", 422),
        ({"template": {"name": "unknown", "fields": {}}}, "no_template", 422),
    ],
)
def test_what_a_channel_of_templates_refuses(
    anna: Person, customer: str, can: Any, body: dict[str, Any], code: str, status: int
) -> None:
    can(free_text=False, templates={"shipped": SHIPPED})
    assert anna.post(customer, body, status)["code"] == code


def test_templates_where_there_are_none(anna: Person, customer: str) -> None:
    assert anna.post(customer, {"template": {"name": "shipped", "fields": {}}}, 422)["code"] == "no_template"


def test_inboxes_know_the_templates(anna: Person, can: Any) -> None:
    can(free_text=False, segments=True, templates={"shipped": SHIPPED})
    [pager] = [each for each in anna.get("/channels")["items"] if each["name"] == "pager"]
    assert (pager["free_text"], pager["segments"]) == (False, True)
    assert pager["templates"] == [{"name": "shipped", "text": SHIPPED.text, "fields": ["order"]}]


# how many


def test_one_person_gets_so_many_and_no_more(anna: Person, customer: str, can: Any, stage: Stage) -> None:
    can(cap=Cap(2, timedelta(hours=1)))
    for text in ("一", "二"):
        anna.post(customer, {"text": text}, 201)
    refused = anna.post(customer, {"text": "三"}, 429)
    assert refused["code"] == "too_many" and 3590 < int(refused["after"]) <= 3600
    stage.work()
    assert [message.text for message in Pager.sent] == ["一", "二"]


def test_a_message_longer_than_the_cap_never_goes(anna: Person, customer: str, can: Any) -> None:
    can(cap=Cap(2, timedelta(hours=1)), text_bytes=10)
    assert anna.post(customer, {"text": "这句话要拆成许多条短信才能发出去"}, 429)["code"] == "too_many"


# who wants none


def opted(state: Any, number: int) -> Presence:
    return Presence(key=f"p{number}", sender=Address("pager", "bo"), sent_at=NOON, state=state)


def test_who_opted_out_gets_nothing_until_they_opt_in(anna: Person, customer: str, stage: Stage) -> None:
    stage.page(written("退订", number=2), opted("opted_out", 1))
    stage.work()
    assert anna.post(customer, {"text": "为什么"}, 409)["code"] == "opted_out"
    assert anna.get("/conversations/1")["reply"]["reason"] == "opted_out"
    stage.page(written("我有个问题", number=3))  # a question is no subscription
    stage.work()
    assert anna.post(customer, {"text": "请讲"}, 409)["code"] == "opted_out"
    stage.page(opted("opted_in", 2))
    stage.work()
    anna.post(customer, {"text": "欢迎回来"}, 201)
    told = [name for who, name in stage.thread() if who == "system"]
    assert [name for name in told if name.startswith("opted")] == ["opted_out", "opted_in"]


def test_a_send_that_is_refused_for_it_tells_as_well(anna: Person, customer: str, stage: Stage) -> None:
    Pager.answers.append(OptedOut("unsubscribed"))
    anna.post(customer, {"text": "在吗"}, 201)
    stage.work()
    stage.page(written("我有个问题", number=3))
    stage.work()
    assert anna.post(customer, {"text": "请讲"}, 409)["code"] == "opted_out"


# receipts


def receipt(status: Any, uid: Any, number: int = 1, provider_id: str = "SM1", reason: str = "") -> Receipt:
    key = f"{provider_id}:{status}:{number}"
    return Receipt(key=key, sent_at=NOON, provider_id=provider_id, message=uid, status=status, reason=reason)


def uncertain(stage: Stage, anna: Person, customer: str) -> Delivery:
    Pager.answers.append(Uncertain("no answer"))
    anna.post(customer, {"text": "到了吗"}, 201)
    stage.work()
    return stage.row(Delivery, Delivery.text == "到了吗")


@pytest.mark.parametrize("status", ["sent", "delivered", "failed"])
def test_any_receipt_proves_that_it_was_sent(anna: Person, customer: str, stage: Stage, status: str) -> None:
    delivery = uncertain(stage, anna, customer)
    assert delivery.state == "uncertain"
    stage.page(receipt(status, delivery.uid))
    stage.work()
    after = stage.row(Delivery, Delivery.id == delivery.id)
    assert (after.state, after.provider_id) == ("failed" if status == "failed" else "done", "SM1")
    assert [message.text for message in Pager.sent] == []  # never a second time


def test_a_receipt_that_is_faster_than_the_answer(anna: Person, customer: str, stage: Stage) -> None:
    def slow(message: OutboundMessage) -> None:
        stage.page(receipt("delivered", message.id))
        assert stage.do("arrival") == 1
        raise Uncertain("no answer")

    Pager.answers.append(slow)
    anna.post(customer, {"text": "到了吗"}, 201)
    stage.work()
    delivery = stage.row(Delivery, Delivery.text == "到了吗")
    assert (delivery.state, delivery.receipt, delivery.provider_id) == ("done", "delivered", "SM1")


def test_a_receipt_keeps_us_from_trying_again(anna: Person, customer: str, stage: Stage) -> None:
    Pager.answers.append(Unreachable("no"))
    anna.post(customer, {"text": "到了吗"}, 201)
    stage.work()
    delivery = stage.row(Delivery, Delivery.text == "到了吗")
    assert delivery.state == "pending"
    stage.page(receipt("sent", delivery.uid))
    stage.do("arrival")
    stage.make_due()
    stage.work()
    assert Pager.sent == []


def test_a_phone_that_was_off_gets_it_once_more(anna: Person, customer: str, stage: Stage) -> None:
    anna.post(customer, {"text": "到了"}, 201)
    stage.work()
    for number in (1, 2):
        off = receipt("failed", None, number, provider_id=f"page-{number}", reason="the phone is off")
        stage.page(replace(off, again=timedelta(minutes=10)))
        stage.work()
        delivery = stage.row(Delivery, Delivery.text == "到了")
        if number == 1:
            assert (delivery.state, delivery.error) == ("pending", "the phone is off")
            assert delivery.due_at > now() + timedelta(minutes=9)
            stage.make_due(Delivery)
            stage.work()
    assert (delivery.state, [message.text for message in Pager.sent]) == ("failed", ["到了", "到了"])


def test_receipts_of_others_change_nothing(anna: Person, customer: str, stage: Stage) -> None:
    delivery = uncertain(stage, anna, customer)
    stage.page(receipt("sent", None, provider_id="SM9"))
    for _ in range(4):
        stage.make_due(Arrival)
        stage.work()
    assert stage.row(Delivery, Delivery.id == delivery.id).state == "uncertain"
    assert states(stage.rows(Arrival)) == ["done"] * 2


def test_a_failed_one_can_be_sent_again(anna: Person, customer: str, stage: Stage) -> None:
    message = anna.post(customer, {"text": "再来"}, 201)
    stage.work()
    stage.page(receipt("failed", None, provider_id="page-1", reason="off"))
    stage.work()
    anna.post(f"/messages/{message['id']}/resend", status=200)
    stage.work()
    delivery = stage.row(Delivery, Delivery.text == "再来")
    assert (delivery.state, delivery.provider_id, delivery.error) == ("done", "page-2", "")


# polls


class Polled(Pager, PolledChannel):
    """A pager whose pushes may be lost."""

    found: list[Event] | Exception = []

    def poll(self) -> Iterator[Event]:
        if isinstance(self.found, Exception):
            raise self.found
        yield from self.found


@pytest.fixture
def polled(stage: Stage) -> Polled:
    channels = stage.app.extensions["channels"]
    pager = channels["pager"]
    channel = channels["pager"] = Polled("pager", pager.settings, http=pager.http, cache=pager.cache)
    channel.found = []
    return channel


def sweep(stage: Stage) -> None:
    with stage.inside():
        polls.begin()
    stage.make_due(Poll)
    stage.work()


def test_what_was_never_pushed_is_found_once(stage: Stage, anna: Person, polled: Polled) -> None:
    stage.page(written("一", number=1))
    polled.found = [written("一", number=1), written("二", number=2)]
    for _ in range(2):
        sweep(stage)
    assert [row.text for row in stage.rows(Message, Message.direction == "in")] == ["一", "二"]
    job = stage.row(Poll)
    assert (job.state, job.error, job.attempts) == ("pending", "", 0)
    assert timedelta(minutes=9) < job.due_at - job.claimed_at <= timedelta(minutes=11)  # type: ignore[operator]


def test_a_poll_that_fails_says_so_until_it_goes_well(stage: Stage, polled: Polled) -> None:
    boss = stage.agent("Boss", "supervisor")
    polled.found = Unreachable("no connection")
    sweep(stage)
    [job] = [each for each in boss.get("/jobs")["items"] if each["kind"] == "poll"]
    assert (job["state"], job["error"]) == ("pending", "no connection")
    polled.found = []
    sweep(stage)
    assert stage.row(Poll).error == ""


def test_a_poll_with_wrong_credentials_pauses_the_channel(stage: Stage, anna: Person, polled: Polled) -> None:
    polled.found = Misconfigured("wrong key")
    sweep(stage)
    [pager] = [each for each in anna.get("/channels")["items"] if each["name"] == "pager"]
    assert (pager["state"], pager["reason"]) == ("paused", "wrong key")


# files that providers fetch


def test_a_file_has_an_address_for_a_day(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    client, pager = stage.app.test_client(), stage.app.extensions["channels"]["pager"]
    with stage.inside():
        files.keep(b"\x89PNG content")
    url = pager.publish(File("a.png", "image/png", b"\x89PNG content"))
    assert url.startswith("http://hub.test/files/")
    with client.get(url.removeprefix("http://hub.test")) as answer:
        assert (answer.status_code, answer.data, answer.mimetype) == (200, b"\x89PNG content", "image/png")
        assert "sandbox" in answer.headers["Content-Security-Policy"]
    changed = url[:-2] + ("AA" if not url.endswith("AA") else "BB")
    assert client.get(changed.removeprefix("http://hub.test")).status_code == 404
    monkeypatch.setattr(publishing, "LIVES", -1)
    assert client.get(url.removeprefix("http://hub.test")).status_code == 404


# what is kept of a push


def test_secrets_in_the_address_of_a_push_are_not_kept(stage: Stage) -> None:
    channel = stage.app.extensions["channels"]["pager"]
    channel.http._secrets.append("token-of-the-provider")
    try:
        stage.app.test_client().post("/hooks/pager?secret=token-of-the-provider", headers={"X-Signature": "signed"})
    finally:
        channel.http._secrets.remove("token-of-the-provider")
    request = stage.row(Arrival).request
    assert request["query"] == {"secret": "***"} and request["url"] == "http://hub.test/hooks/pager?secret=***"


def test_the_address_is_the_public_one_letter_by_letter(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(Pager, "verify", lambda self, request: seen.append(request))
    stage.app.test_client().post(
        "/hooks/pager?a=%E4%BD%A0%7E&b=1+2",
        headers={"Host": "evil.test", "X-Forwarded-Host": "evil.test", "X-Forwarded-Proto": "ftp"},
        environ_base={"REMOTE_ADDR": "203.0.113.9"},
    )
    assert seen[0].url == "http://hub.test/hooks/pager?a=%E4%BD%A0%7E&b=1+2"
    assert seen[0].peer == "203.0.113.9"
