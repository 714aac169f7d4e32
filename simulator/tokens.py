"""Access tokens: two namespaces that do not touch, each with WeChat's own rules of renewal, overlap and quota."""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from simulator.accounts import DAY, Account
from simulator.errors import ApiError

LIVES = 7200
OVERLAP = 300
FORCED_PER_DAY = 20
FORCED_APART = 30
LOOKS_LIKE_ONE = re.compile(r"\d\d_[\w-]{100,}")


@dataclass
class Token:
    value: str
    app_id: str
    expires_at: float
    dies_at: float  # earlier than expires_at once a newer token has replaced it


@dataclass
class Desk:
    """The tokens of one account."""

    plain: Token | None = None
    stable: Token | None = None
    forced_at: float = 0.0
    forced: Counter[int] = field(default_factory=Counter)  # by day


class Tokens:
    """Issues and recognises tokens. The caller holds the world's lock."""

    def __init__(self, now: Callable[[], float]):
        self.now = now
        self.clear()

    def clear(self) -> None:
        self._desks: dict[str, Desk] = {}
        self._issued: dict[str, Token] = {}

    def desk(self, app_id: str) -> Desk:
        return self._desks.setdefault(app_id, Desk())

    def plain(self, account: Account) -> tuple[str, int]:
        """cgi-bin/token: a new one each time, the previous one lives on for five minutes."""
        desk = self.desk(account.app_id)
        self._retire(desk.plain, OVERLAP)
        desk.plain = self._issue(account, "80")
        return desk.plain.value, LIVES

    def stable(self, account: Account, force: bool) -> tuple[str, int]:
        """cgi-bin/stable_token: the same one until its last five minutes, unless forced."""
        desk, now = self.desk(account.app_id), self.now()
        force = force and now - desk.forced_at >= FORCED_APART  # sooner than that WeChat does not refresh
        if force:
            self._count_forced(desk)
            desk.forced_at = now
            self._retire(desk.stable, 0)
        current = desk.stable
        if force or current is None or min(current.expires_at, current.dies_at) - now <= OVERLAP:
            current = desk.stable = self._issue(account, "90")
        return current.value, int(current.expires_at - now)

    def revoke(self, app_id: str) -> None:
        """Another system took the account's tokens over: none of ours is the latest any more."""
        desk = self.desk(app_id)
        for token in (desk.plain, desk.stable):
            self._retire(token, 0)
        desk.plain = desk.stable = None

    def app_id_of(self, value: str) -> str:
        """Whose token this is, or WeChat's refusal."""
        if not value:
            raise ApiError(41001)
        if not LOOKS_LIKE_ONE.fullmatch(value):
            raise ApiError(40014, "not the shape of a token")
        token = self._issued.get(value)
        if token is None:
            raise ApiError(40001, "never issued")
        if self.now() >= token.expires_at:
            raise ApiError(42001)
        if self.now() >= token.dies_at:
            raise ApiError(40001, "replaced by a newer token")
        return token.app_id

    def _issue(self, account: Account, family: str) -> Token:
        expires_at = self.now() + LIVES
        token = Token(f"{family}_{secrets.token_urlsafe(96)}", account.app_id, expires_at, expires_at)
        self._issued[token.value] = token
        return token

    def _retire(self, token: Token | None, after: int) -> None:
        if token is not None:
            token.dies_at = min(token.dies_at, self.now() + after)

    def _count_forced(self, desk: Desk) -> None:
        today = int((self.now() + 8 * 3600) // DAY)  # quotas end at midnight in Shanghai
        if desk.forced[today] >= FORCED_PER_DAY:
            raise ApiError(45009)
        desk.forced[today] += 1
