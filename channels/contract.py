"""What a channel is, and the values it trades with the hub. All an adapter needs to know, with errors.py."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any, ClassVar, Literal, Protocol
from uuid import UUID

from channels.errors import BadSignature, Refused
from channels.http import Http
from channels.settings import ApiBase as ApiBase
from channels.settings import ChannelSettings as ChannelSettings
from channels.settings import Duration as Duration
from channels.settings import Secret as Secret

Medium = Literal["image", "audio", "video", "file"]
Personal = Literal["everything", "name", "phone", "address", "email", "location", "files", "other"]
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


@dataclass(frozen=True, slots=True)
class Choice:
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Menu:
    """A question with answers to tap. The tap comes back as a message with `payload["choice"]`, the id."""

    head: str
    choices: tuple[Choice, ...]
    tail: str = ""


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
    name: str = ""  # how the sender calls themself
    thread: str = ""  # channels whose messages carry their own thread (email); "" elsewhere
    message_id: str = ""  # what answers to this message name, where the provider_id is another
    references: tuple[str, ...] = ()  # the message_ids of what it answers, the nearest first
    conversation: int | None = None  # which one the sender says it belongs to: believed of its participants only
    no_answer: str = ""  # why no machine may answer: an auto-reply, a list, a loop; "" where one may
    kept: str = ""  # the SHA-256 of the raw message in the hub's store, see WebhookChannel.keeps_raw
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
    message: UUID | None = None  # our own id, where the provider repeats it: it may know more than `send` was told
    # sent: the provider has it, whatever became of the answer to our call; delayed: somebody is still trying
    status: Literal["sent", "delivered", "read", "failed", "delayed"]
    reason: str = ""
    again: timedelta | None = None  # failed: it is worth one more try, after this time
    recipient: str = ""  # whom it is about, where one message goes to several


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """A person became reachable or stopped being so."""

    event: Literal["presence"] = "presence"
    key: str
    sender: Address
    sent_at: datetime
    state: Literal["followed", "left", "blocked", "opted_out", "opted_in"]
    payload: Mapping[str, Any] = field(default_factory=dict)  # where they came from: a hint, never a proof
    renews: str = ""

    @property
    def reachable(self) -> bool:
        return self.state in ("followed", "opted_in")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """Something a person did that is no message: opened the chat, is typing, clicked, rated."""

    event: Literal["signal"] = "signal"
    key: str
    sender: Address
    sent_at: datetime
    sequence: int = 0
    # held: another tool of the provider answers this person, and we hear nothing until they are released
    kind: Literal["entered", "typing", "menu", "rating", "held", "released", "other"]
    payload: Mapping[str, Any] = field(default_factory=dict)  # from the customer's side: a hint, never a proof
    renews: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A person agreed to notifications, or no longer does."""

    event: Literal["consent"] = "consent"
    key: str
    sender: Address
    sent_at: datetime
    granted: Mapping[str, int] = field(default_factory=dict)  # how many more notices of this template
    revoked: tuple[str, ...] = ()  # templates of which none may be sent any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """A person took back what the provider had given us about them: it has to be erased."""

    event: Literal["revocation"] = "revocation"
    key: str
    sender: Address
    sent_at: datetime
    what: tuple[Personal, ...]
    aliases: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEvent:
    """Something happened to one leg of a call: one phone's connection to us. See voice.py."""

    event: Literal["call"] = "call"
    key: str
    sent_at: datetime
    sequence: int = 0  # the provider's running number within the leg
    leg: str  # the provider's id
    uid: UUID | None = None  # ours, of a leg that we placed: known before the provider's
    sender: Address | None = None  # the customer at the other end; None: an agent
    # asks: the leg has done what its last script said, and wants to know what next
    kind: Literal["asks", "ringing", "answered", "ended", "recorded"]
    turn: str = "0"  # asks: that of the script which this follows; "0" the first time
    digits: str = ""  # asks: what was pressed
    text: str = ""  # asks: what was said
    confidence: float | None = None  # of the text, 0…1
    outcome: Literal["", "completed", "busy", "no_answer", "failed", "cancelled"] = ""  # ended
    seconds: int = 0  # ended: how long it was connected; recorded: how long the recording is
    recording: str = ""  # recorded, and asks after a Record: what Channel.fetch takes; "" nothing was heard
    hung_up: bool = False  # asks: nobody is there any more to hear the answer
    reason: str = ""  # why it failed


