"""Calls that WeChat does not want for a while: once one process is told so, none of them asks again until then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from time import monotonic, time

from channels.contract import Cache
from channels.errors import Throttled

LOOK_AGAIN = 3.0  # seconds; a process hears of another's pause, or of its end, this late


@dataclass(frozen=True, slots=True)
class Pause:
    until: float  # a time() that all processes share
    code: str
    reason: str


class Pauses:
    """Of one account, for each of WeChat's calls by its path."""

    def __init__(self, app_id: str, cache: Cache):
        self._prefix, self._cache = f"wechat:pause:{app_id}:", cache
        self._known: dict[str, tuple[float, Pause | None]] = {}  # when we looked, and what we saw

    def check(self, path: str) -> None:
        looked, pause = self._known.get(path, (0.0, None))
        if not looked or monotonic() - looked > LOOK_AGAIN:
            self._known[path] = monotonic(), pause  # other threads need not look as well
            pause = self._look(path)
        if pause and (left := pause.until - time()) > 0:
            raise Throttled(pause.reason, code=pause.code, after=timedelta(seconds=left))

    def begin(self, path: str, error: Throttled) -> None:
        if not error.after:
            return
        pause = Pause(time() + error.after.total_seconds(), error.code, error.reason)
        self._known[path] = monotonic(), pause
        self._cache.set(self._prefix + path, f"{pause.until} {pause.code} {pause.reason}", error.after)

    def end(self, path: str) -> None:
        self._known.pop(path, None)
        self._cache.delete(self._prefix + path)

    def _look(self, path: str) -> Pause | None:
        until, _, told = (self._cache.get(self._prefix + path) or "").partition(" ")
        code, _, reason = told.partition(" ")
        pause = Pause(float(until), code, reason) if until else None
        self._known[path] = monotonic(), pause
        return pause
