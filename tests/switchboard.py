"""A phone line from outside, found by its entry point. Its engine does what a test tells it to."""

from __future__ import annotations

from collections import deque
from typing import ClassVar
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from channels.contract import (
    Address,
    Attachment,
    Capabilities,
    DeliveryResult,
    Event,
    File,
    OutboundMessage,
    WebhookReply,
    WebhookRequest,
    check_signature,
)
from channels.errors import Refused, SendError, Unreadable
from channels.voice import Placement, Script, Softphone, VoiceChannel, VoiceSettings

EVENTS: TypeAdapter[list[Event]] = TypeAdapter(list[Event])
SCRIPT: TypeAdapter[Script] = TypeAdapter(Script)
SIGNATURE = "signed"
ENTRY_POINTS = "switchboard = tests.switchboard:Switchboard\n"


class Switchboard(VoiceChannel):
    scheme = "tel"
    Settings: ClassVar[type[VoiceSettings]] = VoiceSettings
    capabilities = Capabilities(spoken=True)
    answers: ClassVar[deque[SendError]] = deque()  # what the next calls come to; none left: they are done
    placed: ClassVar[list[Placement]] = []
    done: ClassVar[list[tuple[str, ...]]] = []

    def verify(self, request: WebhookRequest) -> None:
        check_signature(SIGNATURE, request.headers.get("X-Signature", ""))

    def parse(self, request: WebhookRequest) -> list[Event]:
        try:
            return EVENTS.validate_json(request.body)
        except ValidationError:
            raise Unreadable("not events") from None

    def respond(self, request: WebhookRequest, script: Script) -> WebhookReply:
        return WebhookReply(SCRIPT.dump_json(script).decode(), content_type="application/json")

    def place(self, placement: Placement) -> str:
        self._next()
        self.placed.append(placement)
        return f"leg-{len(self.placed)}"

    def move(self, leg: str, uid: UUID | None, turn: str) -> None:
        self._do("move", leg, turn)

    def end(self, leg: str) -> None:
        self._do("end", leg)

    def hold(self, leg: str, room: str, *, on: bool) -> None:
        self._do("hold" if on else "resume", leg)

    def forget(self, recording: str) -> None:
        self._do("forget", recording)

    def browser(self, agent_id: int) -> str:
        return f"browser-{agent_id}"

    def softphone(self, agent_id: int) -> Softphone | None:
        return Softphone("switchboard", f"token-of-{agent_id}", 3600)

    def address(self, written: str) -> Address:
        if not written.startswith("+"):
            raise ValueError("no number")
        return Address(self.scheme, written)

    def fetch(self, attachment: Attachment) -> File:
        return File(f"{attachment.ref}.mp3", "audio/mpeg", b"ID3" + attachment.ref.encode())

    def send(self, message: OutboundMessage) -> DeliveryResult:
        raise Refused("is said in calls only")

    def _do(self, *what: str) -> None:
        self._next()
        self.done.append(what)

    def _next(self) -> None:
        if self.answers:
            raise self.answers.popleft()
