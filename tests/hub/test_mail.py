"""Mail in the hub: whose conversation it is, what of it wakes somebody, and what goes back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import update

from channels.email.channel import Email
from channels.email.sent import Sent
from channels.email.smtp import Envelope, Smtp
from channels.errors import Gone, Postponed, Refused, SendError, Uncertain, Unreachable
from hub import current, files
from hub.db import db, now
from hub.models import (
    Arrival,
    Attachment,
    Conversation,
    Delivery,
    Identity,
    Message,
    MessageReference,
    Reconciliation,
)
from hub.services import arrivals, threaded
from tests.pager import Pager
from tests.stage import PNG, Person, Stage, at_once, written

LI, WANG = "li@customer.test", "wang@customer.test"


@pytest.fixture
def outbox(monkeypatch: pytest.MonkeyPatch) -> Outbox:
    box = Outbox()
    monkeypatch.setattr(Smtp, "deliver", box.deliver)
    return box


class Outbox:
    """The mail server that takes what we send, or gives the next of `answers`."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.answers: list[SendError] = []
        self.refused: dict[str, SendError] = {}

    def deliver(self, envelope: Envelope) -> dict[str, SendError]:
        if self.answers:
            raise self.answers.pop(0)
        self.envelopes.append(envelope)
        return self.refused

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(each.raw, policy=policy.default) for each in self.envelopes]  # type: ignore[misc]

    @property
    def texts(self) -> list[str]:
        return [str(mail.get_body(("plain",)).get_content()) for mail in self.mails]  # type: ignore[union-attr]


def mail(text: str = "在吗", sender: str = LI, **headers: str) -> bytes:
    made = EmailMessage(policy=policy.SMTP.clone(max_line_length=998))
    usual = {"To": "support@shop.test", "Subject": "询价", "Message-ID": make_msgid(domain="customer.test")}
    for name, value in {"From": sender, "Date": formatdate(), **usual, **headers}.items():
        if value:
            made[name.replace("_", "-")] = value
    made.set_content(text)
    return made.as_bytes()


def identifier(raw: bytes) -> str:
    return str(message_from_bytes(raw, policy=policy.default)["Message-ID"])


def take(stage: Stage, *raws: bytes, channel: str = "mail") -> None:
    for raw in raws:
        stage.mail(raw, channel)
    stage.work()


def answer(stage: Stage, agent: Person, text: str = "一百元", conversation: int = 1, **more: Any) -> Any:
    said = agent.post(f"/conversations/{conversation}/messages", {"text": text, **more}, 201)
    stage.work()
    return said


def told(stage: Stage) -> list[list[str]]:
    """What customers wrote, by conversation."""
    rows = stage.rows(Message, Message.direction == "in")
    by = {row.id: [] for row in stage.rows(Conversation)}
    for row in rows:
        by[row.conversation_id].append(row.text)
    return list(by.values())


# which conversation


def test_a_mail_is_a_conversation_and_what_answers_it_belongs_there(stage: Stage, outbox: Outbox) -> None:
    first = mail("多少钱")
    take(stage, first, mail("another matter"))
    take(stage, mail("快点", In_Reply_To=identifier(first), References=identifier(first)))
    assert told(stage) == [["多少钱", "快点"], ["another matter"]]
    [conversation, _] = stage.rows(Conversation)
    assert conversation.subject == "询价"


def test_who_answers_our_answer_is_in_the_conversation_whatever_is_left_of_the_headers(
    stage: Stage, outbox: Outbox
) -> None:
    anna = stage.agent()
    take(stage, mail("转人工"))
    answer(stage, anna)
    sent = outbox.mails[-1]
    take(stage, mail("by reference", In_Reply_To=sent["Message-ID"]))
    take(stage, mail("by the address", To=sent["Reply-To"], Subject="other"))
    take(stage, mail("by the number", Subject="Re: 询价 [#1]"))
    assert told(stage) == [["转人工", "by reference", "by the address", "by the number"]]


def test_a_number_is_believed_of_those_who_take_part(stage: Stage, outbox: Outbox) -> None:
    take(stage, mail("转人工", Cc=WANG))
    take(stage, mail("copied", sender=WANG, Subject="[#1]"), mail("stranger", sender="eve@x.test", Subject="[#1]"))
    take(stage, mail("forged", Subject="[#1]", Authentication_Results="mx.test; dmarc=fail"))
    assert told(stage) == [["转人工", "copied"], ["stranger"], ["forged"]]


