"""What a raw mail becomes for the hub: a message in its thread, a failed delivery, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import new as hmac
from typing import Any
from uuid import UUID

import pytest

from channels.contract import Address, Attachment, InboundMessage, Presence, Receipt, WebhookReply, WebhookRequest
from channels.email.channel import Email
from channels.email.tokens import thread_key
from channels.errors import BadSignature, Refused, Unreadable
from channels.http import Http
from tests.channels.cases import DictCache
from tests.channels.email.conftest import Settings

ARRIVED = datetime(2026, 2, 1, 9, 0, tzinfo=UTC)
CUSTOMER = "li@customer.test"
THREAD = "abcdefgh234567ab"


@pytest.fixture
def channel(written: Settings) -> Email:
    return Email("post", written(hook_secret="env:TEST_HOOK_SECRET"), http=Http(), cache=DictCache())


def request(raw: bytes, **more: str) -> WebhookRequest:
    return WebhookRequest(method="IMAP", query={"uid": "5", "arrived": ARRIVED.isoformat(), **more}, body=raw)


def mail(*headers: str, body: str = "你好") -> bytes:
    usual = {
        "From": f"Li <{CUSTOMER.upper()}>",
        "To": "support@example.test",
        "Subject": "Hello",
        "Date": "Sun, 01 Feb 2026 16:59:00 +0800",
        "Message-ID": "<m1@customer.test>",
    }
    given = dict(header.split(": ", 1) for header in headers)
    lines = [f"{name}: {value}" for name, value in {**usual, **given}.items() if value]
    return "\r\n".join([*lines, "Content-Type: text/plain; charset=utf-8", "", body, ""]).encode()


def only(channel: Email, raw: bytes, **more: str) -> InboundMessage:
    [event] = channel.parse(request(raw, **more))
    assert isinstance(event, InboundMessage)
    return event


def test_a_mail_is_a_message_with_all_that_the_hub_asks(channel: Email) -> None:
    raw = mail("Cc: Wang <wang@customer.test>", "Subject: 询价 [#12]")
    event = only(channel, raw)
    assert event.payload == {
        "subject": "询价 [#12]",
        "from": CUSTOMER,
        "name": "Li",
        "to": ["support@example.test"],
        "cc": ["wang@customer.test"],
        "reply_to": [],
        "date": "2026-02-01T16:59:00+08:00",
        "references": [],
        "whole": "",
        "html": False,
        "auto_reply": False,
        "bulk": False,
        "list": False,
        "spam": False,
        "own": False,
        "forged": False,
        "encrypted": False,
        "bounce": None,
    }
    assert (event.sender, event.name, event.message_id, event.text, event.thread, event.references, event.sequence) == (
        Address("email", CUSTOMER),
        "Li",
        "m1@customer.test",
        "你好",
        thread_key("m1@customer.test"),
        (),
        5,
    )
    assert (event.conversation, event.no_answer, event.kept) == (12, "", sha256(raw).hexdigest())
    assert event.sent_at == ARRIVED - timedelta(minutes=1)


def test_an_answer_belongs_to_the_mail_that_began_it(channel: Email) -> None:
    answer = only(
        channel, mail("Message-ID: <m3@x.test>", "In-Reply-To: <m2@x.test>", "References: <m1@x.test> <m2@x.test>")
    )
    assert (answer.thread, answer.references) == (thread_key("m1@x.test"), ("m2@x.test", "m1@x.test"))
    assert answer.payload["references"] == ["m1@x.test", "m2@x.test"]


def test_the_same_mail_by_another_way_is_the_same_and_another_with_its_identifier_is_not(channel: Email) -> None:
    first = only(channel, mail("Received: from a"))
    assert only(channel, mail("Received: from b", "Delivered-To: sales@example.test")).key == first.key
    assert only(channel, mail(body="something else")).key != first.key


def test_what_we_signed_decides_on_the_thread(channel: Email) -> None:
    ours = channel.tokens.message_id(UUID(int=9), THREAD, CUSTOMER)
    reply_to = channel.tokens.reply_address(THREAD)
    assert only(channel, mail(f"To: {reply_to}", "References: <other@x.test>")).thread == THREAD
    assert only(channel, mail(f"Delivered-To: {reply_to}", "References: <other@x.test>")).thread == THREAD
    answered = only(channel, mail(f"In-Reply-To: {ours}", f"References: <other@x.test> {ours}"))
    assert answered.thread == THREAD
    forged = ours.replace(THREAD, "bbbbbbbb22222222")
    assert only(channel, mail(f"In-Reply-To: {forged}")).thread == thread_key(forged.strip("<>"))


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        (["Auto-Submitted: auto-replied"], "auto_reply"),
        (["List-Id: <l.x.test>"], "list"),
        (["Precedence: bulk"], "machine"),
        (["X-Spam-Flag: YES"], "spam"),
        (["X-Yizhan: another"], "loop"),
        (["From: support@example.test"], "own"),
        (["From: Support+x@Example.test"], "own"),
        (["From: no-reply@x.test"], "machine"),
        (["From: "], "nobody"),
        (["Return-Path: <>"], "machine"),
        (["Date: Sun, 25 Jan 2026 16:59:00 +0800"], "late"),
        ([], ""),
    ],
    ids=str,
)
def test_machines_are_not_answered_by_machines(channel: Email, headers: list[str], why: str) -> None:
    assert only(channel, mail(*headers)).no_answer == why


def test_mail_from_before_the_first_look_is_history(channel: Email) -> None:
    assert only(channel, mail(), old="1").no_answer == "old"


def test_our_own_mail_coming_back_is_nothing_new(channel: Email) -> None:
    assert channel.parse(request(mail(f"X-Yizhan: {channel.tokens.loop_mark()}"))) == []


def test_a_mail_without_an_identifier_gets_one_of_its_bytes(channel: Email) -> None:
    raw = mail("Message-ID: ")
    assert only(channel, raw).provider_id == only(channel, raw).provider_id
    assert only(channel, raw).provider_id != only(channel, raw + b"x").provider_id


def test_what_is_long_is_shortened_and_the_raw_mail_has_the_rest(channel: Email) -> None:
    crowd = ", ".join(f"a{number}@x.test" for number in range(150))
    long = only(channel, mail(f"Subject: {'s' * 900}", f"Cc: {crowd}", body="word " * 50_000))
    assert [len(long.text), len(long.payload["subject"]), len(long.payload["cc"])] == [20_000, 500, 100]
    assert len(long.payload["whole"]) == 200_000
    assert long.text.endswith("…")
    assert only(channel, mail(f"From: x <{'a' * 400}@x.test>")).no_answer == "nobody"
    named = only(channel, mail(f"References: {' '.join(f'<{number}@x.test>' for number in range(300))}"))
    assert (len(named.references), named.references[0], named.thread) == (100, "299@x.test", thread_key("0@x.test"))


def test_a_date_from_the_future_is_not_believed(channel: Email) -> None:
    assert only(channel, mail("Date: Sun, 01 Feb 2099 00:00:00 +0000")).sent_at == ARRIVED
    assert only(channel, mail("Date: yesterday")).sent_at == ARRIVED


def test_a_mail_cut_short_says_so(channel: Email) -> None:
    cut = only(channel, mail().partition(b"\r\n\r\n")[0] + b"\r\n\r\n", cut="too_large", size="30000000")
    assert (cut.text, cut.payload["cut"], cut.payload["size"]) == ("Hello", "too_large", 30_000_000)
    with pytest.raises(Unreadable):
        channel.parse(request(b"\r\n"))


def bounce(original: str, recipient: str = CUSTOMER, action: str = "failed", status: str = "5.1.1") -> bytes:
    return f"""From: MAILER-DAEMON@mx.test
