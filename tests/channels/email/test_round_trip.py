"""From an agent's answer to the customer and back, over Postfix and Dovecot; where they cannot run, it is skipped."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest

from channels.contract import Address, Attachment, File, InboundMessage, Letter, OutboundMessage, Presence, Receipt
from channels.email.channel import Email
from channels.errors import Gone
from channels.http import Http
from tests.channels.cases import DictCache
from tests.channels.email.conftest import Settings
from tests.channels.email.servers import COLLEAGUE, GHOST, USER, ImapServer, post

THREAD = "abcdefgh234567ab"


@pytest.fixture
def open_channel(dovecot: ImapServer, postfix: int, written: Settings) -> Iterator[Callable[..., Email]]:
    opened: list[Email] = []

    def make(address: str, **more: Any) -> Email:
        settings = written(
            dovecot.port, postfix, **{"address": address, "append_sent": False, "plus_address": True, **more}
        )
        opened.append(Email("post", settings, http=Http(), cache=DictCache()))
        return opened[-1]

    yield make
    for channel in opened:
        channel.close()


def newest(channel: Email, cursor: str) -> tuple[str, list[Any], bytes]:
    """What arrives next."""
    reading = channel.receive(cursor, timedelta(seconds=20))
    cursor, request = next(reading)
    reading.close()
    channel.verify(request)
    return cursor, channel.parse(request), request.body


def end(channel: Email) -> str:
    return ([""] + [cursor for cursor, _ in channel.receive("", timedelta(0))])[-1]


def test_an_answer_comes_back_into_its_conversation(open_channel: Callable[..., Email], postfix: int) -> None:
    support, customer = open_channel(USER, name="驿站小店"), open_channel(COLLEAGUE)
    at_support, at_customer = end(support), end(customer)
    file = File("报价单.pdf", "application/pdf", b"%PDF-1.4 tiny")
    answer = OutboundMessage(
        id=uuid4(),
        to=Address("email", COLLEAGUE),
        text="您好，**报价**见附件。",
        letter=Letter(thread=THREAD, subject="Re: 询价", files=(file,)),
    )
    sent = support.send(answer)

    _, [received], raw = newest(customer, at_customer)
    assert isinstance(received, InboundMessage)
    assert (received.sender, received.message_id, received.name) == (
        Address("email", USER),
        sent.provider_id,
        "驿站小店",
    )
    assert received.text == "您好，**报价**见附件。"
    [attachment] = received.attachments
    assert attachment == Attachment("file", f"{sha256(raw).hexdigest()}:0", "报价单.pdf")
    customer.kept = {sha256(raw).hexdigest(): raw}.__getitem__
    assert customer.fetch(attachment) == file

    reply_to = re.search(rb"Reply-To: .*?(support\+[a-z2-7]+@example\.test)", raw)
    assert reply_to
    post(
        postfix,
        b"From: Li <%b>\r\nTo: %b\r\nSubject: Re: x\r\nMessage-ID: <back@x.test>\r\n\r\n\xe5\xa5\xbd"
        % (COLLEAGUE.encode(), reply_to[1]),
        COLLEAGUE,
        reply_to[1].decode().upper().replace("EXAMPLE.TEST", "example.test").replace("SUPPORT", "support"),
    )
    _, [back], _ = newest(support, at_support)
    assert isinstance(back, InboundMessage)
    assert (back.thread, back.text, back.sender) == (THREAD, "好", Address("email", COLLEAGUE))


def test_a_returned_mail_fails_its_delivery_and_marks_the_address(open_channel: Callable[..., Email]) -> None:
    support = open_channel(USER)
    at_support = end(support)
    sent = support.send(OutboundMessage(id=uuid4(), to=Address("email", GHOST), text="hi", letter=Letter(subject="x")))
    _, [receipt, presence], _ = newest(support, at_support)
    assert isinstance(receipt, Receipt)
    assert (receipt.provider_id, receipt.status) == (sent.provider_id, "failed")
    assert GHOST in receipt.reason
    assert isinstance(presence, Presence)
    assert (presence.sender, presence.state) == (Address("email", GHOST), "left")


def test_an_unknown_customer_is_gone_before_anything_is_sent(open_channel: Callable[..., Email]) -> None:
    with pytest.raises(Gone):
        open_channel(USER).send(OutboundMessage(id=UUID(int=1), to=Address("email", "nobody@example.test"), text="x"))


def test_the_doctor_sends_a_mail_round(open_channel: Callable[..., Email]) -> None:
    support = open_channel(USER)
    at_support = end(support)
    findings = list(support.diagnose("https://hub.test/hooks/post"))
    assert [finding for finding in findings if not finding.ok] == []
    assert [re.sub(r"[\d.]+ s", "N s", finding.what) for finding in findings] == [
        "127.0.0.1 lets us read the mail of support@example.test",
        "there is a folder INBOX",
        "new mail is pushed (IDLE)",
        "127.0.0.1 lets us send",
        "a mail from support@example.test to itself comes round, in N s",
        "this server's clock is right",
        "mail to name+something@ arrives",
    ]
    assert list(support.receive(at_support, timedelta(0))) == []  # it has cleaned up behind itself
