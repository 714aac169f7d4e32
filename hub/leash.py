"""No child outlives us: a small second process ends every group we started when we vanish, even by kill -9.

The supervisor holds the only writing end of a pipe to it. Each child writes its own process id there before it becomes
its program, so there is no moment in which one runs unlisted. The pipe closes when the supervisor is gone, however that
happened. The leash also holds the lock of the data directory: a next start waits until it has finished.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

SECONDS_TO_END = 5.0


@dataclass(frozen=True)
class Account:
    """A user of this machine."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Child:
    """A process to run: what `up` is made of."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    stop: signal.Signals = signal.SIGTERM
    account: Account | None = None
    directory: Path | None = None
    service: bool = False  # the others stand on it: it goes last


class Leash:
    """Starts children in groups of their own and remembers them for the second process."""

    def __init__(self, keep_open: Collection[int] = ()) -> None:
        self._keep_open = keep_open
        self._held: dict[int, signal.Signals] = {}
        self._fasten()

    def _fasten(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__],
            stdin=subprocess.PIPE,
            pass_fds=self._keep_open,
            start_new_session=True,
            cwd="/",
        )
        assert self._process.stdin is not None
        self._pipe = self._process.stdin.fileno()

    def start(self, child: Child, output: int | IO[bytes]) -> subprocess.Popen[bytes]:
        self.check()
        user = child.account
        process = subprocess.Popen(
            child.command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **child.environment},
            cwd=child.directory,
            start_new_session=True,
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
            preexec_fn=lambda: _list(self._pipe, os.getpid(), child.stop),
        )
        self._held[process.pid] = child.stop
        return process

    def forget(self, pid: int) -> None:
        """After the child ended: ends what it left in its group."""
        kill_group(pid)
        if self._held.pop(pid, None):
            with contextlib.suppress(BrokenPipeError):  # check() tells the new one what still runs
                os.write(self._pipe, f"-{pid}\n".encode())

    def close(self) -> None:
        self._process.communicate()

    def check(self) -> None:
        """Replaces the second process when somebody killed it."""
        if self._process.poll() is None:
            return
        self.close()
        self._fasten()
        for pid, stop in self._held.items():
            _list(self._pipe, pid, stop)


def kill_group(pid: int) -> None:
    signal_group(pid, signal.SIGKILL)


def signal_group(pid: int, number: signal.Signals) -> bool:
    """False when nobody is left in the group."""
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return False
    except PermissionError:  # what macOS says of a group of zombies
        return False
    return True


def _list(pipe: int, pid: int, stop: signal.Signals) -> None:
    os.write(pipe, f"+{pid} {int(stop)}\n".encode())


def _watch() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    held: dict[int, signal.Signals] = {}
    for line in sys.stdin:
        pid, _, stop = line[1:].partition(" ")
        if line.startswith("+"):
            held[int(pid)] = signal.Signals(int(stop))
        else:
            held.pop(int(pid), None)
    _end(held)


def _end(held: Mapping[int, signal.Signals]) -> None:
    left = {pid for pid, stop in held.items() if _end_leader(pid, stop)}
    deadline = time.monotonic() + SECONDS_TO_END
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        left = {pid for pid in left if _alive(pid)}
    for pid in held:
        kill_group(pid)


def _end_leader(pid: int, stop: signal.Signals) -> bool:
    """The program itself is told first; how it ends its own workers is its business."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, stop)
        return True
    return False


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not _zombie(pid)


def _zombie(pid: int) -> bool:
    """Where process 1 collects nobody, as in many containers, the dead keep their number."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False


if __name__ == "__main__":
    _watch()