def test_a_subject_alone_joins_nothing(stage: Stage) -> None:
    take(stage, mail("one", Subject="Re: 询价"), mail("two", Subject="Re: 询价"))
    assert told(stage) == [["one"], ["two"]]


def test_a_mail_known_only_from_what_others_refer_to_is_found(stage: Stage) -> None:
    """Two answers to a mail that never came to us."""
    take(stage, mail("b", In_Reply_To="<root@x.test>", References="<first@x.test> <root@x.test>"))
    take(stage, mail("c", sender=WANG, In_Reply_To="<root@x.test>"))
    assert told(stage) == [["b", "c"]]


def test_a_mail_to_two_of_our_addresses_is_one_message(stage: Stage) -> None:
    raw = mail("转人工", To="support@shop.test, sales@shop.test")
    take(stage, raw, channel="mail")
    take(stage, b"Delivered-To: sales@shop.test\r\n" + raw, channel="sales")
    assert told(stage) == [["转人工"]]


def test_two_mails_with_one_identifier_are_two(stage: Stage) -> None:
    one, two = (mail(text).replace(b"Message-ID: <", b"X: <") for text in ("one", "two"))
    take(stage, *(b"Message-ID: <same@x.test>\r\n" + raw for raw in (one, two)))
    assert [text for texts in told(stage) for text in texts] == ["one", "two"]


def test_who_else_writes_in_a_thread_does_not_become_its_customer(stage: Stage, outbox: Outbox) -> None:
    anna = stage.agent()
    first = mail("转人工", sender=f"Li <{LI}>", Cc=WANG)
    take(stage, first)
    take(stage, mail("me too", sender=f"王 <{WANG}>", In_Reply_To=identifier(first), Cc=LI))
    detail = anna.get("/conversations/1")
    assert detail["contact"]["name"] == "Li"
    assert detail["participants"] == [
        {"address": LI, "name": "Li", "kind": "customer"},
        {"address": WANG, "name": "王", "kind": "wrote"},
    ]
    authors = [each["author"]["name"] for each in anna.get("/conversations/1/messages")["items"] if each["text"]]
    assert authors[0] == "Li" and authors[-1] == "王"
    assert (detail["reply"]["to"], detail["reply"]["cc"]) == (LI, [WANG])


def test_two_people_of_one_thread_at_once_open_one_conversation(stage: Stage) -> None:
    first = mail("转人工", Cc=WANG)
    stage.mail(first)
    stage.mail(mail("me too", sender=WANG, In_Reply_To=identifier(first)))
    at_once(*[lambda: stage.do("arrival")] * 2)
    stage.work()
    assert [sorted(texts) for texts in told(stage)] == [["me too", "转人工"]]


def test_an_answer_to_what_is_resolved_brings_it_back_and_a_late_one_begins_anew(stage: Stage, outbox: Outbox) -> None:
    anna = stage.agent()
    first = mail("转人工")
    take(stage, first)
    anna.post("/conversations/1/claim")
    anna.post("/conversations/1/resolve")
    take(stage, mail("thanks", In_Reply_To=identifier(first)))
    assert stage.conversation().status == "open"
    anna.post("/conversations/1/resolve")
    with stage.inside():
        db.session.execute(update(Conversation).values(last_activity_at=now() - timedelta(days=31)))
    take(stage, mail("one more thing", In_Reply_To=identifier(first)))
    assert told(stage) == [["转人工", "thanks"], ["one more thing"]]
    assert [row.status for row in stage.rows(Conversation)] == ["resolved", "bot"]


# machines


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Auto_Submitted": "auto-replied"}, "resolved"),
        ({"X_Spam_Flag": "YES"}, "resolved"),
        ({"From": "support@shop.test"}, "resolved"),
        ({"X_Yizhan": "somebody else's"}, "resolved"),
        ({"List_Id": "<news.x.test>"}, "waiting"),
        ({"From": "no-reply@x.test"}, "waiting"),
        ({"Return_Path": "<>"}, "waiting"),
        ({}, "bot"),
    ],
    ids=str,
)
def test_machines_are_kept_and_not_answered(stage: Stage, outbox: Outbox, headers: dict[str, str], status: str) -> None:
    raw = mail("怎么退款", **{name: value for name, value in headers.items() if name != "From"})
    take(stage, raw.replace(LI.encode(), headers.get("From", LI).encode(), 1))
    assert (stage.conversation().status, len(outbox.mails)) == (status, status == "bot")
    assert told(stage) == [["怎么退款"]]


