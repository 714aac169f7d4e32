"""Mail servers, started once for all tests of mail, and a mailbox on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from channels.email.settings import MailSettings
from tests.channels.email import servers
from tests.channels.email.servers import PASSWORD, USER, ImapServer


@pytest.fixture(autouse=True)
def mail_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_MAIL_PASSWORD", PASSWORD)
    monkeypatch.setenv("TEST_MAIL_WRONG", "not-the-password")
    monkeypatch.setenv("TEST_HOOK_SECRET", "hook-secret-7f3a")
    monkeypatch.setenv("TEST_CLIENT_SECRET", "client-secret-51c0")
    monkeypatch.setenv("TEST_REFRESH_TOKEN", "refresh-token-a2d4")


@pytest.fixture(scope="session")
def dovecot() -> Iterator[ImapServer]:
    with servers.dovecot() as server:
        yield server


@pytest.fixture(scope="session")
def postfix(dovecot: ImapServer) -> Iterator[int]:
    with servers.postfix(dovecot.lmtp_port) as port:
        yield port


@pytest.fixture(scope="session")
def pymap() -> Iterator[ImapServer]:
    with servers.pymap() as server:
        yield server


@pytest.fixture(params=["dovecot", "pymap"])
def imap(request: pytest.FixtureRequest) -> ImapServer:
    server: ImapServer = request.getfixturevalue(request.param)
    return server


@pytest.fixture
def folder(imap: ImapServer) -> str:
    """Nobody else's."""
    name = f"box{uuid4().hex[:8]}"
    client = imap.client()
    assert client.create(name)[0] == "OK"
    client.logout()
    return name


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
