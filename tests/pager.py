"""A channel kind from outside, found by its entry point. Its provider does what a test tells it to."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import ClassVar

from pydantic import TypeAdapter, ValidationError

from channels.contract import (
    Attachment,
    Capabilities,
    ChannelSettings,
    DeliveryResult,
    Event,
    File,
    OutboundMessage,
    WebhookChannel,
    WebhookRequest,
    check_signature,
)
from channels.errors import SendError, Unreadable

EVENTS: TypeAdapter[list[Event]] = TypeAdapter(list[Event])
SIGNATURE = "signed"
ENTRY_POINTS = "[yizhan.channels]\npager = tests.pager:Pager\n"


class Pager(WebhookChannel):
    scheme = "pager"
    Settings: ClassVar[type[ChannelSettings]] = ChannelSettings
    capabilities = Capabilities(receipts=True)
    # what the next sends come to: an error, or something to do meanwhile; none left: they are taken
    answers: ClassVar[deque[SendError | Callable[[OutboundMessage], None]]] = deque()
    sent: ClassVar[list[OutboundMessage]] = []

    def verify(self, request: WebhookRequest) -> None:
        check_signature(SIGNATURE, request.headers.get("X-Signature", ""))

    def parse(self, request: WebhookRequest) -> list[Event]:
        try:
            return EVENTS.validate_json(request.body)
        except ValidationError:
            raise Unreadable("not events") from None

    def send(self, message: OutboundMessage) -> DeliveryResult:
        outcome = self.answers.popleft() if self.answers else None
        if isinstance(outcome, SendError):
            raise outcome
        if outcome:
            outcome(message)
        self.sent.append(message)
        return DeliveryResult(f"page-{len(self.sent)}")

    def fetch(self, attachment: Attachment) -> File:
        outcome = self.answers.popleft() if self.answers else None
        if isinstance(outcome, SendError):
            raise outcome
        return File(f"{attachment.ref}.png", "image/png", b"\x89PNG\r\n\x1a\n" + attachment.ref.encode())
