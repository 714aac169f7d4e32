"""How hard we may press on a mail server: so many mails in a time, pauses it asked for, and three tries to log in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from time import time

from channels.contract import Cache
from channels.email.settings import Rate
from channels.errors import Misconfigured, Postponed, SendError, Unreachable

TRIES_TO_LOG_IN = 3  # more, and providers lock the account
BETWEEN_TRIES = timedelta(minutes=5)  # once it has refused us for good
FAILURES_COUNT_FOR = timedelta(hours=1)
LOCK = timedelta(seconds=2)


class Pace:
    """Of one mailbox, shared by all processes as far as the cache is."""

    def __init__(self, address: str, rate: Rate | None, cache: Cache):
        self._rate, self._cache = rate, cache
        self._spent, self._paused = f"email:spent:{address}", f"email:pause:{address}"

    def check(self) -> None:
        """Take one mail's share of the rate, or raise Postponed."""
        until, _, reason = (self._cache.get(self._paused) or "").partition(" ")
        if until and (left := float(until) - time()) > 0:
            raise Postponed(reason, after=timedelta(seconds=left))
        if self._rate:
            with self._cache.lock(f"{self._spent}:lock", LOCK) as ours:
                if not ours:
                    raise Postponed("others are sending from this mailbox", after=timedelta(seconds=1))
                self._take(self._rate)

    def _take(self, rate: Rate) -> None:
        """The share of every mail drains steadily: `filled` is when all of what was sent has drained."""
        share, span, now = rate.within.total_seconds() / rate.count, rate.within.total_seconds(), time()
        filled = max(float(self._cache.get(self._spent) or 0), now) + share
        if (over := filled - now - span) > 0.001:
            raise Postponed("the mailbox's own rate is used up", after=timedelta(seconds=over))
        self._cache.set(self._spent, str(filled), timedelta(seconds=filled - now))

    def pause(self, error: SendError) -> None:
        """The provider asked us to slow down: that goes for every mail of this mailbox."""
        if error.after:
            self._cache.set(self._paused, f"{time() + error.after.total_seconds()} {error.reason}", error.after)


class Logins:
    """Counts refused log-ins: a server may be moody once, but not three times."""

    def __init__(self, login: str, host: str, cache: Cache):
        self._key, self._cache, self._failures = f"email:refused:{host}:{login}", cache, 0

    def refused(self, advise: Callable[[], str], code: str) -> SendError:
        self._failures = max(self._failures, int(self._cache.get(self._key) or 0)) + 1
        self._cache.set(self._key, str(self._failures), FAILURES_COUNT_FOR)
        if self._failures < TRIES_TO_LOG_IN:
            return Unreachable("the mail server did not let us in", code=code)
        reason = f"the mail server does not let us in. {advise()}".strip()
        return Misconfigured(reason, code=code, after=BETWEEN_TRIES)

    def accepted(self) -> None:
        if self._failures or self._cache.get(self._key):
            self._failures = 0
            self._cache.delete(self._key)
