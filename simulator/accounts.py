"""Everything the simulated WeChat remembers: accounts, their users, what each user saw, what may be sent, media."""

from __future__ import annotations

import itertools
import secrets
import threading
import time
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.kinds import KINDS, Action, Kind

DAY = 86400
MEDIA_LIVES = 3 * DAY
TYPING_LASTS = 15
HELD_FOR = 30 * 60  # WeChat's own agents: without a close, messages come back after this
LOGIN_CODE_LIVES = 300
REFUSALS_KEPT = 1000


@dataclass
class Allowance:
    """What is left of one action's messages, and until when. A new action sets it again, it never adds."""

    limit: int = 0
    left: int = 0
    until: float = 0.0


@dataclass
class Media:
    id: str
    app_id: str
    data: bytes = field(repr=False)
    name: str
    medium: str
    created_at: float


@dataclass(frozen=True)
class Template:
    """A notification's fixed form. `use` is the endpoint that sends it."""

    id: str
    title: str
    fields: Mapping[str, str]  # name as sent -> label as shown
    use: str


@dataclass
class LoginCode:
    openid: str
    expires_at: float
    used: bool = False


@dataclass
class User:
    """One customer of one account, and the chat as the customer's phone shows it."""

    openid: str
    name: str
    account: Account
    changed: threading.Condition
    unionid: str = ""
    language: str = "zh_CN"
    follows: bool = True  # means nothing to a mini program
    followed_at: float = 0.0
    scene: str = ""  # of the QR code that made them follow
    blocked: bool = False
    held_by: str = ""  # the account of WeChat's own agent who has this user
    held_until: float = 0.0
    grants: Counter[str] = field(default_factory=Counter)  # by template: messages the user has agreed to
    items: list[dict[str, Any]] = field(default_factory=list)
    pushes: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=20))
    allowances: dict[Action, Allowance] = field(default_factory=dict)
    revision: int = 0
    acted_at: float = 0.0
    typing_until: float = 0.0

    @property
    def follower(self) -> bool:
        return self.follows or not self.account.may.official

    @property
    def reachable(self) -> bool:
        return self.follower and not self.blocked

    def show(self, **item: Any) -> dict[str, Any]:
        """Add a line to the chat; whoever waits for news is woken."""
        with self.changed:
            item = {"n": len(self.items) + 1, **item}
            self.items.append(item)
            self.touch(item)
        return item

    def touch(self, item: dict[str, Any] | None = None) -> None:
        with self.changed:
            self.revision += 1
            if item is not None:
                item["rev"] = self.revision
            self.changed.notify_all()


@dataclass
class Account:
    """One account with its credentials and where it wants its pushes."""

    app_id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    aes_key: str = field(repr=False)
    push_url: str
    original_id: str
    name: str = ""
    kind: str = "mp"
    verified: bool = True
    mode: str = "safe"
    format: str = "json"
    ip_whitelist: tuple[str, ...] = ()
    push_tries: int = 3
    push_timeout: float = 5.0
    users: dict[str, User] = field(default_factory=dict, repr=False)
    kf_accounts: dict[str, str] = field(default_factory=dict)  # WeChat's own agents: account -> nickname
    templates: dict[str, Template] = field(default_factory=dict)
    menu: list[dict[str, str]] = field(default_factory=list)

    @property
    def may(self) -> Kind:
        return KINDS[self.kind]

    def granted(self, endpoint: str) -> bool:
        return endpoint not in self.may.lacks and (self.verified or endpoint not in self.may.needs_verification)


