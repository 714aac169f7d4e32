"""Everything the simulated WeChat remembers: accounts, their users, what each user saw, what may be sent, media."""

from __future__ import annotations

import itertools
import os
import re
import secrets
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Action = Literal["message", "enter"]
DAY = 86400
MEDIA_LIVES = 3 * DAY
TYPING_LASTS = 15

DEMO_USERS = {
    "小明": "oDemo5a1e0de3XiaoMing0000001",
    "小红": "oDemo5a1e0de3XiaoHong0000002",
    "Alex": "oDemo5a1e0de3Alex00000000003",
}


@dataclass(frozen=True)
class Kind:
    """What accounts of one kind may do. Numbers and codes are WeChat's."""

    send_types: frozenset[str]
    refused_types: Mapping[str, int]  # types WeChat knows but refuses here, with its code
    media_types: Mapping[str, int]  # what may be uploaded, and its limit in bytes
    formats: tuple[str, ...]
    allowances: Mapping[Action, tuple[int, int]]  # after a user's action: messages, seconds; spent in this order


KINDS: Mapping[str, Kind] = {
    "mp": Kind(
        send_types=frozenset({"text", "image", "link", "miniprogrampage"}),
        refused_types=dict.fromkeys(("voice", "video", "music", "news", "mpnews", "mpnewsarticle", "wxcard"), 45162)
        | {"msgmenu": 40200},
        media_types={"image": 10 * 1024 * 1024},
        formats=("json", "xml"),
        allowances={"enter": (2, 60), "message": (5, 48 * 3600)},
    ),
}


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
    data: bytes
    name: str
    created_at: float


@dataclass
class User:
    """One customer of one account, and the chat as the customer's phone shows it."""

    openid: str
    name: str
    account: Account
    changed: threading.Condition
    items: list[dict[str, Any]] = field(default_factory=list)
    pushes: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=20))
    allowances: dict[Action, Allowance] = field(default_factory=dict)
    revision: int = 0
    acted_at: float = 0.0
    typing_until: float = 0.0

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
    mode: str = "safe"
    format: str = "json"
    ip_whitelist: tuple[str, ...] = ()
    push_tries: int = 3
    push_timeout: float = 5.0
    users: dict[str, User] = field(default_factory=dict, repr=False)

    @property
    def may(self) -> Kind:
        return KINDS[self.kind]


class World:
    """The one state of the process. Its lock is held for lookups and counters only, never while anything is sent."""

    def __init__(self, hub: str, own_url: str):
        self.hub, self.own_url = hub, own_url
        self.lock = threading.RLock()
        self._message_ids = itertools.count(time.time_ns() // 100)  # never one of an earlier run: the hub remembers
        self.reset()

    def reset(self) -> None:
        with self.lock:
            for user in getattr(self, "users", {}).values():
                user.touch()
            self.boot = secrets.token_hex(8)  # pages start over when it changes
            self.shift = 0.0
            self.accounts: dict[str, Account] = {}
            self.users: dict[str, User] = {}
            self.media: dict[str, Media] = {}
            self._add_demo()

    def _add_demo(self) -> None:
        demo = Account(
            app_id="wx5a1e0de30c0ffee0",
            secret=os.environ.get("DEMO_APP_SECRET", "demo-app-secret-of-the-simulator"),
            token=os.environ.get("DEMO_TOKEN", "demotoken2026"),
            aes_key=os.environ.get("DEMO_AES_KEY", "DemoDemoDemoDemoDemoDemoDemoDemoDemoDemo012"),
            push_url=f"{self.hub}/hooks/shop",
            original_id="gh_5a1e0de3c0ff",
            name="驿站小店",
        )
        self.accounts[demo.app_id] = demo
        for name, openid in DEMO_USERS.items():
            self.add_user(demo, name, openid)

    def now(self) -> float:
        return time.time() + self.shift

    def next_message_id(self) -> int:
        return next(self._message_ids)

    def add_user(self, account: Account, name: str, openid: str = "") -> User:
        with self.lock:
            user = User(openid or "o" + secrets.token_urlsafe(20)[:27], name, account, threading.Condition(self.lock))
            account.users[user.openid] = self.users[user.openid] = user
            return user

    def keep_media(self, account: Account, data: bytes, name: str) -> Media:
        with self.lock:
            media = Media(secrets.token_urlsafe(48), account.app_id, data, name, self.now())
            self.media[media.id] = media
            return media

    def live_media(self, account: Account, media_id: object) -> Media | None:
        media = self.media.get(media_id) if isinstance(media_id, str) else None
        if media is None or media.app_id != account.app_id or self.now() - media.created_at > MEDIA_LIVES:
            return None
        return media

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


MIMES = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
)


def mime_of(data: bytes) -> str:
    return next((mime for magic, mime in MIMES if magic.match(data)), "application/octet-stream")
