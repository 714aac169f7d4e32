"""`python -m bench`: one run on this machine, one table, nothing in it typed in by hand."""

from __future__ import annotations

import operator
import os
import platform
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import audience, chats, inbox, live, load, mail, memory, size
from bench.stack import REPOSITORY, Stack, command_line, free_ports, running, wait_until
from hub.settings import DEMO_ENVIRONMENT

SECONDS_IDLE = 3.0
SECONDS_OF_PUSHES = 4.0
SECONDS_OF_CHATS = 12.0
CUSTOMERS = 400
CUSTOMERS_TO_WARM = 40  # so that every process has compiled its statements and opened its connections
OURS = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
SENSES = {"≥": operator.ge, "≤": operator.le, "<": operator.lt}


@dataclass(frozen=True)
class Row:
    what: str
    value: float
    unit: str = ""
    goal: tuple[str, float] | None = None

    @property
    def met(self) -> bool | None:
        return self.goal and SENSES[self.goal[0]](self.value, self.goal[1])

    def cells(self) -> tuple[str, str, str, str]:
        goal = f"{self.goal[0]} {self.goal[1]:g}{self.unit}" if self.goal else ""
        return self.what, f"{_digits(self.value)}{self.unit}", goal, {True: "met", False: "MISSED", None: ""}[self.met]


def main() -> None:
    began, busy_before = time.monotonic(), busy_seconds()
    rows = [*pushes(), *conversations()]
    rows += (Row(*row) for row in (*audience.rows(), *inbox.rows(), *mail.rows(), *size.rows()))
    took = time.monotonic() - began
    others = busy_seconds() - busy_before - sum(sum(resource.getrusage(who)[:2]) for who in OURS)
    print(table([("", "measured", "goal", ""), *(row.cells() for row in rows)]))
    cores = os.cpu_count() or 1
    print(f"\n{cores} cores, {platform.machine()}, Python {platform.python_version()}, {took:.0f} s.")
    print("Simulator, PostgreSQL, Redis and the load's client ran on the same cores;", end=" ")
    print(f"programs that are not ours took {max(0.0, others) / took / cores:.0%} of them.")
    sys.exit(any(row.met is False for row in rows))


def pushes() -> Iterator[Row]:
    """What the hub takes in, beside a handler that keeps nothing."""
    with running() as stack:
        time.sleep(SECONDS_IDLE)
        idle = memory.megabytes(stack)
        with bare_handler(stack) as port:
            for warm in (port, stack.port):
                load.measure(warm, 1.0)
            bare = load.measure(port, SECONDS_OF_PUSHES)
            hub = load.measure(stack.port, SECONDS_OF_PUSHES)
        with stack.stopped("worker"):
            alone = load.measure(stack.port, SECONDS_OF_PUSHES)
    with running() as stack:
        load.measure(stack.port, 1.0)
        half = load.measure(stack.port, SECONDS_OF_PUSHES, hub.rate / 2)
    yield Row("pushes verified and parsed by a bare Flask handler", bare.rate, "/s")
    yield Row("pushes accepted by the hub while its workers work them off", hub.rate, "/s")
    yield Row("  as a ratio of the bare handler's", hub.rate / bare.rate, goal=("≥", 0.6))
    yield Row("  the same ratio while its workers are stopped", alone.rate / bare.rate)
    yield Row("  p99 of the answer at half of the hub's rate", half.p99 * 1000, " ms", ("<", 250))
    yield Row("memory of the idle stack", idle, " MB", ("<", 500))


def conversations() -> Iterator[Row]:
    """Question to answer: push, bot, provider."""
    with chats.knowledge() as config, running(config) as stack:
        chats.at_once(stack, CUSTOMERS_TO_WARM)
        most = chats.at_once(stack, CUSTOMERS)
    with chats.knowledge() as config, running(config) as stack, ThreadPoolExecutor(1) as browser:
        chats.at_once(stack, CUSTOMERS_TO_WARM)
        arrival = browser.submit(live.p95, stack, SECONDS_OF_CHATS)
        half = chats.at_rate(stack, most.rate / 2, SECONDS_OF_CHATS)
        event = arrival.result()
    yield Row("messages answered end to end", most.rate, "/s", ("≥", 100))
    yield Row("  p99 from question to answer at half that rate", half.p99 * 1000, " ms", ("<", 1000))
    yield Row("  p95 from push to browser meanwhile", event * 1000, " ms", ("<", 500))


@contextmanager
def bare_handler(stack: Stack) -> Iterator[int]:
    """Behind the same gunicorn, with the options that the stack gives its own."""
    port = free_ports()
    command = command_line(stack.pids("web")[0])
    command[command.index("--bind") + 1] = f"127.0.0.1:{port}"
    command[command.index("wsgi:app")] = "bench.bare:app"
    config = {"YIZHAN_CONFIG": str(REPOSITORY / "config"), "YIZHAN_DEMO": str(stack.port)}
    process = subprocess.Popen(command, cwd=REPOSITORY, env={**os.environ, **DEMO_ENVIRONMENT, **config})
    try:
        wait_until(lambda: _listens(port), "the bare handler listens", 20)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _digits(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def busy_seconds() -> float:
    """CPU time of all programs since the machine started."""
    user, nice, system, _, _, *others = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    return sum(map(int, (user, nice, system, *others[:3]))) / os.sysconf("SC_CLK_TCK")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def table(rows: list[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for what, *others in rows:
        cells = [what.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


if __name__ == "__main__":
    main()
