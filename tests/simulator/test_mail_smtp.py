"""What the mailbox sends: who may, and what becomes of it by its recipient."""

from __future__ import annotations

import smtplib

import pytest

from tests.simulator.driving import wait_until
from tests.simulator.mailing import HONG, MING, SUPPORT, MailWorld, read


def test_only_the_mailbox_may_send_and_only_as_itself(mail: MailWorld) -> None:
    with smtplib.SMTP("127.0.0.1", mail.ports.smtp, timeout=10) as client:
        client.ehlo()
        assert client.esmtp_features["size"] == str(25 * 1024 * 1024)
        assert {"PLAIN", "LOGIN"} <= set(client.esmtp_features["auth"].split())
        assert client.mail(SUPPORT)[0] == 530
        with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
            client.login(SUPPORT, "wrong")
        assert refused.value.smtp_code == 535
    with mail.smtp() as client:
        assert client.mail("boss@shop.example.com")[0] == 553
        assert client.mail(SUPPORT, ["size=27000000"])[0] == 552


@pytest.mark.parametrize("mechanism", ["auth_plain", "auth_login"])
def test_both_ways_to_log_in(mail: MailWorld, mechanism: str) -> None:
    with smtplib.SMTP("127.0.0.1", mail.ports.smtp, timeout=10) as client:
        client.ehlo()
        client.user, client.password = SUPPORT, "demo-password-of-the-mailbox"
        name = mechanism.removeprefix("auth_").upper()
        assert client.auth(name, getattr(client, mechanism), initial_response_ok=False)[0] == 235


@pytest.mark.parametrize(
    ("address", "code", "status"),
    [
        ("unknown.person@qq.com", 550, b"5.1.1"),
        ("NOBODY@customer.example", 550, b"5.1.1"),
        ("full7@163.com", 552, b"5.2.2"),
    ],
)
def test_what_addresses_refuse(mail: MailWorld, address: str, code: int, status: bytes) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        mail.send(address)
    told, words = refused.value.recipients[address]
    assert (told, words.split()[0]) == (code, status)
    assert mail.log("smtp")[-1] | {"at": 0} == {
        "at": 0,
        "endpoint": "smtp",
        "did": "rcpt",
        "to": address,
        "status": code,
    }


def test_an_address_that_wants_each_mail_twice(mail: MailWorld) -> None:
    for _ in range(2):
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            mail.send("later@qq.com")
        assert refused.value.recipients["later@qq.com"][0] == 450
        mail.send("Later@qq.com")


def test_a_mail_reaches_those_who_take_it(mail: MailWorld) -> None:
    message_id = mail.send(MING, "unknown@qq.com", HONG, subject="报价")
    for customer in (MING, HONG):
        [letter] = mail.letters(customer)
        assert (letter["subject"], letter["text"], letter["own"]) == ("报价", "有货，99 元。", False)
        assert letter["message_id"] == message_id.strip("<>")


@pytest.mark.parametrize("address", [SUPPORT, "support+abc123@shop.example.com", "Support+X@Shop.example.com"])
def test_the_mailbox_writes_to_itself(mail: MailWorld, address: str) -> None:
    message_id = mail.send(address)
    got = mail.newest()
    assert (got["Delivered-To"], got["Return-Path"], got["Message-ID"]) == (address, f"<{SUPPORT}>", message_id)
    assert f"for <{address}>" in got["Received"]


def test_a_mail_comes_back_as_a_report(mail: MailWorld) -> None:
    message_id = mail.send("bounces.always@qq.com", subject="报价")
    assert mail.inbox() == []
    got = mail.newest()
    assert (got.get_content_type(), got.get_param("report-type")) == ("multipart/report", "delivery-status")
    assert (got["Return-Path"], got["Auto-Submitted"], got["Delivered-To"]) == ("<>", "auto-replied", SUPPORT)
    _, status, original = got.iter_parts()
    of_message, of_recipient = status.iter_parts()
    assert of_message["Reporting-MTA"] == "dns; mx.shop.example.com"
    told = {name: of_recipient[name] for name in ("Final-Recipient", "Action", "Status")}
    assert told == {"Final-Recipient": "rfc822; bounces.always@qq.com", "Action": "failed", "Status": "5.1.1"}
    headers = read(original.get_content().encode())
    assert (headers["Message-ID"], headers["Subject"]) == (message_id, "报价")


def test_a_mail_to_anybody_else_is_taken_and_told_in_the_log_alone(mail: MailWorld) -> None:
    message_id = mail.send("someone@qq.com")
    entry = mail.log("smtp")[-1]
    assert (entry["to"], entry["status"], entry["message_id"]) == (["someone@qq.com"], 250, message_id)
    assert (mail.inbox(), mail.letters()) == ([], [])


def test_nobody_is_told_of_a_mail_after_a_reset(mail: MailWorld) -> None:
    mail.send("bounces@qq.com")
    mail.simulator.post("/_sim/reset")
    mail.writes(subject="later")
    mail.simulator.get(f"/_sim/mail/people/{MING}/mails", since=1, wait=1.3)
    assert [read(raw)["Subject"] for raw in mail.inbox()] == ["later"]


def test_new_customers_get_mail_too(mail: MailWorld) -> None:
    person = mail.simulator.post("/_sim/mail/people", {"name": "路人"})
    mail.send(person["address"])
    wait_until(lambda: len(mail.letters(person["address"])) == 1)
    assert person["unionid"]
