"""What became of a mail is known: handed over, not handed over, or nobody can tell."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes, policy
from typing import Any
from uuid import UUID

import pytest
import responses

from channels.contract import Address, DeliveryResult, File, Letter, OutboundMessage
from channels.email.answers import MailboxThrottled, Phase, failure
from channels.email.channel import Email
from channels.errors import Gone, Misconfigured, Refused, SendError, Throttled, Uncertain, Unreachable
from channels.http import Http
from tests.channels.cases import DictCache
from tests.channels.email.conftest import OAUTH, Settings
from tests.channels.email.servers import PASSWORD, USER, ImapServer
from tests.channels.email.sinks import sink

CUSTOMER = "li@customer.test"
HELLO = OutboundMessage(
    id=UUID(int=7),
    to=Address("email", CUSTOMER),
    text="您好",
    letter=Letter(subject="Re: 订单", in_reply_to="a@customer.test"),
)
Channels = Callable[..., Email]


@pytest.fixture
def channel(written: Settings) -> Channels:
    def make(smtp_port: int, imap_port: int = 1, **more: Any) -> Email:
        settings = written(imap_port, smtp_port, **{"append_sent": False, **more})
        return Email("post", settings, http=Http(settings.secrets()), cache=DictCache())

    return make


def test_a_mail_is_handed_over_with_its_envelope(channel: Channels) -> None:
    with sink(password=PASSWORD) as server:
        ours = channel(server.port, plus_address=True)
        copies = {"cc": ("c@x.test",), "bcc": ("b@x.test", "C@X.test")}
        letter = replace(HELLO.letter, thread="abcdefgh234567ab", **copies)  # type: ignore[arg-type]
        result = ours.send(replace(HELLO, letter=letter))
    [taken] = server.taken
    assert (taken.mail_from, taken.rcpt_tos) == (USER, [CUSTOMER, "c@x.test", "b@x.test"])
    assert server.logins == [PASSWORD]
    assert isinstance(taken.content, bytes)
    mail = message_from_bytes(taken.content, policy=policy.default)
    assert result == DeliveryResult(mail["Message-ID"].strip("<>"), {})
    assert ours.tokens.thread_of(mail["Reply-To"]) == "abcdefgh234567ab"
    assert mail["Bcc"] is None
    assert (mail["In-Reply-To"], mail["References"], mail["Cc"]) == ("<a@customer.test>",) * 2 + ("c@x.test",)


@pytest.mark.parametrize(
    ("answers", "error", "code", "reason"),
    [
        ({"MAIL": "451 4.3.0 later"}, Unreachable, "4.3.0", "does not take mail now"),
        ({"MAIL": "421 4.7.0 too fast"}, MailboxThrottled, "4.7.0", "asks us to slow down"),
        ({"MAIL": "553 mail from must equal authorized user"}, Misconfigured, "553", "send under its address"),
        ({"MAIL": "550 5.4.5 Daily user sending limit exceeded"}, MailboxThrottled, "5.4.5", "quota"),
        ({CUSTOMER: "550 5.1.1 user unknown"}, Gone, "5.1.1", "no such mailbox"),
        ({CUSTOMER: "550 No such user here"}, Gone, "550", "no such mailbox"),
        ({CUSTOMER: "552 5.2.2 mailbox full"}, Refused, "5.2.2", "full"),
        ({CUSTOMER: "450 4.2.0 greylisted"}, Throttled, "4.2.0", "come again"),
        ({CUSTOMER: "450 4.4.1 no answer"}, Unreachable, "4.4.1", "cannot be reached"),
        ({CUSTOMER: "550 5.7.1 we do not like you"}, Refused, "5.7.1", "does not take"),
        ({"DATA": "554 DT:SPM 163"}, Refused, "554", "spam"),
        ({"DATA": "552 5.3.4 message too big"}, Refused, "5.3.4", "too large"),
        ({"DATA": "451 4.3.0 disk full"}, Unreachable, "4.3.0", "did not take"),
    ],
    ids=lambda value: next(iter(value.values())) if isinstance(value, dict) else None,
)
def test_a_refusal_says_what_happens_next(
    channel: Channels, answers: dict[str, str], error: type[SendError], code: str, reason: str
) -> None:
    with sink(answers=answers) as server, pytest.raises(SendError) as refused:
        channel(server.port).send(HELLO)
    assert (type(refused.value), refused.value.code, server.taken) == (error, code, [])
    assert reason in refused.value.reason
    assert HELLO.text not in str(refused.value)


def test_a_refused_copy_does_not_stop_the_customers_mail(channel: Channels) -> None:
    with sink(answers={"gone@x.test": "550 5.1.1 unknown", "later@x.test": "450 busy"}) as server:
        letter = Letter(cc=("gone@x.test", "ok@x.test"), bcc=("later@x.test",))
        result = channel(server.port).send(replace(HELLO, letter=letter))
    assert server.taken[0].rcpt_tos == [CUSTOMER, "ok@x.test"]
    assert isinstance(result, DeliveryResult)
    assert result.refused == {
        "gone@x.test": "there is no such mailbox (550 5.1.1 unknown)",
        "later@x.test": "the recipient's mailbox cannot be reached now (450 busy)",
    }


def test_a_server_that_falls_silent_with_the_mail_leaves_it_uncertain(channel: Channels) -> None:
    with sink(hangs_up_after_data=True) as server, pytest.raises(Uncertain):
        channel(server.port).send(HELLO)
    assert len(server.taken) == 1


def test_a_server_that_hangs_up_before_took_nothing(channel: Channels) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def hang_up() -> None:
        connection, _ = listener.accept()
        connection.sendall(b"220 hello\r\n")
        connection.recv(100)
        connection.close()

    thread = threading.Thread(target=hang_up)
    thread.start()
    with pytest.raises(Unreachable, match=r"no connection to 127\.0\.0\.1"):
        channel(listener.getsockname()[1]).send(HELLO)
    thread.join()
    listener.close()


def test_nobody_there_is_unreachable(channel: Channels) -> None:
    with pytest.raises(Unreachable):
        channel(1).send(HELLO)


def test_a_password_refused_three_times_stops_the_channel(channel: Channels) -> None:
    with sink(password="another one") as server:
        ours = channel(server.port)
        for _ in range(2):
            with pytest.raises(Unreachable):
                ours.send(HELLO)
        with pytest.raises(Misconfigured, match="Check settings") as failed:
            ours.send(HELLO)
    assert PASSWORD not in str(failed.value)


def test_a_token_taken_back_is_renewed_once(channel: Channels) -> None:
    with sink(password="Bearer fresh") as server, responses.RequestsMock() as google:
        for token in ("stale", "fresh"):
            google.post("https://oauth2.googleapis.com/token", json={"access_token": token, "expires_in": 3600})
        channel(server.port, oauth=OAUTH).send(HELLO)
    assert server.logins == [f"user={USER}\1auth=Bearer {token}\1\1" for token in ("stale", "fresh")]
    assert len(server.taken) == 1


def test_a_mailbox_told_to_slow_down_does_not_even_connect(channel: Channels) -> None:
    with sink(answers={"MAIL": "421 4.7.0 slow down"}) as server:
        ours = channel(server.port)
        with pytest.raises(MailboxThrottled):
            ours.send(HELLO)
    with pytest.raises(Throttled) as waits:  # the server is gone: trying it would say Unreachable
        ours.send(HELLO)
    assert waits.value.after
    assert 290 < waits.value.after.total_seconds() <= 300


def test_no_more_goes_out_than_the_rate_allows(channel: Channels) -> None:
    with sink() as server:
        ours = channel(server.port, rate="2/m")
        ours.send(HELLO)
        ours.send(HELLO)
        with pytest.raises(Throttled, match="own rate") as waits:
            ours.send(HELLO)
    assert len(server.taken) == 2
    assert waits.value.after
    assert 25 < waits.value.after.total_seconds() <= 30


def test_a_mail_too_large_for_the_server_is_not_sent_there(channel: Channels) -> None:
    file = File("a.pdf", "application/pdf", b"x" * 10_000)
    with sink(limit=9_000) as server, pytest.raises(Refused, match=r"127\.0\.0\.1 takes 9000"):
        channel(server.port).send(OutboundMessage(id=UUID(int=1), to=HELLO.to, file=file))
    assert server.taken == []


def test_a_certificate_nobody_vouches_for_is_refused(
    channel: Channels, dovecot: ImapServer
) -> None:  # any server with TLS will do
    with pytest.raises(Misconfigured, match="certificate of localhost is not to be trusted"):
        channel(dovecot.tls_port, smtp_host="localhost", smtp_security="tls").send(HELLO)


def test_a_copy_is_kept_in_sent_once_and_found_there(channel: Channels, imap: ImapServer) -> None:
    with sink() as server:
        ours = channel(server.port, imap.port, append_sent="auto")
        message = OutboundMessage(id=UUID(int=imap.port), to=HELLO.to, text="hi", letter=Letter(subject="a"))
        assert ours.reconcile(message) is None
        result = ours.send(message)
        assert ours.send(message) == result
        found = ours.reconcile(message)
    assert found
    assert found.provider_id == result.provider_id
    client = imap.client()
    client.select("Sent", readonly=True)
    assert client.search(None, f'HEADER Message-ID "{result.provider_id}"')[1][0].split().__len__() == 1
    client.logout()


def test_a_copy_that_cannot_be_kept_fails_no_mail(channel: Channels, caplog: pytest.LogCaptureFixture) -> None:
    with sink() as server:
        assert channel(server.port, 1, append_sent=True).send(HELLO).provider_id
    assert "no copy of a mail was put into Sent" in caplog.text


def test_answers_of_known_servers_are_understood() -> None:
    assert type(failure(Phase.LOGIN, 454, "4.7.0 Temporary authentication failure")) is MailboxThrottled
    assert type(failure(Phase.CONNECT, 554, "5.7.1 IP blocked")) is Misconfigured
    assert type(failure(Phase.RECIPIENT, 454, "4.7.1 relay access denied")) is Throttled
    assert type(failure(Phase.SENDER, 530, "5.7.0 Must issue a STARTTLS command first")) is Misconfigured
    assert type(failure(Phase.DATA, 354, "?")) is Unreachable
