"""The hub's own mail channel against the simulator, as in the demo."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from channels.contract import Address, InboundMessage, Letter, OutboundMessage, Presence, Quoted, Receipt
from channels.email.channel import Email
from channels.email.settings import MailSettings
from channels.errors import Gone, Uncertain, Unreachable
from channels.http import Http
from tests.channels.cases import DictCache
from tests.simulator.mailing import MING, PASSWORD, MailWorld

SAMPLE = Path(__file__).parents[2] / "config/channels/support.toml"
PATIENCE = timedelta(seconds=10)


@pytest.fixture
def channel(mail: MailWorld, monkeypatch: pytest.MonkeyPatch) -> Iterator[Email]:
    monkeypatch.setenv("DEMO_MAIL_PASSWORD", PASSWORD)
    given = tomllib.loads(SAMPLE.read_text())["settings"]
    assert (given["imap_port"], given["smtp_port"]) == (8003, 8004)
    ports = {"imap_port": mail.ports.imap, "smtp_port": mail.ports.smtp}
    opened = Email("support", MailSettings.model_validate(given | ports), http=Http(), cache=DictCache())
    yield opened
    opened.close()


class Reader:
    """Reads on from where it was."""

    def __init__(self, channel: Email):
        self.channel = channel
        self.cursor = ([""] + [cursor for cursor, _ in channel.receive("", timedelta(0))])[-1]

    def events(self) -> list[object]:
        reading = self.channel.receive(self.cursor, PATIENCE)
        self.cursor, request = next(reading)
        reading.close()
        return list(self.channel.parse(request))

    def message(self) -> InboundMessage:
        [message] = self.events()
        assert isinstance(message, InboundMessage)
        return message


def answer(to: InboundMessage, text: str = "您好，**99** 元。") -> OutboundMessage:
    letter = Letter(
        subject=to.payload["subject"],
        in_reply_to=to.message_id,
        references=to.references,
        thread=to.thread,
        quoted=Quoted(author=to.name, text=to.text, sent_at=to.sent_at),
    )
    return OutboundMessage(id=uuid4(), to=to.sender, text=text, letter=letter)


@pytest.mark.parametrize("client", ["qq", "163", "gmail", "outlook", "plain"])
def test_a_customer_is_answered_and_answers(mail: MailWorld, channel: Email, client: str) -> None:
    reader = Reader(channel)
    asked = mail.writes(subject="询价", text="T恤多少钱？", client=client)
    message = reader.message()
    assert (message.sender.value, message.name, message.payload["subject"]) == (MING, "小明", "询价")
    assert message.text.startswith("T恤多少钱？")
    sent = channel.send(answer(message))
    got = mail.letters()[-1]
    assert (got["message_id"], got["subject"], got["thread"]) == (sent.provider_id, "Re: 询价", asked["thread"])
    assert got["text"].startswith("您好，**99** 元。")
    assert len(mail.inbox("Sent")) == 1

    mail.writes(text="好的，\n要两件。", client=client, in_reply_to=got["message_id"])
    back = reader.message()
    assert (back.text, back.thread, back.no_answer) == ("好的，\n要两件。", message.thread, "")
    mail.writes(text="休假中，周一回来。", client=client, in_reply_to=got["message_id"], auto_reply=True)
    assert reader.message().no_answer == "auto_reply"


def test_what_comes_back_fails_its_delivery(mail: MailWorld, channel: Email) -> None:
    reader = Reader(channel)
    mail.writes(subject="询价")
    message = reader.message()
    bounced = answer(message)
    sent = channel.send(replace(bounced, to=Address("email", "bounces@qq.com")))
    receipt, presence = reader.events()
    assert isinstance(receipt, Receipt) and isinstance(presence, Presence)
    assert (receipt.provider_id, receipt.status, receipt.recipient) == (sent.provider_id, "failed", "bounces@qq.com")
    with pytest.raises(Gone):
        channel.send(replace(bounced, to=Address("email", "unknown@qq.com")))


def test_a_mail_that_may_have_been_sent_is_found_out_about(mail: MailWorld, channel: Email) -> None:
    reader = Reader(channel)
    mail.writes(subject="询价")
    out = answer(reader.message())
    mail.fails("smtp", "reset_after")
    with pytest.raises(Uncertain):
        channel.send(out)
    assert channel.reconcile(out) is None
    assert len(mail.letters()) == 2
    mail.fails("smtp", "refuse_login")
    with pytest.raises(Unreachable, match="535"):
        channel.send(out)


def test_the_doctor_finds_nothing_wrong(channel: Email) -> None:
    assert [finding for finding in channel.diagnose("https://hub.test/hooks/support") if not finding.ok] == []