To: support@example.test
Subject: Undelivered Mail Returned to Sender
Date: Sun, 01 Feb 2026 08:59:00 +0000
Message-ID: <b1@mx.test>
Return-Path: <>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b

It did not work.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.test

Final-Recipient: rfc822; {recipient}
Action: {action}
Status: {status}
--b
Content-Type: text/rfc822-headers

From: support@example.test
Message-ID: {original}
--b--
""".replace("\n", "\r\n").encode()


def test_a_returned_mail_is_a_failed_delivery_to_an_address_that_is_gone(channel: Email) -> None:
    ours = channel.tokens.message_id(UUID(int=9), THREAD, CUSTOMER)
    receipt, presence = channel.parse(request(bounce(ours)))
    assert isinstance(receipt, Receipt)
    assert (receipt.provider_id, receipt.status) == (ours.strip("<>"), "failed")
    assert CUSTOMER in receipt.reason
    assert isinstance(presence, Presence)
    assert (presence.sender, presence.state) == (Address("email", CUSTOMER), "left")


def test_a_forged_return_marks_nobody(channel: Email) -> None:
    ours = channel.tokens.message_id(UUID(int=9), THREAD, CUSTOMER)
    [receipt] = channel.parse(request(bounce(ours, recipient="victim@customer.test")))
    assert isinstance(receipt, Receipt)
    assert receipt.recipient == "victim@customer.test"
    strange = only(channel, bounce("<elsewhere@x.test>"))
    assert (strange.no_answer, strange.payload["bounce"]["status"]) == ("bounce", "5.1.1")


def test_a_refused_mail_leaves_the_address_alone_and_a_late_one_has_not_failed(channel: Email) -> None:
    ours = channel.tokens.message_id(UUID(int=9), THREAD, CUSTOMER)
    [receipt] = channel.parse(request(bounce(ours, status="5.7.1")))
    assert isinstance(receipt, Receipt)
    [late] = channel.parse(request(bounce(ours, action="delayed", status="4.4.1")))
    assert isinstance(late, Receipt)
    assert late.status == "delayed"


ATTACHED = b"""From: li@customer.test
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

