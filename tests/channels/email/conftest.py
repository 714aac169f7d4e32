"""A mailbox on the mail servers of the tests, and its secrets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from channels.email.settings import MailSettings
from tests.channels.email.servers import PASSWORD, USER


@pytest.fixture(autouse=True)
def mail_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_MAIL_PASSWORD", PASSWORD)
    monkeypatch.setenv("TEST_MAIL_WRONG", "not-the-password")
    monkeypatch.setenv("TEST_HOOK_SECRET", "hook-secret-7f3a")
    monkeypatch.setenv("TEST_CLIENT_SECRET", "client-secret-51c0")
    monkeypatch.setenv("TEST_REFRESH_TOKEN", "refresh-token-a2d4")


OAUTH = {
    "provider": "google",
    "client_id": "the-client",
    "client_secret": "env:TEST_CLIENT_SECRET",
    "refresh_token": "env:TEST_REFRESH_TOKEN",
}
Settings = Callable[..., MailSettings]


@pytest.fixture
def written() -> Settings:
    def make(imap_port: int = 1, smtp_port: int = 1, **more: Any) -> MailSettings:
        login = {} if "oauth" in more else {"password": "env:TEST_MAIL_PASSWORD"}
        return MailSettings.model_validate(
            {
                "address": USER,
                **login,
                "imap_host": "127.0.0.1",
                "imap_port": imap_port,
                "imap_security": "plain",
                "smtp_host": "127.0.0.1",
                "smtp_port": smtp_port,
                "smtp_security": "plain",
                **more,
            }
        )

    return make
