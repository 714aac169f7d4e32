"""Keeps child processes alive and prints what they say, each line under its name; ends them all, in order, in time."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from hub.leash import Child, Leash, kill_group

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
FORGIVEN_AFTER = 60.0  # alive this long, earlier deaths are forgotten
SETTLED_AFTER = 10.0  # alive this long once, a child is never given up
DEATHS_AT_START = 5
SECONDS_TO_END = 7.0
SERVICE_SECONDS_TO_END = 2.0
SECONDS_BETWEEN_STOPS = 1.0
SECONDS_BETWEEN_REQUESTS = 0.3  # timeout(1) and make signal a process and then its whole group: that is one request
TICK = 0.1
COLOURS = (36, 35, 34, 33, 32, 96, 95, 94)
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):
    """Somebody asked us to end."""


class GaveUp(Exception):
    """A child cannot live; the words say which and why."""


@dataclass
class _Running:
    child: Child
    process: subprocess.Popen[bytes] | None = None
    since: float = 0.0
    deaths: int = 0
    settled: bool = False
    silent: bool = False  # it closed its output
    again_at: float = 0.0
    rest: bytes = b""
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=10))


class Printer:
    """One line at a time, the speaker's name before it, in colour on a terminal."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._colours: dict[str, int] = {}
        self._terminal = sys.stdout.isatty()

    def line(self, name: str, text: str) -> None:
        label = f"{name:<{self._width}} |"
        if self._terminal:
            colour = self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])
            label = f"\x1b[{colour}m{label}\x1b[0m"
        self.plain(f"{label} {text}")

    def plain(self, text: str) -> None:
        try:
            print(text, flush=True)
        except BrokenPipeError:  # the reader left (`| head`): go on in silence
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Supervisor:
    """Runs in one thread: every wait is a wait for all children at once."""

    def __init__(self, leash: Leash, printer: Printer) -> None:
        self._leash = leash
        self._printer = printer
        self._running: list[_Running] = []
        self._selector = selectors.DefaultSelector()
        self._asked_to_stop = 0
        self._asked_at = float("-inf")
        self._ending = False

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Ctrl-C and SIGTERM end us; a second one ends us at once."""
        read, write = os.pipe()
        os.set_blocking(read, False)
        os.set_blocking(write, False)
        self._selector.register(read, selectors.EVENT_READ)
        before = {number: signal.signal(number, self._on_signal) for number in STOP_SIGNALS}
        wakeup = signal.set_wakeup_fd(write)
        try:
            yield
        finally:
            signal.set_wakeup_fd(wakeup)
            for number, handler in before.items():
                signal.signal(number, handler)
            self._selector.unregister(read)
            os.close(read)
            os.close(write)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if now - self._asked_at > SECONDS_BETWEEN_REQUESTS:
            self._asked_to_stop += 1
        self._asked_at = now

    def start(self, child: Child) -> None:
        running = _Running(child)
        self._running.append(running)
        self._launch(running)

    def once(self, child: Child) -> None:
        """Runs a command to its end, while the others live on."""
        running = _Running(child)
        self._launch(running)
        process = running.process
        assert process is not None
        try:
            self.until(lambda: process.poll() is not None)
        finally:
            kill_group(process.pid)
            process.wait()
            self._drain(running)
            self._leash.forget(process.pid)
        if process.returncode:
            raise GaveUp(_with_last_lines(f"{child.name} failed ({_how(process.returncode)})", running))

    def until(self, reached: Callable[[], bool], seconds: float | None = None) -> bool:
        """Waits, watching over everyone, until `reached` or the time is over; says which."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while not reached():
            if deadline is not None and time.monotonic() >= deadline:
                return False
            self._tick()
            if self._asked_to_stop and not self._ending:
                raise Stopped
        return True

    def stop(self) -> None:
        """The last started is told first; whoever is still there when the time is over is killed."""
        self._ending = True
        for services, seconds in ((False, SECONDS_TO_END), (True, SERVICE_SECONDS_TO_END)):
            self._stop_all([each for each in reversed(self._running) if each.child.service is services], seconds)

    def _stop_all(self, running: Sequence[_Running], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        for each in running:
            if each.process is not None:
                each.process.send_signal(each.child.stop)
                self._wait([each], min(deadline, time.monotonic() + SECONDS_BETWEEN_STOPS))
        self._wait(running, deadline)
        for each in running:
            if each.process is not None:
                self._printer.line(each.child.name, "did not end in time: killed")
                kill_group(each.process.pid)
        self._wait(running, time.monotonic() + 1)

    def _wait(self, running: Sequence[_Running], deadline: float) -> None:
        def reached() -> bool:
            return self._asked_to_stop > 1 or all(each.process is None for each in running)

        self.until(reached, max(0.0, deadline - time.monotonic()))

    def _tick(self) -> None:
        for key, _ in self._selector.select(TICK):
            if isinstance(key.data, _Running):
                self._read(key.data)
            else:
                os.read(key.fd, 512)
        self._leash.check()
        for each in self._running:
            self._look_after(each)

    def _look_after(self, running: _Running) -> None:
        now = time.monotonic()
        if running.process is None:
            if not self._ending and now >= running.again_at:
                self._launch(running)
        elif (code := running.process.poll()) is not None:
            self._bury(running, code)
        else:
            running.settled = running.settled or now - running.since >= SETTLED_AFTER

    def _launch(self, running: _Running) -> None:
        running.process = self._leash.start(running.child, subprocess.PIPE)
        running.since, running.silent = time.monotonic(), False
        assert running.process.stdout is not None
        os.set_blocking(running.process.stdout.fileno(), False)
        self._selector.register(running.process.stdout, selectors.EVENT_READ, running)

    def _bury(self, running: _Running, code: int) -> None:
        assert running.process is not None
        self._leash.forget(running.process.pid)
        self._drain(running)
        running.process = None
        if self._ending:
            return
        now = time.monotonic()
        running.deaths = 1 if now - running.since >= FORGIVEN_AFTER else running.deaths + 1
        name, how = running.child.name, _how(code)
        if running.deaths >= DEATHS_AT_START and not running.settled:
            raise GaveUp(_with_last_lines(f"{name} ended {running.deaths} times in a row ({how})", running))
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (running.deaths - 1))
        running.again_at = now + pause
        self._printer.line(name, f"ended ({how}): starting it again in {pause:.0f} s")

    def _drain(self, running: _Running) -> None:
        assert running.process is not None and running.process.stdout is not None
        while not running.silent and self._read(running):
            continue
        if running.rest:
            self._say(running, running.rest)
            running.rest = b""
        if not running.silent:  # somebody it left behind still holds the pipe
            self._selector.unregister(running.process.stdout)
        running.process.stdout.close()

    def _read(self, running: _Running) -> bool:
        assert running.process is not None and running.process.stdout is not None
        try:
            chunk = os.read(running.process.stdout.fileno(), 65536)
        except BlockingIOError:
            return False
        if not chunk:
            self._selector.unregister(running.process.stdout)
            running.silent = True
            return False
        *lines, running.rest = (running.rest + chunk).split(b"\n")
        for line in lines:
            self._say(running, line)
        return True

    def _say(self, running: _Running, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip("\r")
        running.last_lines.append(text)
        self._printer.line(running.child.name, text)


def _how(code: int) -> str:
    return f"exit status {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"


def _with_last_lines(reason: str, running: _Running) -> str:
    return "\n".join([f"{reason}. Its last lines:", *(f"  {line}" for line in running.last_lines)])
