"""One connection to an IMAP server: opened as its provider wants it, its failures in our words."""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from imap_tools.errors import ImapToolsError, MailboxFolderSelectError, MailboxLoginError
from imap_tools.mailbox import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted

from channels.contract import Cache
from channels.email.oauth import AccessTokens
from channels.email.pacing import Logins
from channels.email.settings import MailSettings, Server
from channels.errors import Misconfigured, SendError, Throttled, Unreachable
from channels.http import Http

TIMEOUT = 20.0  # seconds for connecting and for every answer
TROUBLE = (imaplib.IMAP4.error, ImapToolsError, OSError)
OVERLOADED = re.compile(r"\[(?:UNAVAILABLE|INUSE|LIMIT|THROTTLED)\]|too many|temporar|try again|system busy", re.I)
UNSAFE = re.compile(r"unsafe login", re.I)
# NetEase opens no folder for clients that do not say who they are
WHO_WE_ARE = '("name" "Yizhan" "version" "1" "vendor" "Yizhan")'
FROM_A_SERVER = 200  # letters of its answer that we repeat


class Credentials:
    """How to log in, to IMAP and to SMTP."""

    def __init__(self, settings: MailSettings, http: Http, cache: Cache):
        self.login, self._password = settings.login, settings.password.get_secret_value()
        self._tokens = AccessTokens(self.login, settings.oauth, http, cache) if settings.oauth else None
        self._how = settings.provider.log_in if settings.provider else "Check settings.username and settings.password."

    @property
    def by_token(self) -> bool:
        return self._tokens is not None

    def secret(self, rejected: str = "") -> str:
        return self._tokens.get(rejected) if self._tokens else self._password

    def advice(self) -> str:
        return self._how


class Imap:
    """Opens connections of one mailbox."""

    def __init__(self, settings: MailSettings, credentials: Credentials, cache: Cache):
        self._server, self._credentials = settings.imap, credentials
        self._logins = Logins(credentials.login, settings.imap.host, cache)

    def open(self) -> BaseMailBox:
        """Logged in, introduced, with no folder open."""
        with in_our_words(self._server):
            return self._open()

    @contextmanager
    def opened(self) -> Iterator[BaseMailBox]:
        box = self.open()
        try:
            with in_our_words(self._server):
                yield box
        finally:
            close(box)

    def _open(self) -> BaseMailBox:
        secret = self._credentials.secret()  # before the server waits for us: a token may have to be renewed
        box = connected(self._server)
        try:
            self._log_in(box, secret)
            capabilities = box.client.capability()[1][0] or b""
            box.client.capabilities = tuple(capabilities.decode("ascii", "replace").upper().split())
            if "ID" in box.client.capabilities:
                box.client.xatom("ID", WHO_WE_ARE)
        except BaseException:
            close(box)
            raise
        return box

    def _log_in(self, box: BaseMailBox, secret: str) -> None:
        try:
            self._present(box, secret)
        except (MailboxLoginError, imaplib.IMAP4.error) as error:
            if isinstance(error, imaplib.IMAP4.abort):
                raise
            if OVERLOADED.search(str(error)):
                raise Throttled(f"{self._server.host} has no room for us now") from None
            failure = self._again(box, secret) if self._credentials.by_token else self._refused(error)
            if failure:
                raise failure from None
        self._logins.accepted()

    def _present(self, box: BaseMailBox, secret: str) -> None:
        login = self._credentials.login
        if self._credentials.by_token:
            box.xoauth2(login, secret, initial_folder=None)
        elif (login + secret).isascii():
            box.login(login, secret, initial_folder=None)
        else:
            box.login_utf8(login, secret, initial_folder=None)

    def _again(self, box: BaseMailBox, rejected: str) -> SendError | None:
        """The token may have been taken back before its time."""
        try:
            self._present(box, self._credentials.secret(rejected))
        except (MailboxLoginError, imaplib.IMAP4.error) as error:
            return self._refused(error)
        return None

    def _refused(self, error: Exception) -> SendError:
        code = re.search(r"\[([A-Z]+)\]", str(error))
        return self._logins.refused(self._credentials.advice, code[1] if code else "NO")


def connected(server: Server) -> BaseMailBox:
    context = ssl.create_default_context()
    if server.security == "tls":
        box: BaseMailBox = MailBox(server.host, server.port, timeout=TIMEOUT, ssl_context=context)
    elif server.security == "starttls":
        box = MailBoxStartTls(server.host, server.port, timeout=TIMEOUT, ssl_context=context)
    else:
        box = MailBoxUnencrypted(server.host, server.port, timeout=TIMEOUT)
    box.client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return box


def close(box: BaseMailBox) -> None:
    """A server that is gone needs no farewell."""
    with suppress(*TROUBLE):
        box.client.sock.settimeout(1)
        box.client.logout()
    with suppress(OSError):
        box.client.shutdown()


def select(box: BaseMailBox, folder: str) -> int:
    """Open a folder; returns its UIDVALIDITY, which changes when the server renumbers it."""
    try:
        box.folder.set(folder)
    except MailboxFolderSelectError as error:
        if UNSAFE.search(str(error)):
            raise Misconfigured(
                "the provider does not trust this client (Unsafe Login): log in to the web mail, "
                "confirm the log-in there, and write to its support if it stays"
            ) from None
        names = ", ".join(each.name for each in box.folder.list()[:20])
        raise Misconfigured(f"there is no folder {folder!r}; there are: {names}") from None
    _, told = box.client.response("UIDVALIDITY")
    return int(told[-1]) if told and told[-1] else 0


@contextmanager
def in_our_words(server: Server) -> Iterator[None]:
    failure: SendError
    try:
        yield
        return
    except SendError:
        raise
    except ssl.SSLCertVerificationError as error:
        failure = Misconfigured(f"the certificate of {server.host} is not to be trusted: {error.verify_message}")
    except ssl.SSLError:
        failure = Unreachable(f"{server.host}:{server.port} speaks no TLS as we do; check its port and security")
    except TimeoutError:
        failure = Unreachable(f"no answer from {server.host} in time")
    except OSError:
        failure = Unreachable(f"no connection to {server.host}:{server.port}")
    except (imaplib.IMAP4.error, ImapToolsError) as error:
        failure = Unreachable(f"{server.host} broke off: {said(error)}")
    raise failure


def said(error: object) -> str:
    return " ".join(str(error).split())[:FROM_A_SERVER]
