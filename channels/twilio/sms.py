"""SMS and MMS by Twilio.

https://www.twilio.com/docs/messaging/api/message-resource,
https://www.twilio.com/docs/messaging/guides/webhook-request
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from channels.contract import (
    Address,
    Attachment,
    Cache,
    Capabilities,
    DeliveryResult,
    Event,
    File,
    Finding,
    OutboundMessage,
    Paste,
    PolledChannel,
    WebhookChannel,
    WebhookReply,
    WebhookRequest,
)
from channels.errors import Refused, Uncertain
from channels.http import Http
from channels.twilio import doctor, events, media
from channels.twilio.api import TwilioApi
from channels.twilio.errors import explained, failure
from channels.twilio.push import MESSAGE_SID, SCHEME, Push, check
from channels.twilio.settings import SmsSettings

# Twilio takes 1600 characters; in Chinese this is 533 of them, and so the eight segments that carriers bear
TEXT_BYTES = 1600
NOTHING_TO_SAY = '<?xml version="1.0" encoding="UTF-8"?><Response/>'  # answers go by the API, which gives them an id
BEFORE, WITHIN = timedelta(seconds=30), timedelta(minutes=5)  # around our call: when Twilio says it made the message
REMEMBERED = timedelta(hours=2)  # longer than the hub looks for what it does not know to be sent
LOOKS_BACK = timedelta(hours=2)
MOST_LISTED = 1000
PAGE = 200


class Sms(WebhookChannel, PolledChannel):
    scheme = SCHEME
    largest_push: ClassVar[int] = 256 * 1024

    Settings = SmsSettings
    settings: SmsSettings

    def __init__(self, name: str, settings: SmsSettings, *, http: Http, cache: Cache):
        super().__init__(name, settings, http=http, cache=cache)
        self.capabilities = Capabilities(
            text_bytes=TEXT_BYTES,
            media=media.LIMITS if settings.mms else {},
            receipts=True,
            begins=True,
            reconciles=True,
            segments=True,
            cap=settings.cap.cap,
        )
        self._api = TwilioApi(settings, http, explained)

    # in

    def verify(self, request: WebhookRequest) -> None:
        check(request, self.settings)

    def parse(self, request: WebhookRequest) -> list[Event]:
        push = Push.read(request.body, self.settings.account_sid)
        if push is None:
            return []
        return events.pushed(push, request.query, self.settings.account_sid, self.settings.api_base)

    def acknowledge(self, request: WebhookRequest, answer: OutboundMessage | None = None) -> WebhookReply:
        return WebhookReply(NOTHING_TO_SAY, content_type="text/xml; charset=utf-8")

    def fetch(self, attachment: Attachment) -> File:
        return self._api.download(attachment)

    def poll(self) -> Iterator[Event]:
        """What came in lately, pushed to us or not."""
        messages = self._api.client.messages
        asked = {"to": self.settings.sender} if self.settings.sender else {}
        since = datetime.now(UTC) - LOOKS_BACK
        for listed in messages.stream(**asked, date_sent_after=since, limit=MOST_LISTED, page_size=PAGE):
            if listed.direction == "inbound" and self._is_ours(listed):
                yield from events.listed(listed, self._files_of(listed))

    def _is_ours(self, listed: Any) -> bool:
        service = self.settings.messaging_service_sid
        return not service or listed.messaging_service_sid == service

    def _files_of(self, listed: Any) -> list[tuple[str, str]]:
        """Each file's id and type."""
        if str(listed.num_media or "0") == "0":
            return []
        return [(each.sid, each.content_type) for each in self._api.client.messages(listed.sid).media.list(limit=10)]

    # out

    def address(self, written: str) -> Address:
        return Address(self.scheme, self.settings.number(written))

    def is_own(self, address: str) -> bool:
        return address == self.settings.sender

    def send(self, message: OutboundMessage) -> DeliveryResult:
        if not self.settings.may_reach(message.to.value):
            raise Refused(self.settings.out_of_bounds)
        content = self._content(message)
        # before the call: whoever looks for it later must know when to look
        self.cache.set(f"twilio:tried:{message.id}", datetime.now(UTC).isoformat(), REMEMBERED)
        made = self._api.client.messages.create(
            to=message.to.value, **self._sender, **content, status_callback=f"{self.hook}?m={message.id}"
        )
        return self._made(message, made)

    def reconcile(self, message: OutboundMessage) -> DeliveryResult | None:
        """Twilio keeps no id of ours, so we look for the same text to the same number at that time.

        What we know to be another message of ours is left out: people say 好的 twice.
        """
        tried = self.cache.get(f"twilio:tried:{message.id}")
        if not tried:
            return None
        since = datetime.fromisoformat(tried)
        asked = {"from_": self.settings.sender} if self.settings.sender else {}
        found = [
            (listed.date_created, listed.sid)
            for listed in self._api.client.messages.list(to=message.to.value, **asked, limit=PAGE)
            if self._is_it(listed, message)
            if listed.date_created and since - BEFORE <= listed.date_created.astimezone(UTC) <= since + WITHIN
        ]
        return self._noted(message, min(found)[1]) if found else None

    @property
    def _sender(self) -> dict[str, str]:
        if self.settings.sender:
            return {"from_": self.settings.sender}
        return {"messaging_service_sid": self.settings.messaging_service_sid}

    def _content(self, message: OutboundMessage) -> dict[str, Any]:
        if not message.file:
            return {"body": message.text}
        if not self.settings.mms:
            raise Refused("this number sends no files: send a link instead")
        text = {"body": message.text} if message.text else {}
        return {**text, "media_url": [self.publish(message.file)]}

    def _made(self, message: OutboundMessage, made: Any) -> DeliveryResult:
        if isinstance(made.error_code, int) and made.status in ("failed", "undelivered"):
            raise failure(made.error_code)
        if not isinstance(made.sid, str) or not MESSAGE_SID.fullmatch(made.sid):
            raise Uncertain("Twilio's answer has no id of the message: it may have been sent")
        return self._noted(message, made.sid)

    def _noted(self, message: OutboundMessage, sid: str) -> DeliveryResult:
        self.cache.set(f"twilio:sent:{sid}", str(message.id), REMEMBERED)
        return DeliveryResult(sid)

    def _is_it(self, listed: Any, message: OutboundMessage) -> bool:
        return (
            bool(MESSAGE_SID.fullmatch(str(listed.sid)))
            and str(listed.direction).startswith("outbound")
            and listed.to == message.to.value
            and (listed.body or "") == message.text
            and (str(listed.num_media or "0") != "0") == bool(message.file)
            and self._is_ours(listed)
            and self.cache.get(f"twilio:sent:{listed.sid}") in (None, str(message.id))
        )

    # setting up

    def diagnose(self, hook: str) -> Iterator[Finding]:
        yield from doctor.examine(self._api, self.settings, hook)

    def console(self, hook: str) -> list[Paste]:
        return doctor.pastes(self.settings, hook)
