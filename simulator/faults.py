"""Failures on demand, and the log of what was asked, answered and why."""

from __future__ import annotations

import hashlib
import socket
import struct
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass
from typing import Any

from flask import request

KEPT = 20_000


@dataclass
class Fault:
    endpoint: str
    kind: str
    errcode: int = -1
    code: str = ""  # of providers whose codes are words
    status: int = 502
    seconds: float = 10.0
    times: int = 1


class Faults:
    """Faults waiting for their endpoint, oldest first. "*" is every endpoint."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def take(self, endpoint: str, kind: str = "") -> Fault | None:
        """Of one kind where what happens has several moments at which it can fail; "*" is none of these then."""
        if not self._waiting:
            return None
        wanted = ((endpoint, kind),) if kind else ((endpoint, ""), ("*", ""))
        with self._lock:
            fault = next((f for f in self._waiting if (f.endpoint, kind and f.kind) in wanted), None)
            if fault is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._waiting.remove(fault)
            return fault

    def waiting(self) -> list[dict[str, Any]]:
        with self._lock:
            return [vars(fault).copy() for fault in self._waiting]


class Log:
    """Requests in both directions, counted for ever and kept for a while. Nothing secret and no message text."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        self.counts: Counter[str] = Counter()
        self.errcodes: Counter[str] = Counter()
        self._items: deque[dict[str, Any]] = deque(maxlen=KEPT)

    def add(self, endpoint: str, **entry: Any) -> None:
        with self._lock:
            self.counts[endpoint] += 1
            if entry.get("errcode"):
                self.errcodes[f"{endpoint} {entry['errcode']}"] += 1
            self._items.append({"at": time.time(), "endpoint": endpoint, **entry})

    def read(self, endpoint: str | None, limit: int) -> dict[str, Any]:
        with self._lock:
            items = [item for item in self._items if endpoint in (None, item["endpoint"])]
            return {"counts": dict(self.counts), "errcodes": dict(self.errcodes), "items": items[-limit:]}


def fingerprint(secret: str) -> str:
    """Tells tokens apart in the log without showing them."""
    return hashlib.sha256(secret.encode()).hexdigest()[:12] if secret else ""


def cut_connection() -> None:
    """Reset, not closed: the caller cannot mistake it for an empty answer."""
    wire = request.environ.get("gunicorn.socket") or request.environ["werkzeug.socket"]
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wire.shutdown(socket.SHUT_RDWR)
