"""Everything the simulated telephone network remembers: accounts, their numbers, messages, and people's handsets."""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Literal

from simulator.timetable import Timetable
from simulator.twilio.scripts import SCRIPTED, USUAL, Script

CALLBACKS_KEPT = 20_000
BINS = "/twiml"  # where documents are that accounts keep at Twilio
FIRST_GUEST = 51_238_001


def new_sid(prefix: str) -> str:
    return prefix + secrets.token_hex(16)


# -- what an account has -----------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Account:
    sid: str
    auth_token: str = field(repr=False)
    keys: dict[str, str] = field(default_factory=dict, repr=False)  # API keys: SID -> secret
    name: str = ""
    bins: dict[str, str] = field(default_factory=dict)  # documents of TwiML that the account keeps at Twilio, by SID
    counts: Counter[str] = field(default_factory=Counter)  # requests, messages, callbacks, unanswered


@dataclass(eq=False)
class Number:
    """One of an account's own numbers, and where the account wants to hear of it."""

    sid: str
    number: str
    account: Account
    voice_url: str = ""
    voice_fallback_url: str = ""
    status_callback: str = ""
    sms_url: str = ""
    sms_fallback_url: str = ""
    voice_method: str = "POST"
    sms_method: str = "POST"
    name: str = ""
    mms: bool = True


@dataclass(eq=False)
class Service:
    """A messaging service: sends from its first number, and hears for all of them."""

    sid: str
    account: Account
    numbers: list[str]
    inbound_url: str = ""  # none: each number's own
    status_callback: str = ""
    advanced_opt_out: bool = False  # tells how it understood STOP, START and HELP


@dataclass(eq=False)
class Application:
    """A TwiML app: where the calls of browsers go."""

    sid: str
    account: Account
    voice_url: str
    name: str = ""


@dataclass(frozen=True)
class Media:
    sid: str
    mime: str
    data: bytes = field(repr=False)
    created_at: float


@dataclass(eq=False)
class Message:
    """One message as the REST API knows it."""

    sid: str
    account: Account
    direction: Literal["inbound", "outbound-api", "outbound-reply"]
    from_: str
    to: str
    body: str
    created_at: float
    status: str
    segments: int = 1
    service: Service | None = None
    status_callback: str = ""
    media: list[Media] = field(default_factory=list)
    media_urls: tuple[str, ...] = ()  # to be fetched from the account's side
    sent_at: float = 0.0
    updated_at: float = 0.0
    price: str | None = None
    error_code: int | None = None
    told: Future[Any] | None = None  # the last report of it on its way


# -- the people --------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Handset:
    """A person's phone, and its texts with everybody in one order."""

    number: str
    changed: threading.Condition = field(repr=False)
    name: str = ""
    unionid: str = ""
    language: str = "zh_CN"
    script: Script = USUAL
    texts: list[dict[str, Any]] = field(default_factory=list, repr=False)
    revision: int = 0
    pushed: Future[Any] | None = None  # the last text of theirs on its way

    def show(self, **text: Any) -> dict[str, Any]:
        with self.changed:
            text = {"n": len(self.texts) + 1, **text}
            self.texts.append(text)
            self.touch(text)
        return text

    def touch(self, text: dict[str, Any] | None = None, **changes: Any) -> None:
        """Something is new; whoever waits for news is woken."""
        with self.changed:
            self.revision += 1
            if text is not None:
                text |= changes | {"rev": self.revision}
            self.changed.notify_all()


class World:
    """The network of the process. Its lock is held for lookups and changes only, never while anything is sent."""

    def __init__(self, own_url: str):
        self.own_url = own_url
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.shift = 0.0
        self._timetable = Timetable(self.now)
        self.clear()

    def clear(self) -> None:
        with self.changed:
            self.boot = secrets.token_hex(8)  # pages start over when it changes
            self.shift = 0.0
            self.accounts: dict[str, Account] = {}
            self.numbers: dict[str, Number] = {}  # as they are dialled
            self.services: dict[str, Service] = {}
            self.applications: dict[str, Application] = {}
            self.messages: dict[str, Message] = {}  # by SID, oldest first
            self.handsets: dict[str, Handset] = {}
            self.opted_out: set[tuple[str, str]] = set()  # (our number or service, handset)
            self.links: dict[str, tuple[Media, float]] = {}  # signed addresses of media, and until when they are good
            self.callbacks: deque[dict[str, Any]] = deque(maxlen=CALLBACKS_KEPT)
            self._timetable.clear()
            self.changed.notify_all()

    # -- time

    def now(self) -> float:
        return time.time() + self.shift

    def advance(self, seconds: float) -> None:
        with self.changed:
            self.shift += seconds
            self.changed.notify_all()
        self._timetable.wake()

    def later(self, seconds: float, what: Callable[[], object]) -> None:
        """Unless the world is cleared before. What is done must be short."""
        self._timetable.at(self.now() + seconds, what)

    # -- people

    def handset(self, number: str) -> Handset:
        """Everybody has one, whoever they are."""
        with self.lock:
            script = SCRIPTED.get(number, USUAL)
            return self.handsets.setdefault(number, Handset(number, self.changed, script=script))

    def add_person(self, name: str, number: str = "", unionid: str = "", language: str = "zh_CN") -> Handset:
        with self.lock:
            guests = (f"+852{FIRST_GUEST + count}" for count in range(len(self.handsets) + 1))
            handset = self.handset(number or next(free for free in guests if free not in self.handsets))
            handset.name, handset.unionid, handset.language = name, unionid, language
            handset.touch()
            return handset

    # -- what is whose

    def account_of(self, login: str, secret: str) -> Account | None:
        """Whose account token or API key this is."""
        for account in self.accounts.values():
            known = account.auth_token if login == account.sid else account.keys.get(login)
            if known is not None and secrets.compare_digest(known.encode(), secret.encode()):
                return account
        return None

    def service_with(self, number: str) -> Service | None:
        return next((each for each in self.services.values() if number in each.numbers), None)

    def scope(self, number: str) -> str:
        """What a person who writes STOP to this number no longer hears of."""
        service = self.service_with(number)
        return service.sid if service else number

    def blocks(self, scope: str, handset: str) -> bool:
        return (scope, handset) in self.opted_out

    def set_opted_out(self, scope: str, handset: str, *, out: bool) -> bool:
        """Whether this was new."""
        with self.lock:
            before = self.blocks(scope, handset)
            (self.opted_out.add if out else self.opted_out.discard)((scope, handset))
            return before != out

    def keep(self, message: Message) -> None:
        with self.lock:
            self.messages[message.sid] = message
            message.account.counts[f"messages {message.direction}"] += 1

    def record(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """Of a request to the hub; what becomes of it is written into what is returned."""
        with self.lock:
            kept = {"at": self.now(), **entry}
            self.callbacks.append(kept)
            return kept
