"""The telephone's time, which may run faster than ours."""

from __future__ import annotations

import re
import time

CHINESE = re.compile(r"[㐀-鿿豈-﫿぀-ヿ가-힯]")
SIGNS_PER_SECOND, WORDS_PER_SECOND = 8, 3
FOREVER = float("inf")


class Clock:
    """Seconds of talk, by a factor faster than real ones."""

    def __init__(self) -> None:
        self.factor = 1.0
        self._set_at = time.monotonic()
        self._shown = 0.0

    def now(self) -> float:
        return self._shown + (time.monotonic() - self._set_at) * self.factor

    def set_factor(self, factor: float) -> None:
        self._shown, self._set_at, self.factor = self.now(), time.monotonic(), factor

    def real(self, seconds: float) -> float | None:
        """So many of ours; None is for ever."""
        return None if seconds == FOREVER else max(0.0, seconds / self.factor)


def speaking_seconds(text: str) -> float:
    chinese = len(CHINESE.findall(text))
    words = len(CHINESE.sub(" ", text).split())
    return max(0.3, chinese / SIGNS_PER_SECOND + words / WORDS_PER_SECOND)
