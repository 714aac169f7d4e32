"""A browser that listens: how long a push takes to its event in the live stream."""

from __future__ import annotations

import re
import threading
import time
from http.client import HTTPConnection

from bench.load import percentile
from bench.stack import APP_ID, Stack, wait_until

PER_SECOND = 10
SECONDS_TO_ARRIVE = 10.0
TEXT = re.compile(rb'"text":"probe ([0-9]+)"')


class Listener(threading.Thread):
    """Notes when it first read the message event of each probe."""

    def __init__(self, stack: Stack):
        super().__init__(name="listener", daemon=True)
        self.seen: dict[int, float] = {}
        cookies = stack.api().session.cookies.get_dict()
        self._connection = HTTPConnection("127.0.0.1", stack.port, timeout=60)
        cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
        self._connection.request("GET", "/api/v1/stream", headers={"Cookie": cookie})
        self._stream = self._connection.getresponse()
        assert self._stream.status == 200, self._stream.status

    def run(self) -> None:
        event = b""
        while line := self._stream.readline():
            if line.startswith(b"event: "):
                event = line[7:].strip()
            elif event == b"message" and (found := TEXT.search(line)):
                self.seen.setdefault(int(found[1]), time.perf_counter())


def p95(stack: Stack, seconds: float) -> float:
    """Seconds from just before a customer writes to the event read, over the whole of a run."""
    simulator, count = stack.simulator, int(seconds * PER_SECOND)
    users = f"/accounts/{APP_ID}/users"
    openids = [simulator.post(users, {"name": f"probe {number}"})["openid"] for number in range(count)]
    listener = Listener(stack)
    listener.start()
    written: dict[int, float] = {}
    started = time.perf_counter()
    for number, openid in enumerate(openids):
        time.sleep(max(0.0, started + number / PER_SECOND - time.perf_counter()))
        written[number] = time.perf_counter()
        simulator.post(f"/users/{openid}/messages", {"type": "text", "content": f"probe {number}"})
    wait_until(lambda: len(listener.seen) == count, f"{count} events, {len(listener.seen)} came", SECONDS_TO_ARRIVE)
    return percentile([listener.seen[number] - written[number] for number in written], 0.95)
