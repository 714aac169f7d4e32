"""The one state of the telephone network, and its lock: calls, phones, conferences, queues, recordings, errors."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from simulator.twilio.voice.calls import Call, Condition, Ended, Interrupted, Phone, never
from simulator.twilio.voice.clock import Clock
from simulator.twilio.voice.courier import Courier
from simulator.twilio.voice.twiml import Broken
from simulator.twilio.world import World

if TYPE_CHECKING:
    from simulator.twilio.voice.conferences import Conference
    from simulator.twilio.voice.queueing import Queue
    from simulator.twilio.voice.recordings import Recording


class Exchange:
    """Each call has a thread that runs its documents; the lock is held while they look and change, never while
    anything is sent."""

    def __init__(self, world: World, courier: Courier):
        self.world, self.courier = world, courier
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.clock = Clock()
        self.clear()

    def clear(self) -> None:
        with self.changed:
            for call in getattr(self, "calls", {}).values():
                call.status = "canceled"  # without a word to anybody: its threads end
            self.boot = self.world.boot  # pages start over when it changes
            self.calls: dict[str, Call] = {}  # by SID, oldest first
            self.phones: dict[str, Phone] = {}
            self.conferences: dict[str, Conference] = {}
            self.queues: dict[str, Queue] = {}
            self.recordings: dict[str, Recording] = {}
            self.tunes: dict[str, float] = {}  # by address: how long what is played there lasts
            self.errors: list[dict[str, Any]] = []
            self.clock.set_factor(1.0)
            self.changed.notify_all()

    def follow(self, boot: str) -> None:
        if boot != self.boot:
            self.courier.clear()
            self.clear()

    def touch(self, phone: Phone, line: dict[str, Any] | None = None) -> None:
        with self.changed:
            phone.revision += 1
            if line is not None:
                line["rev"] = phone.revision
            self.changed.notify_all()

    def phone(self, number: str) -> Phone:
        with self.lock:
            return self.phones.setdefault(number, Phone(number))

    def add(self, call: Call) -> Call:
        with self.lock:
            call.created_at = self.world.now()
            self.calls[call.sid] = call
            call.phone.calls.append(call)
            self.touch(call.phone)
        return call

    def note_error(self, call: Call, error: Broken) -> None:
        about = {"code": error.code, "why": error.why, "url": error.url, "call": call.sid}
        with self.lock:
            self.errors.append(about | {"at": self.world.now()})

    def start(self, what: Callable[[], object], name: str) -> None:
        """In a thread; that a call ends is no accident."""

        def run() -> None:
            try:
                what()
            except (Ended, Interrupted):
                return

        threading.Thread(target=run, name=f"call-{name}", daemon=True).start()

    def pass_time(self, seconds: float, until: Condition = never) -> None:
        with self.changed:
            ends = self.clock.now() + seconds
            while not until() and (left := ends - self.clock.now()) > 0:
                self.changed.wait(self.clock.real(left))

    def set_factor(self, factor: float) -> None:
        with self.changed:
            self.clock.set_factor(factor)
            self.changed.notify_all()
