"""A mailbox as a channel: read by IMAP or posted to us, answered by SMTP."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import new as hmac
from typing import ClassVar

from channels.contract import (
    Address,
    Attachment,
    Cache,
    Capabilities,
    DeliveryResult,
    Event,
    File,
    Finding,
    MediaLimit,
    OutboundMessage,
    Page,
    Paste,
    ReceivingChannel,
    WebhookRequest,
    check_signature,
)
from channels.email import composing, doctor, incoming, showing
from channels.email.answers import MailboxThrottled
from channels.email.composing import Sender
from channels.email.imap import Credentials, Imap
from channels.email.mailbox import LARGEST_MAIL, Mailbox
from channels.email.pacing import Pace
from channels.email.parsing import Mail, parse
from channels.email.sent import Sent
from channels.email.settings import MailSettings
from channels.email.smtp import Envelope, Smtp
from channels.email.tokens import Tokens
from channels.errors import BadSignature, Refused, SendError
from channels.http import Http

log = logging.getLogger(__name__)

CLOCKS_DIFFER = timedelta(minutes=5)


class Email(ReceivingChannel):
    Settings: ClassVar[type[MailSettings]] = MailSettings
    scheme = incoming.SCHEME
    largest_push = LARGEST_MAIL
    keeps_raw = True
    capabilities = Capabilities(
        media=dict.fromkeys(("image", "audio", "video", "file"), MediaLimit(composing.LARGEST, None)),
        links=True,
        threaded=True,
        whole=True,
        begins=True,
        reconciles=True,
        send_takes=timedelta(minutes=10),
        retry_after=tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240)),
    )
    settings: MailSettings

    def __init__(
        self,
        name: str,
        settings: MailSettings,
        *,
        http: Http,
        cache: Cache,
    ):
        super().__init__(name, settings, http=http, cache=cache)
        self.tokens = Tokens(settings.address, settings.signing_key)
        self._credentials = Credentials(settings, http, cache)
        self._imap = Imap(settings, self._credentials, cache)
        self._smtp = Smtp(settings, self._credentials, cache)
        self._sent = Sent(self._imap)
        self._pace = Pace(settings.address, settings.pace, cache)
        self._mailbox = Mailbox(settings, self._imap)

    def address(self, written: str) -> Address:
        try:
            composing.address(written)
        except Refused as error:
            raise ValueError(error.reason) from None
        return Address(self.scheme, written.strip().lower())

    def is_own(self, address: str) -> bool:
        return incoming.is_own(address.lower(), self.settings)

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
        found = self._parsed(digest).attachments
        if not number.isdecimal() or int(number) >= len(found):
            raise Refused("the mail has no such attachment")
        part = found[int(number)]
        return File(part.name, part.mime, part.content)

    def page(self, kept: str, *, pictures: bool) -> Page | None:
        return showing.page(self._parsed(kept), pictures=pictures)

    def _parsed(self, digest: str) -> Mail:
        try:
            return parse(self.kept(digest))
        except LookupError:
            raise Refused("the mail is no longer in the store", code="lost_file") from None

    # out

    def send(self, message: OutboundMessage) -> DeliveryResult:
        envelope, message_id = self._written(message)
        self._pace.check()
        try:
            refused = self._smtp.deliver(envelope)
        except MailboxThrottled as error:
            self._pace.pause(error)
            raise
        self._keep_copy(envelope.raw, message_id)
        return DeliveryResult(message_id.strip("<>"), {address: error.reason for address, error in refused.items()})

    def reconcile(self, message: OutboundMessage) -> DeliveryResult | None:
        """After Uncertain: what the Sent folder says. None is no proof that it was not sent."""
        message_id = self._message_id(message)
        return DeliveryResult(message_id.strip("<>")) if self._sent.has(message_id) else None

    def _written(self, message: OutboundMessage) -> tuple[Envelope, str]:
        message_id, settings = self._message_id(message), self.settings
        plus = settings.has_plus_address
        sender = Sender(
            address=settings.address,
            name=settings.name,
            reply_to=self.tokens.reply_address(message.letter.thread or message.id.hex) if plus else settings.address,
            message_id=message_id,
            loop_mark=self.tokens.loop_mark(),
            signature=settings.signature,
            numbered=settings.numbers_subjects,
        )
        to, *copies = composing.recipients(message)
        return Envelope(settings.address, to, copies, composing.compose(message, sender)), message_id

    def _message_id(self, message: OutboundMessage) -> str:
        return self.tokens.message_id(message.id, message.letter.thread, message.to.value)

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
