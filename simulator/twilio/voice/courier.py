"""Carries what the telephone asks and tells the hub: reports in their order, unless a fault is due."""

from __future__ import annotations

import queue
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from simulator.twilio.callbacks import Answer, Callbacks
from simulator.twilio.voice.calls import Reports

THREADS = 32
LATEST = 2.0  # seconds until a report that is to be overtaken goes out although nothing overtook it
Send = Callable[[], object]


@dataclass
class ReportFault:
    """Of the next reports in which all of `matches` stand: a number, a SID, a status, an event. None: any."""

    kind: str  # duplicate, overtaken, late, lost
    matches: tuple[str, ...] = ()
    seconds: float = 1.0  # real ones, by which it is late
    times: int = 1


class Courier:
    """One lane per call, conference or recording: in a lane, reports go out one after the other."""

    def __init__(self, callbacks: Callbacks):
        self._callbacks = callbacks
        self._lock = threading.Lock()
        self._work: queue.SimpleQueue[str] = queue.SimpleQueue()  # lanes in which something waits
        self.clear()
        for number in range(THREADS):
            threading.Thread(target=self._run, name=f"voice-report-{number}", daemon=True).start()

    def clear(self) -> None:
        with self._lock:
            self.faults: list[ReportFault] = []
            self._lanes: defaultdict[str, deque[Send]] = defaultdict(deque)
            self._busy: set[str] = set()
            self._overtaken: dict[str, Send] = {}

    def ask(self, account_sid: str, url: str, method: str, fields: Mapping[str, str]) -> Answer:
        """For a document; there is no second try here."""
        return self._callbacks.ask(account_sid, url, method, dict(fields))

    def tell(self, account_sid: str, lane: str, reports: Reports, fields: Mapping[str, str]) -> None:
        send = partial(self._callbacks.deliver, account_sid, reports.url, reports.method, dict(fields))
        fault = self._due(frozenset(fields.values()))
        match fault.kind if fault else "":
            case "lost":
                pass
            case "late" if fault:
                self._later(fault.seconds, send)
            case "overtaken":
                self._overtaken[lane] = send
                self._later(LATEST, lambda: self._let_pass(lane, send))
            case kind:
                for _ in range(2 if kind == "duplicate" else 1):
                    self._queue(lane, send)
                self._let_pass(lane, self._overtaken.get(lane))

    def _due(self, values: frozenset[str]) -> ReportFault | None:
        with self._lock:
            fault = next((each for each in self.faults if values.issuperset(each.matches)), None)
            if fault:
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
            return fault

    def _let_pass(self, lane: str, overtaken: Send | None) -> None:
        with self._lock:
            if overtaken is None or self._overtaken.get(lane) is not overtaken:
                return
            del self._overtaken[lane]
        self._queue(lane, overtaken)

    def _later(self, seconds: float, what: Send) -> None:
        timer = threading.Timer(seconds, what)
        timer.daemon = True
        timer.start()

    def _queue(self, lane: str, send: Send) -> None:
        with self._lock:
            self._lanes[lane].append(send)
            if lane in self._busy:
                return
            self._busy.add(lane)
        self._work.put(lane)

    def _run(self) -> None:
        while True:
            lane = self._work.get()
            while send := self._next(lane):
                send()

    def _next(self, lane: str) -> Send | None:
        with self._lock:
            waiting = self._lanes.get(lane)
            if waiting:
                return waiting.popleft()
            self._lanes.pop(lane, None)
            self._busy.discard(lane)
            return None