see
--b
Content-Type: image/png; name=a.png
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--b--
"""


def test_attachments_are_fetched_from_the_kept_mail(channel: Email) -> None:
    event = only(channel, ATTACHED)
    kept = sha256(ATTACHED).hexdigest()
    assert event.attachments == (Attachment("image", f"{kept}:0", "a.png"),)
    with pytest.raises(Refused, match="no longer in the store"):
        channel.fetch(event.attachments[0])
    channel.kept = {kept: ATTACHED}.__getitem__
    assert channel.fetch(event.attachments[0]).content == b"\x89PNG\r\n\x1a\n"
    with pytest.raises(Refused):
        channel.fetch(Attachment("file", f"{kept}:7"))


Post = Callable[..., WebhookRequest]


@pytest.fixture
def posted() -> Post:
    def make(body: bytes, *, at: float | None = None, key: bytes = b"hook-secret-7f3a", **more: Any) -> WebhookRequest:
        said_at = str(int(datetime.now(UTC).timestamp() if at is None else at))
        signature = hmac(key, said_at.encode() + b"." + body, sha256).hexdigest()
        headers = {"x-yizhan-timestamp": said_at, "X-Yizhan-Signature": signature.upper(), **more}
        return WebhookRequest(headers=headers, body=body)

    return make


def test_mail_that_is_posted_is_read_when_it_is_signed(channel: Email, posted: Post) -> None:
    good = posted(mail())
    channel.verify(good)
    [event] = channel.parse(good)
    assert isinstance(event, InboundMessage)
    assert event.text == "你好"
    assert channel.acknowledge(good) == WebhookReply()


def test_mail_that_nobody_signed_is_refused(channel: Email, posted: Post, written: Settings) -> None:
    now = datetime.now(UTC).timestamp()
    bad = [
        posted(mail(), key=b"another"),
        posted(mail(), at=now - 400),
        posted(mail(), at=now + 400),
        posted(mail(), **{"X-Yizhan-Signature": "é"}),
        posted(mail(), **{"x-yizhan-timestamp": "٣"}),
        WebhookRequest(body=mail()),
    ]
    for each in bad:
        with pytest.raises(BadSignature):
            channel.verify(each)
    without_secret = Email("post", written(), http=Http(), cache=DictCache())
    with pytest.raises(BadSignature):
        without_secret.verify(posted(mail(), key=b""))