Event = InboundMessage | Receipt | Presence | Signal | Consent | Revocation | CallEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """The message that is answered, to be quoted below the answer."""

    author: str
    sent_at: datetime
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What goes along where a message carries its own thread."""

    thread: str = ""  # of the conversation; the customer's answer will bring it back
    conversation: int | None = None
    subject: str = ""
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    in_reply_to: str | None = None  # the message_id of what is answered
    references: tuple[str, ...] = ()  # what that one referred to, oldest first
    quoted: Quoted | None = None
    files: tuple[File, ...] = ()
    signature: str | None = None  # of the team; None: the channel's own
    language: str = "zh-CN"  # of what the channel says itself, such as who is quoted


NO_LETTER = Letter()


@dataclass(frozen=True, slots=True)
class Template:
    """A text the provider has approved, by the name it has in the config file, with what fills its gaps."""

    name: str
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class TemplateForm:
    """An approved text as an agent sees it, with its gaps as ${field}, and these in the order to fill them."""

    text: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundMessage:
    """One part, already cut to what the channel can carry: a text, one file, a link, a card or a menu.

    Where Capabilities.whole is set it is all of the message, its files in `letter`.
    """

    id: UUID  # ours; the idempotency key where the provider takes one
    to: Address
    text: str = ""
    file: File | None = None
    link: Link | None = None
    card: Card | None = None
    menu: Menu | None = None
    template: Template | None = None
    notice: bool = False  # not the text itself, but the channel's notification that there is one
    author: str = ""  # the agent's or the bot's name
    by_bot: bool = False
    letter: Letter = NO_LETTER


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """The provider took the message. Everything else is a SendError."""

    provider_id: str | None = None
    refused: Mapping[str, str] = field(default_factory=dict)  # copies that were not taken: each address, and why


@dataclass(frozen=True, slots=True)
class MediaLimit:
    bytes: int
    mimes: frozenset[str] | None  # None: any

    def takes(self, mime: str) -> bool:
        return self.mimes is None or mime in self.mimes


@dataclass(frozen=True, slots=True)
class Grant:
    """What one act of the customer allows: `count` messages `within` this time. Not additive."""

    count: int
    within: timedelta


@dataclass(frozen=True, slots=True)
class Cap:
    """Our own limit: not more than `count` messages to one person `within` this time."""

    count: int
    within: timedelta


@dataclass(frozen=True, slots=True)
class Notice:
    """Outside of the window we may still notify. `consent`: the template the customer must have agreed to."""

    consent: str = ""


@dataclass(frozen=True, slots=True)
class Inline:
    """Answers travel back in the response to the customer's own push, one a push."""

    within: timedelta  # how long a push may wait for its answer
    cut_after: timedelta  # when the provider hangs up
    tries: int  # how often in all it makes the same push, the last of which must be acknowledged


