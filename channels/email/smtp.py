"""One mail handed to an SMTP server, step by step, so that we know what a failure left behind."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import aiosmtplib
from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
)

from channels.contract import Cache
from channels.email.answers import Phase, failure
from channels.email.imap import Credentials
from channels.email.pacing import Logins
from channels.email.settings import MailSettings
from channels.errors import Misconfigured, Refused, SendError, Uncertain, Unreachable

log = logging.getLogger(__name__)

TIMEOUT = 20.0  # seconds for connecting and for every answer but the last
TIMEOUT_FOR_DATA = 60.0  # servers look for viruses before they answer
BEFORE_DATA = 40.0  # for all that comes before: a worker waits for it
SLOWEST = 256 * 1024  # bytes a second that we wait for


@dataclass(frozen=True, slots=True)
class Envelope:
    sender: str
    to: str  # whose refusal stops the mail
    copies: Sequence[str] = ()  # Cc and Bcc
    raw: bytes = field(default=b"", repr=False)


class Smtp:
    def __init__(self, settings: MailSettings, credentials: Credentials, cache: Cache):
        self._server, self._credentials = settings.smtp, credentials
        self._logins = Logins(credentials.login, settings.smtp.host, cache)

    def deliver(self, envelope: Envelope) -> Mapping[str, SendError]:
        """Returns the copies that were refused; raises where the mail did not go to its recipient."""
        self._credentials.secret()  # before the server waits for us: a token may have to be renewed
        return asyncio.run(Transaction(self).run(envelope))

    def greet(self) -> None:
        """Connect and log in, as for a mail."""
        asyncio.run(Transaction(self).run(None))

    def client(self) -> SMTP:
        return SMTP(
            hostname=self._server.host,
            port=self._server.port,
            use_tls=self._server.security == "tls",
            start_tls=self._server.security == "starttls",
            tls_context=None if self._server.security == "plain" else ssl.create_default_context(),
            timeout=TIMEOUT,
        )

    @property
    def host(self) -> str:
        return self._server.host

    async def log_in(self, client: SMTP) -> None:
        if not client.supports_extension("auth"):
            if self._server.is_loopback:  # a server beside us may trust everybody there
                return
            raise Misconfigured(f"{self.host} takes no log-in on this port: check smtp_port and smtp_security")
        secret = self._credentials.secret()
        try:
            await self._present(client, secret)
        except SMTPAuthenticationError as error:
            if 400 <= error.code < 500:
                raise
            if not self._credentials.by_token:
                raise self._refused(error) from None
            await self._again(client, secret)
        self._logins.accepted()

    async def _again(self, client: SMTP, rejected: str) -> None:
        """The token may have been taken back before its time."""
        try:
            await self._present(client, self._credentials.secret(rejected))
        except SMTPAuthenticationError as error:
            raise self._refused(error) from None

    async def _present(self, client: SMTP, secret: str) -> None:
        if self._credentials.by_token:
            await client.auth_xoauth2(self._credentials.login, secret)
        else:
            await client.login(self._credentials.login, secret)

    def _refused(self, error: SMTPAuthenticationError) -> SendError:
        return self._logins.refused(self._credentials.advice, str(error.code))


class Transaction:
    """Goes through the phases of one connection, and remembers which it is in."""

    def __init__(self, smtp: Smtp):
        self._smtp, self._phase = smtp, Phase.CONNECT
        self._refused: dict[str, SendError] = {}

    async def run(self, envelope: Envelope | None) -> Mapping[str, SendError]:
        client = self._smtp.client()
        try:
            async with asyncio.timeout(BEFORE_DATA + (_for_data(envelope.raw) if envelope else 0)):
                await client.connect()
                await client.ehlo()  # what the server offers; after STARTTLS it may be more
                self._phase = Phase.LOGIN
                await self._smtp.log_in(client)
                if envelope:
                    await self._hand_over(client, envelope)
        except SendError:
            raise
        except (SMTPException, OSError) as error:
            raise self._failure(error) from None
        finally:
            await self._leave(client)
        return self._refused

    async def _hand_over(self, client: SMTP, envelope: Envelope) -> None:
        self._phase = Phase.SENDER
        limit = client.esmtp_extensions.get("size", "")
        if limit.isdecimal() and 0 < int(limit) < len(envelope.raw):
            raise Refused(f"the mail has {len(envelope.raw)} bytes, {self._smtp.host} takes {limit}", code="552")
        options = [f"SIZE={len(envelope.raw)}"] if client.supports_extension("size") else []
        await client.mail(envelope.sender, options=options)
        self._phase = Phase.RECIPIENT
        await client.rcpt(envelope.to)
        for address in envelope.copies:
            try:
                await client.rcpt(address)
            except SMTPRecipientRefused as error:
                self._refused[address] = failure(Phase.RECIPIENT, error.code, error.message)
        self._phase = Phase.DATA
        await client.data(envelope.raw, timeout=_for_data(envelope.raw))

    async def _leave(self, client: SMTP) -> None:
        with suppress(SMTPException, OSError):
            if client.is_connected:
                await client.quit(timeout=2)
        client.close()

    def _failure(self, error: Exception) -> SendError:
        host = self._smtp.host
        match error:
            case ssl.SSLCertVerificationError():
                return Misconfigured(f"the certificate of {host} is not to be trusted: {error.verify_message}")
            case SMTPResponseException():
                return failure(self._phase, error.code, error.message)
            case SMTPConnectError() if isinstance(error.__cause__, ssl.SSLCertVerificationError):
                return Misconfigured(
                    f"the certificate of {host} is not to be trusted: {error.__cause__.verify_message}"
                )
            case _ if self._phase is Phase.DATA:
                return Uncertain(f"{host} fell silent after it had the mail: it may have been sent")
            case aiosmtplib.SMTPNotSupported():
                return Misconfigured(f"{host} does not offer what is configured: {error}")
            case TimeoutError():
                return Unreachable(f"no answer from {host} in time")
        return Unreachable(f"no connection to {host}")


def _for_data(raw: bytes) -> float:
    """Seconds for the mail itself and the server's answer to it."""
    return TIMEOUT_FOR_DATA + len(raw) / SLOWEST