class World:
    """The one state of the process. Its lock is held for lookups and counters only, never while anything is sent."""

    def __init__(self, hub: str, own_url: str):
        self.hub, self.own_url = hub, own_url
        self.lock = threading.RLock()
        self._message_ids = itertools.count(time.time_ns() // 100)  # never one of an earlier run: the hub remembers
        self.clear()

    def clear(self) -> None:
        with self.lock:
            for user in getattr(self, "users", {}).values():
                user.touch()
            self.boot = secrets.token_hex(8)  # pages start over when it changes
            self.shift = 0.0
            self.accounts: dict[str, Account] = {}
            self.users: dict[str, User] = {}
            self.media: dict[str, Media] = {}
            self.login_codes: dict[str, LoginCode] = {}
            self.sent_notices: dict[tuple[str, str, str], tuple[int, float]] = {}  # their ids, and until when to know
            self.refusals: dict[str, dict[str, Any]] = {}  # by request id, oldest first

    def now(self) -> float:
        return time.time() + self.shift

    def next_message_id(self) -> int:
        return next(self._message_ids)

    def add_user(self, account: Account, name: str, openid: str = "", unionid: str = "", **more: Any) -> User:
        openid = openid or "o" + secrets.token_urlsafe(20)[:27]
        with self.lock:
            user = User(openid, name, account, threading.Condition(self.lock), unionid, followed_at=self.now(), **more)
            account.users[user.openid] = self.users[user.openid] = user
            return user

    def keep_media(self, account: Account, data: bytes, name: str, medium: str) -> Media:
        with self.lock:
            media = Media(secrets.token_urlsafe(48), account.app_id, data, name, medium, self.now())
            self.media[media.id] = media
            return media

    def live_media(self, account: Account, media_id: object) -> Media | None:
        media = self.media.get(media_id) if isinstance(media_id, str) else None
        if media is None or media.app_id != account.app_id or self.now() - media.created_at > MEDIA_LIVES:
            return None
        return media

    def login_code(self, user: User) -> str:
        """What wx.login gives the mini program: good once, for five minutes."""
        code = secrets.token_urlsafe(24)
        with self.lock:
            self.login_codes[code] = LoginCode(user.openid, self.now() + LOGIN_CODE_LIVES)
        return code

    def remember_refusal(self, request_id: str, about: dict[str, Any]) -> None:
        with self.lock:
            self.refusals[request_id] = about
            if len(self.refusals) > REFUSALS_KEPT:
                del self.refusals[next(iter(self.refusals))]

    # -- what may be sent

    def act(self, user: User, action: Action) -> None:
        """The user did something: the account may write for a while."""
        with self.lock:
            limit, seconds = user.account.may.allowances[action]
            user.acted_at = self.now()
            user.allowances[action] = Allowance(limit, limit, user.acted_at + seconds)
            user.touch()

    def spend(self, user: User) -> int:
        """Take one message from what the user's actions allow; 0, or WeChat's code for why there is none."""
        with self.lock:
            live = self.live_allowances(user)
            usable = next((allowance for allowance in live if allowance.left), None)
            if usable is None:
                return 45047 if live else 45015
            usable.left -= 1
            user.touch()
            return 0

    def live_allowances(self, user: User) -> list[Allowance]:
        known = (user.allowances.get(action) for action in user.account.may.allowances)
        return [allowance for allowance in known if allowance and allowance.until > self.now()]

    # -- who follows, and who is with WeChat's own agents

    def follow(self, user: User, scene: str = "") -> None:
        with self.lock:
            user.follows, user.followed_at, user.scene = True, self.now(), scene

    def unfollow(self, user: User) -> None:
        with self.lock:
            user.follows = False
            user.allowances.clear()
            user.touch()

    def hold(self, user: User, by: str) -> None:
        with self.lock:
            user.held_by, user.held_until = by, self.now() + HELD_FOR
            user.touch()

    def release(self, user: User) -> None:
        with self.lock:
            user.held_by = ""
            user.touch()

    def holder(self, user: User) -> str:
        return user.held_by if user.held_by and user.held_until > self.now() else ""


def new_unionid() -> str:
    """Of a person whom no account knows yet."""
    return "u" + secrets.token_urlsafe(20)[:27]