@dataclass(frozen=True, slots=True)
class Profile:
    """What the provider tells about a person."""

    aliases: tuple[Address, ...] = ()
    name: str = ""
    language: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """A message as HTML: no scripts, nothing to load."""

    html: str
    blocked: int = 0  # pictures that were not fetched


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing `yizhan doctor` looked at, and what to do where it is wrong."""

    what: str
    ok: bool
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Paste:
    """What belongs into which field of the provider's console. A secret is named, not shown."""

    page: str
    field: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a channel can carry. The hub fits every message to this before it calls send."""

    text_bytes: int | None = None
    media: Mapping[Medium, MediaLimit] = field(default_factory=dict)
    links: bool = False
    cards: bool = False
    menus: bool = False
    marks_bots: bool = False  # the customer is shown which messages a machine wrote
    typing: bool = False
    profiles: bool = False  # Channel.profile knows more about a person
    notice: Notice | None = None
    allowances: Mapping[str, Grant] = field(default_factory=dict)  # none: we may write when we like
    receipts: bool = False
    threaded: bool = False  # messages carry their own thread, subject and copies
    whole: bool = False  # text and all files travel in one message
    begins: bool = False  # we may write to somebody who has not written yet
    reconciles: bool = False  # Channel.reconcile can tell whether an uncertain message was sent
    cap: Cap | None = None
    segments: bool = False  # texts are billed by the segment of an SMS: agents see how many
    templates: Mapping[str, TemplateForm] = field(default_factory=dict)  # approved texts, by their names
    resend_safe: bool = False  # the provider drops a second copy of the same OutboundMessage.id
    answers_inline: Inline | None = None  # then `send` is never called
    free_text: bool = True  # False: nothing but templates
    spoken: bool = False  # what is sent is said in a call, and in no other way
    send_takes: timedelta = timedelta(0)  # where a send may take longer than the hub's `claim_expires`
    retry_after: tuple[timedelta, ...] = ()  # where the hub's schedule is too short for those who are away


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRequest:
    method: str = "POST"
    url: str = ""  # what the provider called: the hub's public address, and the target letter by letter as it came
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    peer: str = ""  # the address of whoever called; "" when it is read again


@dataclass(frozen=True, slots=True)
class WebhookReply:
    body: str = ""
    status: int = 200
    content_type: str = "text/plain; charset=utf-8"


class Cache(Protocol):
    """Shared by all processes, and lossy: access tokens, uploaded media. Never raises."""

    def get(self, key: str) -> str | None: ...

    def set(self, key: str, value: str, ttl: timedelta) -> None: ...

    def delete(self, key: str) -> None: ...

    def lock(self, key: str, ttl: timedelta) -> AbstractContextManager[bool]:
        """Yields whether we got the lock; never waits. It frees itself after `ttl`."""
        ...


Kept = Callable[[str], bytes]
Publish = Callable[[File], str]


def nothing_kept(digest: str) -> bytes:
    raise LookupError(digest)


def nowhere(file: File) -> str:
    raise Refused("the hub has no web address for files: send a link instead", code="no_address")


class Channel(ABC):
    """One account with one provider. Knows the wire; never Flask, the database or Celery."""

    scheme: str  # of the addresses of everybody who writes here
    capabilities: Capabilities
    Settings: ClassVar[type[ChannelSettings]]

    def __init__(self, name: str, settings: Any, *, http: Http, cache: Cache):
        self.name, self.settings, self.http, self.cache = name, settings, http, cache
        # the hub's: brings a raw request back by its SHA-256, or raises LookupError; see WebhookChannel.keeps_raw
        self.kept: Kept = nothing_kept
        # the hub's: gives a file a web address that whoever has it can fetch it from, for a day
        self.publish: Publish = nowhere
        self.hook = ""  # the hub's address for this channel's pushes, without a query

    @abstractmethod
    def send(self, message: OutboundMessage) -> DeliveryResult:
        """Hand one message to the provider, or raise SendError."""

    def address(self, written: str) -> Address:
        """Where somebody is reached, as agents type it; ValueError says what is wrong with it."""
        return Address(self.scheme, written)

    def is_own(self, address: str) -> bool:
        """Whether people who write to this address write to us: nobody to send a copy to."""
        return False

    def reconcile(self, message: OutboundMessage) -> DeliveryResult | None:
        """Look whether a message whose send was Uncertain is there after all; None proves nothing. Or SendError.

        Only called where Capabilities.reconciles says so.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot look for what it sent")

    def fetch(self, attachment: Attachment) -> File:
        """Bring a file that came in from the provider, or raise SendError."""
        raise NotImplementedError(f"{type(self).__name__} has no files to fetch")

    def page(self, kept: str, *, pictures: bool) -> Page | None:
        """A raw message, by its SHA-256, as HTML that is safe to show; None where it has none that can be made so.

        `pictures`: fetch those that lie elsewhere, which tells their owner that somebody looks.
        """
        return None

    def profile(self, who: Address) -> Profile:
        """What the provider knows of a person, or raise SendError. Only called where Capabilities.profiles says so."""
        raise NotImplementedError(f"{type(self).__name__} knows nothing of people")

    def diagnose(self, hook: str) -> Iterator[Finding]:
        """Try everything that ops can get wrong. `hook`: where the provider should reach us."""
        yield from ()

    def console(self, hook: str) -> list[Paste]:
        """What to enter in the provider's console so that it reaches us."""
        return []

    def typing(self, to: Address) -> None:  # noqa: B027 - most channels have nothing to do here
        """Show that somebody is writing. Best effort; only called where Capabilities.typing says so."""


class WebhookChannel(Channel):
    """The provider calls us. The hub calls verify, parse, acknowledge, in this order."""

    largest_push: ClassVar[int] = 1024 * 1024  # bytes; more is refused unread
    keeps_raw: ClassVar[bool] = False  # bodies go into the store of files, and Channel.kept brings them back

    @abstractmethod
    def verify(self, request: WebhookRequest) -> None:
        """Raise BadSignature unless the provider signed this request."""

    @abstractmethod
    def parse(self, request: WebhookRequest) -> list[Event]:
        """Translate the payload. What is none of our business is an empty list; raise Unreadable for nonsense."""

    def acknowledge(self, request: WebhookRequest, answer: OutboundMessage | None = None) -> WebhookReply:
        """What the provider must read so that it does not try again. `answer`: see Capabilities.answers_inline."""
        return WebhookReply()


class ReceivingChannel(WebhookChannel):
    """We keep a connection to the provider, and it tells us what comes. A process of its own holds it."""

    @abstractmethod
    def receive(self, after: str, patience: timedelta) -> Iterator[tuple[str, WebhookRequest]]:
        """What lies behind the bookmark `after` ("": everything), each with the bookmark behind it.

        When there is no more it waits for news as long as `patience`, then ends. Raises SendError. The requests pass
        `verify` and `parse` as pushes do.
        """

    def close(self) -> None:
        """Let go of the connection that `receive` keeps."""


class PolledChannel(Channel):
    """We call the provider, on a timer; also where pushes may be lost."""

    poll_every: ClassVar[timedelta] = timedelta(minutes=10)

    @abstractmethod
    def poll(self) -> Iterator[Event]:
        """Yield what is new, or raise SendError; the hub ignores what it has already seen, pushed or polled."""


def check_signature(expected: str, given: str) -> None:
    if not compare_digest(expected.encode(), given.encode()):
        raise BadSignature