def test_an_automatic_answer_brings_nothing_back(stage: Stage, outbox: Outbox) -> None:
    anna = stage.agent()
    take(stage, mail("转人工"))
    answer(stage, anna)
    anna.post("/conversations/1/resolve")
    away = mail("我在休假", In_Reply_To=outbox.mails[-1]["Message-ID"], Auto_Submitted="auto-replied")
    take(stage, away)
    row = stage.conversation()
    assert (row.status, row.unread) == ("resolved", 0)
    assert stage.thread(1)[-1] == ("contact", "我在休假")


def test_two_machines_that_answer_each_other_stop(stage: Stage, outbox: Outbox) -> None:
    for _ in range(threaded.AUTOMATIC + 3):
        take(stage, mail("怎么退款"))
    assert len(outbox.mails) == threaded.AUTOMATIC
    assert [row.status for row in stage.rows(Conversation)][-3:] == ["waiting"] * 3
    assert {mail["Auto-Submitted"] for mail in outbox.mails} == {"auto-replied"}


def test_a_flood_is_kept_together_and_not_answered(stage: Stage, outbox: Outbox) -> None:
    for number in range(threaded.FLOOD + 10):
        stage.mail(mail(f"转人工 {number}"))
    stage.work()
    assert len(stage.rows(Conversation)) == threaded.FLOOD
    assert len(stage.rows(Message, Message.direction == "in")) == threaded.FLOOD + 10


# what comes back of what we sent


def bounce(original: str, recipient: str = LI, status: str = "5.1.1") -> bytes:
    return f"""From: MAILER-DAEMON@mx.test
To: support@shop.test
Subject: Undelivered Mail Returned to Sender
Message-ID: {make_msgid()}
Return-Path: <>
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b

It did not work.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.test

Final-Recipient: rfc822; {recipient}
Action: failed
Status: {status}
--b
Content-Type: text/rfc822-headers

Message-ID: {original}
--b--
""".replace("\n", "\r\n").encode()


def test_a_returned_mail_fails_under_the_message_and_marks_the_address(stage: Stage, outbox: Outbox) -> None:
    anna = stage.agent()
    take(stage, mail("转人工"))
    said = answer(stage, anna)
    take(stage, bounce(outbox.mails[-1]["Message-ID"]))
    [shown] = [each for each in anna.get("/conversations/1/messages")["items"] if each["id"] == said["id"]]
    assert shown["delivery"]["state"] == "failed"
    assert LI in shown["delivery"]["error"]["reason"]
    assert stage.row(Identity, Identity.value == LI).reachable is False
    anna.post("/conversations/1/messages", {"text": "again"}, 409)
    assert len(stage.rows(Conversation)) == 1
    take(stage, mail("I am here", In_Reply_To=outbox.mails[-1]["Message-ID"]))
    assert stage.row(Identity, Identity.value == LI).reachable is True


def test_a_copy_that_comes_back_has_not_failed_the_customer(stage: Stage, outbox: Outbox) -> None:
    anna = stage.agent()
    take(stage, mail("转人工", Cc=WANG))
    outbox.refused = {WANG: Refused("no such mailbox")}
    said = answer(stage, anna)
    [shown] = [each for each in anna.get("/conversations/1/messages")["items"] if each["id"] == said["id"]]
    assert (shown["delivery"]["state"], shown["payload"]["refused"]) == ("sent", {WANG: "no such mailbox"})
    take(stage, bounce(outbox.mails[-1]["Message-ID"], recipient="zhao@customer.test"))
    [shown] = [each for each in anna.get("/conversations/1/messages")["items"] if each["id"] == said["id"]]
    assert shown["delivery"]["state"] == "sent"
    assert set(shown["payload"]["refused"]) == {WANG, "zhao@customer.test"}


def test_a_forged_return_is_a_mail_like_any_other(stage: Stage, outbox: Outbox) -> None:
    anna = stage.agent()
    take(stage, mail("转人工"))
    answer(stage, anna)
    take(stage, bounce("<never-sent@shop.test>"))
    assert stage.row(Delivery, Delivery.message.has(Message.author_kind == "agent")).state == "done"
    assert stage.row(Identity, Identity.value == LI).reachable is True


