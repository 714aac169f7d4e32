"""What happens later, on a clock that can be put forward."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
from collections.abc import Callable

LONGEST_SLEEP = 3600.0


class Timetable:
    """Runs short things when `now()` reaches their moment, one after the other."""

    def __init__(self, now: Callable[[], float]):
        self._now = now
        self._due: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name="timetable", daemon=True).start()

    def at(self, moment: float, what: Callable[[], object]) -> None:
        with self._changed:
            heapq.heappush(self._due, (moment, next(self._numbers), what))
            self._changed.notify()

    def clear(self) -> None:
        with self._changed:
            self._due.clear()

    def wake(self) -> None:
        """The clock was put forward."""
        with self._changed:
            self._changed.notify()

    def _run(self) -> None:
        while True:
            what = self._next()
            try:
                what()
            except Exception:  # the others still have to happen
                logging.getLogger(__name__).exception("something due has failed")

    def _next(self) -> Callable[[], object]:
        with self._changed:
            while not self._due or self._due[0][0] > self._now():
                left = self._due[0][0] - self._now() if self._due else LONGEST_SLEEP
                self._changed.wait(max(0.0, min(left, LONGEST_SLEEP)))
            return heapq.heappop(self._due)[2]
