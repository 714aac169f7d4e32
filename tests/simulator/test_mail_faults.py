"""The mail servers' failures on demand."""

from __future__ import annotations

import imaplib
import smtplib
from typing import Any

import pytest
import requests

from tests.simulator.mailing import MING, MailWorld

GONE = (imaplib.IMAP4.abort, OSError)


def pushed(client: imaplib.IMAP4) -> bytes:
    line = client.readline()
    if not line:
        raise ConnectionResetError
    return line


def test_logins_that_are_refused_as_often_as_asked(mail: MailWorld) -> None:
    mail.fails("imap", "refuse_login", times=2)
    mail.fails("smtp", "refuse_login")
    for _ in range(2):
        with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"), mail.imap():
            pass
    with mail.imap():
        pass
    with pytest.raises(smtplib.SMTPAuthenticationError), mail.smtp():
        pass
    with mail.smtp():
        pass


def test_a_server_that_is_busy(mail: MailWorld) -> None:
    mail.fails("smtp", "busy")
    mail.fails("imap", "busy")
    with pytest.raises(smtplib.SMTPConnectError) as refused, mail.smtp():
        pass
    assert refused.value.smtp_code == 421
    with pytest.raises(imaplib.IMAP4.error, match="UNAVAILABLE"), mail.imap():
        pass
    assert mail.send(MING)


@pytest.mark.parametrize("kind", ["hang", "reset_after"])
def test_a_mail_that_was_taken_though_no_answer_came(mail: MailWorld, kind: str) -> None:
    mail.fails("smtp", kind)
    with mail.smtp() as client:
        client.mail("support@shop.example.com")
        client.rcpt(MING)
        assert client.sock
        client.sock.settimeout(0.5)
        with pytest.raises((smtplib.SMTPServerDisconnected, TimeoutError)):
            client.data(b"Subject: arrived\r\n\r\nx")
        client.close()
    assert [letter["subject"] for letter in mail.letters()] == ["arrived"]
    assert mail.log("smtp")[-1]["fault"] == kind
    mail.send(MING)


def test_a_late_answer(mail: MailWorld) -> None:
    mail.fails("smtp", "hang", seconds=0.4)
    mail.send(MING)


def test_connections_that_are_dropped(mail: MailWorld) -> None:
    with mail.imap() as busy:
        mail.fails("imap", "drop")
        with pytest.raises(GONE):
            busy.noop()
    with mail.imap() as waiting:
        waiting.send(b"i1 IDLE\r\n")
        waiting.readline()
        mail.fails("imap", "drop")  # at once, where somebody waits
        with pytest.raises(GONE):
            pushed(waiting)
    assert mail.inbox() == []


@pytest.mark.parametrize("fault", [{"endpoint": "imap", "kind": "hang"}, {"endpoint": "custom/send", "kind": "busy"}])
def test_faults_of_the_wrong_kind(mail: MailWorld, fault: dict[str, Any]) -> None:
    assert requests.post(f"{mail.simulator.url}/_sim/faults", json=fault, timeout=5).status_code == 400


def test_a_fault_of_every_endpoint_is_none_of_mail(mail: MailWorld) -> None:
    mail.fails("*", "errcode")
    mail.send(MING)
    assert len(mail.simulator.get("/_sim/faults")["items"]) == 1