# what goes out


def test_an_answer_is_a_mail_to_all_that_threads(stage: Stage, outbox: Outbox) -> None:
    anna = stage.agent()
    first = mail("转人工", Cc=f"{WANG}, Support+x@shop.test, sales@shop.test", References="<older@x.test>")
    take(stage, first)
    uploaded = anna.upload("茶.png", PNG)
    answer(stage, anna, "**一百元**", attachments=[uploaded["id"]])
    sent, envelope = outbox.mails[-1], outbox.envelopes[-1]
    assert (envelope.to, list(envelope.copies)) == (LI, [WANG])
    assert (sent["Subject"], sent["In-Reply-To"], sent["Auto-Submitted"]) == ("Re: 询价", identifier(first), None)
    assert sent["References"].split() == ["<older@x.test>", identifier(first)]
    assert str(sent["Reply-To"]).startswith("The Shop <support+")
    body = sent.get_body(("plain",))
    assert body and "> 转人工" in body.get_content() and "-- \nThe Shop" in body.get_content()
    assert [part.get_filename() for part in sent.iter_attachments()] == ["茶.png"]
    assert len([row for row in stage.rows(Delivery) if row.state == "done"]) == len(outbox.mails)


def test_the_agent_may_choose_subject_and_copies(stage: Stage, outbox: Outbox) -> None:
    anna = stage.agent()
    take(stage, mail("转人工", Cc=WANG))
    said = answer(stage, anna, subject="报价", cc=[], bcc=["boss@shop.test"])
    assert said["payload"] == {"subject": "报价", "cc": [], "bcc": ["boss@shop.test"]}
    assert (outbox.mails[-1]["Subject"], outbox.mails[-1]["Bcc"]) == ("Re: 报价", None)
    assert list(outbox.envelopes[-1].copies) == ["boss@shop.test"]
    refused = anna.post("/conversations/1/messages", {"text": "x", "cc": ["nobody"]}, 422)
    assert (refused["code"], refused["address"]) == ("bad_address", "nobody")
    assert anna.get("/conversations/1")["subject"] == "报价"


def test_the_team_signs(stage: Stage, outbox: Outbox) -> None:
    anna = stage.agent(role="supervisor")
    take(stage, mail("转人工"))
    anna.post("/conversations/1/handover", {"to": "people", "team": "returns"})
    answer(stage, anna)
    assert "-- \nReturns" in outbox.texts[-1]


def test_a_bot_answers_who_asked_without_copies(stage: Stage, outbox: Outbox) -> None:
    take(stage, mail("怎么退款", Cc=WANG))
    assert (list(outbox.envelopes[-1].copies), outbox.mails[-1]["Auto-Submitted"]) == ([], "auto-replied")
    assert "七天内可以退款。" in outbox.texts[-1]


def test_what_somebody_else_in_the_thread_asks_is_for_people(stage: Stage, outbox: Outbox) -> None:
    first = mail("怎么退款", Cc=WANG)
    take(stage, first)
    take(stage, mail("怎么退款", sender=WANG, In_Reply_To=identifier(first)))
    assert [envelope.to for envelope in outbox.envelopes] == [LI]
    assert stage.conversation().status == "waiting"


def test_what_only_looks_automatic_is_shown_and_left_to_people(stage: Stage, outbox: Outbox) -> None:
    take(stage, mail("已收到您的邮件，退款还没到账"))
    row = stage.conversation()
    assert (row.status, row.unread, outbox.mails) == ("waiting", 1, [])
    assert stage.row(Message, Message.direction == "in").payload["auto_reply"] is False


def test_old_mail_is_answered_by_no_machine(stage: Stage, outbox: Outbox) -> None:
    take(stage, mail("怎么退款", Date="Wed, 01 Jan 2020 12:00:00 +0000"))
    assert (stage.conversation().status, outbox.mails) == ("waiting", [])


def test_a_mail_somebody_is_still_trying_to_deliver_has_not_failed(stage: Stage, outbox: Outbox) -> None:
    anna = stage.agent()
    take(stage, mail("转人工"))
    said = answer(stage, anna)
    take(stage, bounce(outbox.mails[-1]["Message-ID"], status="4.4.1").replace(b"Action: failed", b"Action: delayed"))
    assert len(stage.rows(Conversation)) == 1
    delivery = stage.row(Delivery, Delivery.message_id == said["id"])
    assert (delivery.state, LI in delivery.error) == ("done", True)


