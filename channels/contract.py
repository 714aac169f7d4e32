"""What a channel is, and the values it trades with the hub. All an adapter needs to know, with errors.py."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hmac import compare_digest
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Protocol
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, SecretStr

from channels.errors import BadSignature
from channels.http import Http

Medium = Literal["image", "audio", "video", "file"]
Kind = Literal[
    "text", "image", "audio", "video", "file", "location", "link", "card", "menu", "call", "event", "unsupported"
]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a person is reached: ("tel", "+8613800138000"), ("wechat:wx0a1b", "oABC123")."""

    scheme: str
    value: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came in, still at the provider: `ref` is what `Channel.fetch` takes."""

    medium: Medium
    ref: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """A file in hand: fetched from a provider, or about to be sent."""

    name: str
    mime: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Link:
    """A page to open, shown as a box with title and picture where the channel can."""

    title: str
    url: str
    description: str = ""
    image_url: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A page of our own mini program, with its cover."""

    title: str
    path: str
    cover: File | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMessage:
    event: Literal["message"] = "message"
    sender: Address
    provider_id: str  # unique within a channel: the hub ignores a second arrival
    sent_at: datetime
    sequence: int = 0  # the provider's running number: orders what `sent_at` cannot tell apart
    kind: Kind = "text"
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    payload: Mapping[str, Any] = field(default_factory=dict)  # what the kind needs beside text, and provider extras
    aliases: tuple[Address, ...] = ()  # the same person elsewhere, vouched for by the provider (a WeChat unionid)
    thread: str = ""  # channels whose messages carry their own thread (email); "" elsewhere
    in_reply_to: str | None = None
    renews: str = ""  # the allowance this message renews, a key of Capabilities.allowances

    @property
    def key(self) -> str:
        return self.provider_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of a message we sent: `provider_id` is the one `send` returned."""

    event: Literal["receipt"] = "receipt"
    key: str
    sent_at: datetime
    provider_id: str
    status: Literal["delivered", "read", "failed"]
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """A person became reachable or stopped being so."""

    event: Literal["presence"] = "presence"
    key: str
    sender: Address
    sent_at: datetime
    state: Literal["followed", "left", "blocked", "opted_out"]
    renews: str = ""

    @property
    def reachable(self) -> bool:
        return self.state == "followed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """Something a person did that is no message: opened the chat, is typing, clicked, rated."""

    event: Literal["signal"] = "signal"
    key: str
    sender: Address
    sent_at: datetime
    sequence: int = 0
    kind: Literal["entered", "typing", "menu", "rating", "other"]
    payload: Mapping[str, Any] = field(default_factory=dict)  # from the customer's side: a hint, never a proof
    renews: str = ""


Event = InboundMessage | Receipt | Presence | Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundMessage:
    """One part, already cut to what the channel can carry: a text, one file, a link or a card."""

    id: UUID  # ours; the idempotency key where the provider takes one
    to: Address
    text: str = ""
    file: File | None = None
    link: Link | None = None
    card: Card | None = None
    by_bot: bool = False
    subject: str = ""
    in_reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """The provider took the message. Everything else is a SendError."""

    provider_id: str | None = None


@dataclass(frozen=True, slots=True)
class MediaLimit:
    bytes: int
    mimes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Grant:
    """What one act of the customer allows: `count` messages `within` this time. Not additive."""

    count: int
    within: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a channel can carry. The hub fits every message to this before it calls send."""

    text_bytes: int | None = None
    media: Mapping[Medium, MediaLimit] = field(default_factory=dict)
    links: bool = False
    cards: bool = False
    typing: bool = False
    allowances: Mapping[str, Grant] = field(default_factory=dict)  # none: we may write when we like
    receipts: bool = False
    threaded: bool = False
    resend_safe: bool = False  # the provider drops a second copy of the same OutboundMessage.id
    answers_inline: timedelta | None = None
    free_text: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRequest:
    method: str = "POST"
    url: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class WebhookReply:
    body: str = ""
    status: int = 200
    content_type: str = "text/plain; charset=utf-8"


def _resolve_secret(value: Any) -> Any:
    match str(value).partition(":"):
        case "env", _, name if os.environ.get(name):
            return os.environ[name]
        case "env", _, name:
            raise ValueError(f"environment variable {name} is not set or empty")
        case "file", _, path:
            try:
                secret = Path(path).read_text().strip()
            except OSError as error:
                raise ValueError(f"cannot read {path}: {error.strerror}") from None
            if not secret:
                raise ValueError(f"{path} is empty")
            return secret
    raise ValueError('write a secret as "env:NAME" or "file:/path", never as itself')


Secret = Annotated[SecretStr, BeforeValidator(_resolve_secret)]


class ChannelSettings(BaseModel):
    """The adapter's own part of config/channels/<name>.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def secrets(self) -> list[str]:
        return [value.get_secret_value() for _, value in self if isinstance(value, SecretStr)]


class Cache(Protocol):
    """Shared by all processes, and lossy: access tokens, uploaded media. Never raises."""

    def get(self, key: str) -> str | None: ...

    def set(self, key: str, value: str, ttl: timedelta) -> None: ...

    def delete(self, key: str) -> None: ...

    def lock(self, key: str, ttl: timedelta) -> AbstractContextManager[bool]:
        """Yields whether we got the lock; never waits. It frees itself after `ttl`."""
        ...


class Channel(ABC):
    """One account with one provider. Knows the wire; never Flask, the database or Celery."""

    capabilities: Capabilities
    Settings: ClassVar[type[ChannelSettings]]

    def __init__(self, name: str, settings: Any, *, http: Http, cache: Cache):
        self.name, self.settings, self.http, self.cache = name, settings, http, cache

    @abstractmethod
    def send(self, message: OutboundMessage) -> DeliveryResult:
        """Hand one message to the provider, or raise SendError."""

    def fetch(self, attachment: Attachment) -> File:
        """Bring a file that came in from the provider, or raise SendError."""
        raise NotImplementedError(f"{type(self).__name__} has no files to fetch")

    def typing(self, to: Address) -> None:  # noqa: B027 - most channels have nothing to do here
        """Show that somebody is writing. Best effort; only called where Capabilities.typing says so."""


class WebhookChannel(Channel):
    """The provider calls us. The hub calls verify, parse, acknowledge, in this order."""

    @abstractmethod
    def verify(self, request: WebhookRequest) -> None:
        """Raise BadSignature unless the provider signed this request."""

    @abstractmethod
    def parse(self, request: WebhookRequest) -> list[Event]:
        """Translate the payload. What is none of our business is an empty list; raise Unreadable for nonsense."""

    def acknowledge(self, request: WebhookRequest) -> WebhookReply:
        """What the provider must read so that it does not try again."""
        return WebhookReply()


class PolledChannel(Channel):
    """We call the provider, on a timer."""

    @abstractmethod
    def poll(self) -> Iterator[Event]:
        """Yield what is new; the hub ignores what it has already seen."""


def check_signature(expected: str, given: str) -> None:
    if not compare_digest(expected.encode(), given.encode()):
        raise BadSignature
