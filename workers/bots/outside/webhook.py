"""Asks your own bot, by the contract of docs/third-party-bots.md."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints, TypeAdapter, model_validator

from channels.settings import Secret
from workers.bots.contract import Answer, Candidate, EngineSettings, HandOver, Pass, Say, Turn
from workers.bots.outside.asking_others import MOST_CHOICES, AskingOthers, AskingSettings, Readable, Told, readable

VERSION = 1
MOST_NOTES = 4 * 1024  # bytes
MOST_SLOTS = 20
EVIDENCE = 80  # characters


def _address(url: str) -> str:
    """As it stands: where a slash at its end is missing, servers answer with a redirect."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.fragment or "@" in parts.netloc:
        raise ValueError('must be an address, like "https://bot.example.com/turns"')
    return url


def _something(text: str) -> str:
    if not text:
        raise ValueError("must not be empty")
    return text


def _kept(notes: dict[str, Any]) -> dict[str, Any]:
    clean: dict[str, Any] = _storable(notes)
    if len(json.dumps(clean, ensure_ascii=False, allow_nan=False).encode()) > MOST_NOTES:
        raise ValueError(f"must not be larger than {MOST_NOTES} bytes")
    return clean


def _storable(value: Any) -> Any:
    """The database takes any JSON but NUL."""
    match value:
        case str():
            return value.replace("\0", "")
        case list():
            return [_storable(each) for each in value]
        case dict():
            return {_storable(name): _storable(each) for name, each in value.items()}
    return value


ChoiceText = Annotated[str, StringConstraints(max_length=100), AfterValidator(readable), AfterValidator(_something)]
SlotName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,40}$")]
Slot = Annotated[str, StringConstraints(max_length=500), AfterValidator(readable)]


class Decided(Told):
    action: Literal["say", "hand_over", "pass"]
    text: Readable = ""
    choices: Annotated[list[ChoiceText], Field(max_length=MOST_CHOICES)] = []
    reason: Annotated[str, StringConstraints(pattern=r"^[a-z_]{0,40}$")] = ""
    confidence: Annotated[float, Field(ge=0, le=1)] | None = None
    notes: Annotated[dict[str, Any], AfterValidator(_kept)] | None = None
    slots: Annotated[dict[SlotName, Slot], Field(max_length=MOST_SLOTS)] = {}

    @model_validator(mode="before")
    @classmethod
    def _null_is_nothing(cls, given: Any) -> Any:
        return {name: each for name, each in given.items() if each is not None} if isinstance(given, dict) else given

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.action == "say" and not self.text:
            raise ValueError("say what?")
        return self


DECIDED = TypeAdapter(Decided)


class WebhookSettings(AskingSettings):
    url: Annotated[str, AfterValidator(_address)]
    secret: Secret  # of the signature


class Webhook(AskingOthers):
    Settings: ClassVar[type[EngineSettings]] = WebhookSettings
    settings: WebhookSettings

    def headers(self) -> dict[str, str]:
        return {"User-Agent": f"Yizhan/{VERSION}"}

    def ask(self, turn: Turn) -> Answer | None:
        payload = {"version": VERSION, "turn": _written(turn)}
        decided = self._service.ask(payload, DECIDED, within=self._within, sign=self._sign)
        return _answer(decided, turn) if decided else None

    def _sign(self, body: bytes) -> Mapping[str, str]:
        timestamp = str(int(time.time()))
        signature = signed(self.settings.secret.get_secret_value(), timestamp, body)
        return {"X-Yizhan-Timestamp": timestamp, "X-Yizhan-Signature": signature}


def signed(secret: str, timestamp: str, body: bytes) -> str:
    return "v1=" + hmac.new(secret.encode(), f"{timestamp}.".encode() + body, sha256).hexdigest()


def _written(turn: Turn) -> dict[str, Any]:
    return {
        "id": turn.id,
        "conversation": turn.conversation,
        "text": readable(turn.text),
        "kind": turn.kind,
        "language": turn.language,
        "channel": turn.channel,
        "form": turn.form,
        "name": turn.name,
        "history": [{"author": line.author, "text": readable(line.text)} for line in turn.history],
        "hints": dict(turn.hints),
        "at": turn.at.isoformat(),
        "notes": dict(turn.notes),
    }


def _answer(decided: Decided, turn: Turn) -> Answer:
    sure = decided.confidence
    evidence = () if sure is None else (Candidate("webhook", readable(turn.text)[:EVIDENCE], sure),)
    match decided.action:
        case "say":
            choices = tuple(dict.fromkeys(decided.choices))
            return Say(
                text=decided.text, candidates=evidence, choices=choices, notes=decided.notes, slots=decided.slots
            )
        case "hand_over":
            reason = decided.reason or "bot_asked"
            return HandOver(reason=reason, text=decided.text, candidates=evidence, slots=decided.slots)
    return Pass(candidates=evidence, why=decided.reason)