def test_what_the_mailboxs_own_pace_postpones_costs_no_try(stage: Stage, outbox: Outbox) -> None:
    anna = stage.agent()
    take(stage, mail("转人工"))
    outbox.answers = [Postponed("the rate is used up") for _ in range(20)]
    said = answer(stage, anna)
    for _ in range(20):
        stage.make_due(Delivery)
        stage.work()
    delivery = stage.row(Delivery, Delivery.message_id == said["id"])
    assert (delivery.state, delivery.attempts) == ("done", 1)


def test_a_mail_server_that_is_away_is_tried_for_hours(stage: Stage, outbox: Outbox) -> None:
    anna = stage.agent()
    take(stage, mail("转人工"))
    outbox.answers = [Unreachable("away") for _ in range(5)]
    said = answer(stage, anna)
    waits = []
    for _ in range(5):
        delivery = stage.row(Delivery, Delivery.message_id == said["id"])
        waits.append(round((delivery.due_at - now()).total_seconds() / 60))
        stage.make_due(Delivery)
        stage.work()
    assert waits == [1, 5, 15, 60, 240]
    assert stage.row(Delivery, Delivery.message_id == said["id"]).state == "done"


def test_a_contact_forms_mail_is_from_who_filled_it_in(stage: Stage, outbox: Outbox) -> None:
    with stage.inside():
        channel = current.channels()["mail"]
        settings = channel.settings.model_copy(update={"forms": ["form@shop.test"]})
        channel.settings = settings
    take(stage, mail("转人工", sender="form@shop.test", Reply_To=f"Li <{LI}>"))
    assert [row.value for row in stage.rows(Identity)] == [LI]


