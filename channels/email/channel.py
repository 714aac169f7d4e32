"""A mailbox as a channel: read by IMAP or posted to us, answered by SMTP."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import new as hmac
from typing import ClassVar

from channels.contract import (
    Attachment,
    Cache,
    Capabilities,
    DeliveryResult,
    Event,
    File,
    Finding,
    MediaLimit,
    Medium,
    OutboundMessage,
    Paste,
    WebhookChannel,
    WebhookRequest,
    check_signature,
)
from channels.email import composing, doctor, incoming
from channels.email.answers import MailboxThrottled
from channels.email.composing import PLAIN, Letter, Sender
from channels.email.imap import Credentials, Imap
from channels.email.mailbox import Mailbox
from channels.email.pacing import Pace
from channels.email.parsing import parse
from channels.email.sent import Sent
from channels.email.settings import MailSettings
from channels.email.smtp import Envelope, Smtp
from channels.email.tokens import Tokens
from channels.errors import BadSignature, Refused, SendError, Unreachable
from channels.http import Http

log = logging.getLogger(__name__)

CLOCKS_DIFFER = timedelta(minutes=5)
MIMES: Mapping[Medium, frozenset[str]] = {
    "image": frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"}),
    "audio": frozenset({"audio/mpeg", "audio/mp4", "audio/amr", "audio/wav", "audio/x-wav", "audio/ogg"}),
    "video": frozenset({"video/mp4", "video/quicktime", "video/webm"}),
    "file": frozenset(
        {
            "application/pdf",
            "application/zip",
            "application/msword",
            "application/vnd.ms-excel",
            "application/vnd.ms-powerpoint",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            "text/plain",
            "text/csv",
            "text/calendar",
        }
    ),
}


@dataclass(frozen=True, slots=True)
class PostedMail(DeliveryResult):
    """Copies may have been refused though the customer's mail was not: each address with the reason."""

    refused: Mapping[str, str] = field(default_factory=dict)


class Email(WebhookChannel):
    Settings: ClassVar[type[MailSettings]] = MailSettings
    scheme = incoming.SCHEME
    capabilities = Capabilities(
        media={medium: MediaLimit(composing.LARGEST, mimes) for medium, mimes in MIMES.items()},
        links=True,
        threaded=True,
    )
    settings: MailSettings

    def __init__(
        self,
        name: str,
        settings: MailSettings,
        *,
        http: Http,
        cache: Cache,
        kept: Callable[[str], bytes] | None = None,
    ):
        """`kept` brings the raw mail of a SHA-256 back, for what is attached to it."""
        super().__init__(name, settings, http=http, cache=cache)
        self.kept = kept
        self.tokens = Tokens(settings.address, settings.signing_key)
        self._credentials = Credentials(settings, http, cache)
        self._imap = Imap(settings, self._credentials, cache)
        self._smtp = Smtp(settings, self._credentials, cache)
        self._sent = Sent(self._imap)
        self._pace = Pace(settings.address, settings.pace, cache)
        self._mailbox = Mailbox(settings, self._imap)

    # in

    def receive(self, after: str, patience: timedelta) -> Generator[tuple[str, WebhookRequest], None, None]:
        """Every mail behind the cursor `after`, each with the cursor behind it; "" is the beginning."""
        return self._mailbox.receive(after, patience)

    def close(self) -> None:
        """Let go of the connection that `receive` keeps."""
        self._mailbox.close()

    def verify(self, request: WebhookRequest) -> None:
        if request.method == "IMAP":  # we fetched it ourselves; no web request has this method
            return
        secret = self.settings.hook_secret.get_secret_value()
        said_at = incoming.header(request, "X-Yizhan-Timestamp")
        given = incoming.header(request, "X-Yizhan-Signature").lower()
        if not secret or not said_at.isascii() or not said_at.isdecimal() or len(said_at) > 12:
            raise BadSignature
        check_signature(hmac(secret.encode(), said_at.encode() + b"." + request.body, sha256).hexdigest(), given)
        if abs(datetime.now(UTC).timestamp() - int(said_at)) > CLOCKS_DIFFER.total_seconds():
            raise BadSignature

    def parse(self, request: WebhookRequest) -> list[Event]:
        return incoming.events(request, self.settings, self.tokens)

    def fetch(self, attachment: Attachment) -> File:
        digest, _, number = attachment.ref.partition(":")
        if not self.kept:
            raise Unreachable("the raw mail is not at hand")
        found = parse(self.kept(digest)).attachments
        if not number.isdecimal() or int(number) >= len(found):
            raise Refused("the mail has no such attachment")
        part = found[int(number)]
        return File(part.name, part.mime, part.content)

    # out

    def send(self, message: OutboundMessage, letter: Letter = PLAIN) -> DeliveryResult:
        envelope, message_id = self._written(message, letter)
        self._pace.check()
        try:
            refused = self._smtp.deliver(envelope)
        except MailboxThrottled as error:
            self._pace.pause(error)
            raise
        self._keep_copy(envelope.raw, message_id)
        return PostedMail(message_id.strip("<>"), {address: error.reason for address, error in refused.items()})

    def reconcile(self, message: OutboundMessage, letter: Letter = PLAIN) -> DeliveryResult | None:
        """After Uncertain: what the Sent folder says. None is no proof that it was not sent."""
        message_id = self._message_id(message, letter)
        return DeliveryResult(message_id.strip("<>")) if self._sent.has(message_id) else None

    def _written(self, message: OutboundMessage, letter: Letter) -> tuple[Envelope, str]:
        message_id = self._message_id(message, letter)
        thread = letter.thread or message.id.hex
        reply_to = self.tokens.reply_address(thread) if self.settings.has_plus_address else self.settings.address
        sender = Sender(
            address=self.settings.address,
            name=self.settings.name,
            reply_to=reply_to,
            message_id=message_id,
            loop_mark=self.tokens.loop_mark(),
            signature=self.settings.signature,
        )
        to, *copies = composing.recipients(message, letter)
        raw = composing.compose(message, letter, sender)
        return Envelope(self.settings.address, to, copies, raw), message_id

    def _message_id(self, message: OutboundMessage, letter: Letter) -> str:
        return self.tokens.message_id(message.id, letter.thread, message.to.value)

    def _keep_copy(self, raw: bytes, message_id: str) -> None:
        wanted = self.settings.append_sent
        provider = self.settings.provider
        if wanted is False or (wanted == "auto" and provider and provider.keeps_sent):
            return
        try:
            self._sent.keep(raw, message_id)
        except SendError as error:  # the mail itself is sent: to fail now would send it again
            log.warning("%s: no copy of a mail was put into Sent: %s", self.name, error.reason)

    # setting up

    def diagnose(self, hook: str) -> Iterator[Finding]:
        yield from doctor.examine(self.settings, self._imap, self._smtp, self.tokens)

    def console(self, hook: str) -> list[Paste]:
        return doctor.pastes(self.settings, hook)
