"""What ops write about a mailbox: little for known providers, and never what would show the password."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from channels.email.settings import MailSettings, Rate, Server
from tests.channels.email.conftest import OAUTH

LOGIN = {"password": "env:TEST_MAIL_PASSWORD"}


def settings(**given: Any) -> MailSettings:
    return MailSettings.model_validate(given)


@pytest.mark.parametrize(
    ("given", "imap", "smtp"),
    [
        ({"address": "a@163.com", **LOGIN}, ("imap.163.com", 993, "tls"), ("smtp.163.com", 465, "tls")),
        ({"address": "a@126.com", **LOGIN}, ("imap.126.com", 993, "tls"), ("smtp.126.com", 465, "tls")),
        ({"address": "a@Foxmail.com", **LOGIN}, ("imap.qq.com", 993, "tls"), ("smtp.qq.com", 465, "tls")),
        ({"address": "a@gmail.com", "oauth": OAUTH}, ("imap.gmail.com", 993, "tls"), ("smtp.gmail.com", 465, "tls")),
        (
            {"address": "a@shop.com", "oauth": {**OAUTH, "provider": "microsoft"}},
            ("outlook.office365.com", 993, "tls"),
            ("smtp.office365.com", 587, "starttls"),
        ),
        (
            {"address": "a@shop.com", **LOGIN, "imap_host": "mail.shop.com", "smtp_host": "mail.shop.com",
             "smtp_security": "starttls"},
            ("mail.shop.com", 993, "tls"),
            ("mail.shop.com", 587, "starttls"),
        ),
        (
            {"address": "a@163.com", **LOGIN, "smtp_host": "relay.shop.com"},
            ("imap.163.com", 993, "tls"),
            ("relay.shop.com", 465, "tls"),
        ),
    ],
    ids=str,
)  # fmt: skip
def test_known_providers_need_no_hosts(given: dict[str, Any], imap: Any, smtp: Any) -> None:
    known = settings(**given)
    assert (known.imap, known.smtp) == (Server(*imap), Server(*smtp))


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"address": "a@shop.com", **LOGIN}, "imap_host"),
        ({"address": "a@163.com"}, "either a password or"),
        ({"address": "a@163.com", **LOGIN, "oauth": OAUTH}, "either a password or"),
        ({"address": "a@163.com", **LOGIN, "imap_security": "plain"}, "would show the password"),
        ({"address": "a@163.com", **LOGIN, "smtp_host": "10.0.0.1", "smtp_security": "plain"}, "would show"),
        ({"address": "no address", **LOGIN}, "not a mail address"),
        ({"address": "a@163.com", **LOGIN, "rate": "many"}, "write a rate as"),
        ({"address": "a@163.com", **LOGIN, "name": "a\nb"}, "no line breaks"),
        ({"address": "a@163.com", "password": "hunter2"}, "never as itself"),
        ({"address": "a@gmail.com", "oauth": {**OAUTH, "refresh_token": "1//x"}}, "never as itself"),
    ],
    ids=str,
)  # fmt: skip
def test_mistakes_are_told(given: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        settings(**given)


def test_secrets_are_known_and_never_shown() -> None:
    for given in ({"address": "a@163.com", **LOGIN}, {"address": "a@gmail.com", "oauth": OAUTH}):
        known = settings(**given)
        assert known.secrets()
        for secret in known.secrets():
            assert secret not in f"{known} {known!r} {known.model_dump_json()}"


def test_a_rate_is_so_many_in_a_time() -> None:
    assert settings(address="a@163.com", **LOGIN, rate="400/d").pace == Rate(400, timedelta(days=1))
    assert settings(address="a@163.com", **LOGIN).pace is None


def test_plus_addresses_are_used_where_they_are_known_to_arrive() -> None:
    assert settings(address="a@gmail.com", oauth=OAUTH).has_plus_address
    assert not settings(address="a@163.com", **LOGIN).has_plus_address
    assert settings(address="a@163.com", **LOGIN, plus_address=True).has_plus_address