def test_a_chats_answer_that_takes_the_way_around_by_mail_is_one_whole_mail(
    stage: Stage, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider refuses one part of it when it is sent."""
    anna = stage.agent()
    take(stage, mail("hello from mail"))
    stage.page(written("转人工"))
    stage.work()
    chat = stage.row(Conversation, Conversation.thread == "")
    pager, mailed = (stage.row(Identity, Identity.scheme == scheme).contact_id for scheme in ("pager", "email"))
    anna.post(f"/contacts/{pager}/merge", {"contact": mailed})
    channels = stage.app.extensions["settings"].channels
    file = channels["pager"].file.model_copy(update={"fallback": ["mail"]})
    monkeypatch.setitem(channels, "pager", replace(channels["pager"], file=file))
    Pager.answers.append(Gone("left"))
    said = answer(stage, anna, "一百元", conversation=chat.id)
    [sent] = [each for each in outbox.mails if "一百元" in each.get_body(("plain",)).get_content()]  # type: ignore[union-attr]
    assert (sent["Subject"], sent["To"]) == ("客服回复", LI)
    [shown] = [each for each in anna.get(f"/conversations/{chat.id}/messages")["items"] if each["id"] == said["id"]]
    assert (shown["delivery"]["state"], shown["payload"]["fallback"]["channel"]) == ("sent", "mail")


def test_an_agent_may_write_first(stage: Stage, outbox: Outbox) -> None:
    anna = stage.agent()
    body = {"channel": "mail", "to": "New@Customer.test", "name": "新客", "subject": "您好", "text": "有货了"}
    detail = anna.post("/conversations", body, 201, Idempotency_Key="k1")
    assert anna.post("/conversations", body, 200, Idempotency_Key="k1")["id"] == detail["id"]
    stage.work()
    assert (detail["status"], detail["assignee"]["name"], detail["subject"]) == ("open", "Anna", "您好")
    assert (outbox.envelopes[-1].to, outbox.mails[-1]["Subject"], outbox.mails[-1]["In-Reply-To"]) == (
        "new@customer.test",
        "您好",
        None,
    )
    take(stage, mail("太好了", sender="new@customer.test", In_Reply_To=outbox.mails[-1]["Message-ID"]))
    assert told(stage) == [["太好了"]]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"channel": "shop"}, 409, "cannot_begin"),
        ({"channel": "none"}, 409, "cannot_begin"),
        ({"to": "nobody"}, 422, "bad_address"),
        ({"to": "support@shop.test"}, 422, "bad_address"),
        ({"cc": ["x"]}, 422, "bad_address"),
        ({"subject": ""}, 422, "invalid"),
        ({"text": ""}, 422, "empty"),
    ],
    ids=str,
)
def test_what_cannot_be_begun(stage: Stage, change: dict[str, Any], status: int, code: str) -> None:
    anna = stage.agent()
    body = {"channel": "mail", "to": "a@x.test", "subject": "s", "text": "t", **change}
    assert anna.post("/conversations", body, status)["code"] == code
    assert stage.rows(Conversation) == []


def test_an_answer_in_a_chat_by_mail_comes_back_into_the_chat(stage: Stage, outbox: Outbox) -> None:
    """Another channel of the same customer, as `fallback` names it."""
    anna = stage.agent()
    take(stage, mail("hello from mail"))
    stage.push("转人工", sender="anna-openid")
    stage.work()
    contact = stage.row(Identity, Identity.value == "anna-openid").contact_id
    other = stage.row(Identity, Identity.value == LI).contact_id
    anna.post(f"/contacts/{contact}/merge", {"contact": other})
    chat = stage.row(Conversation, Conversation.thread == "")
    with stage.inside():
        mailed = stage.rows(Message, Message.direction == "in", Message.channel == "mail")
        db.session.execute(
            update(Message).where(Message.id == mailed[0].id).values(conversation_id=chat.id)
        )  # they wrote there too
    answer(stage, anna, "by mail", conversation=chat.id, channel="mail")
    take(stage, mail("back", In_Reply_To=outbox.mails[-1]["Message-ID"]))
    assert stage.thread(chat.id)[-1] == ("contact", "back")


# nobody knows


def test_an_uncertain_mail_is_looked_for_in_sent(stage: Stage, outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = stage.agent()
    take(stage, mail("转人工"))
    outbox.answers = [Uncertain("it fell silent")]
    said = answer(stage, anna)
    assert stage.row(Delivery, Delivery.message_id == said["id"]).state == "uncertain"
    asked: list[str] = []
    monkeypatch.setattr(Sent, "has", lambda self, message_id: bool(asked.append(message_id)) or len(asked) > 1)
    for _ in range(2):
        stage.make_due(Reconciliation)
        stage.work()
    delivery = stage.row(Delivery, Delivery.message_id == said["id"])
    assert (delivery.state, delivery.provider_id) == ("done", asked[0].strip("<>"))
    assert asked[0] == asked[1]
    assert stage.row(Reconciliation).state == "done"


def test_what_is_not_found_is_for_an_agent_to_decide(
    stage: Stage, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = stage.agent()
    take(stage, mail("转人工"))
    outbox.answers = [Uncertain("it fell silent")]
    said = answer(stage, anna)
    monkeypatch.setattr(Sent, "has", lambda self, message_id: False)
    for _ in range(5):
        stage.make_due(Reconciliation)
        stage.work()
    assert stage.row(Delivery, Delivery.message_id == said["id"]).state == "uncertain"
    assert (stage.row(Reconciliation).state, stage.row(Reconciliation).attempts) == ("done", 3)
    anna.post(f"/messages/{said['id']}/resend")
    stage.work()
    assert stage.row(Delivery, Delivery.message_id == said["id"]).state == "done"
    assert len([text for text in outbox.texts if "一百元" in text]) == 1


def test_an_address_that_is_gone_is_marked(stage: Stage, outbox: Outbox) -> None:
    anna = stage.agent()
    take(stage, mail("转人工"))
    outbox.answers = [Gone("there is no such mailbox")]
    answer(stage, anna)
    assert stage.row(Identity, Identity.value == LI).reachable is False


# the raw mail


PAGE = """<p onclick="x()">Hello <b>you</b></p><script>alert(1)</script>
<img src="https://tracker.test/a.png"><img src="cid:logo"><a href="javascript:x()">a</a>"""


def page_mail() -> bytes:
    made = message_from_bytes(mail("Hello you"), policy=policy.SMTP)
    made.add_alternative(PAGE, subtype="html")  # type: ignore[attr-defined]
    html = made.get_payload()[1]  # type: ignore[index]
    html.add_related(PNG, maintype="image", subtype="png", cid="<logo>", filename="logo.png")  # type: ignore[union-attr]
    return bytes(made)


def test_a_page_is_shown_without_scripts_and_trackers(stage: Stage, outbox: Outbox) -> None:
    anna = stage.agent()
    take(stage, page_mail())
    [shown] = [each for each in anna.get("/conversations/1/messages")["items"] if each["direction"] == "in"]
    assert shown["payload"]["html"] is True
    response = anna.client.get(f"/api/v1/messages/{shown['id']}/page")
    assert response.status_code == 200
    policy_said = response.headers["Content-Security-Policy"]
    assert "sandbox" in policy_said and "allow-scripts" not in policy_said and "default-src 'none'" in policy_said
    html = response.text
    assert "<b>you</b>" in html and 'data-blocked="1"' in html and "data:image/png;base64," in html
    assert not any(word in html for word in ("onclick", "alert(1)", "tracker.test", "javascript:"))


def test_a_page_whose_mail_is_lost_is_not_found(stage: Stage, outbox: Outbox) -> None:
    anna = stage.agent()
    raw = page_mail()
    take(stage, raw)
    with stage.inside():
        files.path_of(sha256(raw).hexdigest()).unlink()
    message = stage.row(Message, Message.direction == "in").id
    assert anna.client.get(f"/api/v1/messages/{message}/page").status_code == 404


def test_a_conversation_is_found_by_its_subject(stage: Stage) -> None:
    anna = stage.agent()
    take(stage, mail("转人工", Subject="订单 4711"), mail("转人工"))
    assert [each["subject"] for each in anna.get("/conversations", q="4711")["items"]] == ["订单 4711"]


def test_the_raw_mail_is_kept_and_goes_with_the_person(stage: Stage, outbox: Outbox) -> None:
    boss = stage.agent("Boss", role="supervisor")
    raw = page_mail()
    take(stage, raw)
    [shown] = [each for each in boss.get("/conversations/1/messages")["items"] if each["direction"] == "in"]
    assert [each["name"] for each in shown["attachments"]] == ["logo.png"]
    with boss.client.get(f"{shown['source']['url']}?download") as response:
        assert response.data == raw
    assert (shown["source"]["name"], shown["source"]["size"]) == ("询价.eml", len(raw))
    arrival = stage.row(Arrival)
    assert (arrival.body, arrival.request["kept"]) == (b"", sha256(raw).hexdigest())
    contact = boss.get("/conversations/1")["contact"]["id"]
    boss.post(f"/contacts/{contact}/erase")
    with stage.inside():
        assert files.size_of(sha256(raw).hexdigest()) == 0
        assert current.channels()["mail"].name == "mail"
    assert stage.rows(MessageReference) == []
    assert [row.sha256 for row in stage.rows(Attachment)] == [None, None]
    assert boss.client.get(f"/api/v1/messages/{shown['id']}/page").status_code == 404


def test_what_somebody_wrote_in_anothers_thread_is_erased_with_them(stage: Stage, outbox: Outbox) -> None:
    boss = stage.agent("Boss", role="supervisor")
    first = mail("转人工", Cc=WANG)
    take(stage, first, mail("secret", sender=WANG, In_Reply_To=identifier(first)))
    other = stage.row(Identity, Identity.value == WANG).contact_id
    boss.post(f"/contacts/{other}/erase")
    assert ("contact", "secret") not in stage.thread(1)
    assert ("contact", "转人工") in stage.thread(1)


def test_raw_mail_that_nothing_needs_is_removed_in_time(stage: Stage, outbox: Outbox) -> None:
    anna = stage.agent()
    kept = mail("转人工")
    take(stage, kept)
    answer(stage, anna)
    returned = bounce(outbox.mails[-1]["Message-ID"])
    take(stage, returned)
    with stage.inside():
        db.session.execute(update(Arrival).values(created_at=now() - timedelta(days=8)))
    with stage.inside():
        assert arrivals.forget(timedelta(days=7)) == len([kept, returned]) + 1  # the returned one is two events
    with stage.inside():
        assert files.size_of(sha256(kept).hexdigest()) and not files.size_of(sha256(returned).hexdigest())


def test_a_mail_nobody_can_read_is_kept_and_read_once_somebody_can(
    stage: Stage, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = mail("转人工")
    with monkeypatch.context() as broken:
        broken.setattr(Email, "parse", lambda *_: json.loads("{"))
        stage.mail(raw)
    arrival = stage.row(Arrival)
    assert (arrival.state, arrival.error_code, arrival.body) == ("failed", "unreadable", b"")
    with stage.inside():
        [row] = arrivals.unread()
        assert arrivals.replay(row)
    stage.work()
    assert told(stage) == [["转人工"]]
