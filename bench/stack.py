"""The whole of Yizhan for a while: a real `yizhan up --demo` on an empty data directory, its API, its processes."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from hub.reading import DEMO_PORTS

REPOSITORY = Path(__file__).parents[1]
AGENT = {"email": "agent@example.com", "password": "yizhan-demo"}
APP_ID = "wx5a1e0de30c0ffee0"
WORKERS = 4  # what config/hub.toml asks for
SECONDS_TO_START = 60.0
SECONDS_TO_END = 15.0
PROGRAMS = {  # how the command line of each program of the stack is recognised
    "web": "wsgi:app",
    "worker": "workers.app:celery\0worker",
    "beat": "workers.timetable:celery\0beat",
    "receiver": "workers\0receiver\0",
    "postgres": "/bin/postgres",
    "redis": "redis-server",
    "simulator": "-m\0simulator",
}


@dataclass
class Client:
    """JSON over HTTP."""

    base: str
    session: requests.Session = field(default_factory=requests.Session)

    def get(self, path: str, **query: Any) -> Any:
        return self._read(self.session.get(self.base + path, params=query, timeout=30))

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self._read(self.session.post(self.base + path, json=body, headers=headers, timeout=30))

    def delete(self, path: str) -> None:
        self._read(self.session.delete(self.base + path, timeout=30))

    @staticmethod
    def _read(response: requests.Response) -> Any:
        assert response.ok, f"{response.request.method} {response.url}: {response.status_code} {response.text[:500]}"
        return response.json() if response.content else None


@dataclass
class Stack:
    """A running `yizhan up --demo`."""

    process: subprocess.Popen[bytes]
    port: int
    data: Path

    @property
    def hub(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def simulator(self) -> Client:
        return Client(f"http://127.0.0.1:{self.port + 1}/_sim")

    def api(self) -> Client:
        """Logged in as the agent of the demo."""
        client = Client(f"{self.hub}/api/v1")
        client.post("/session", AGENT)
        return client

    def pids(self, program: str) -> list[int]:
        """The processes of one program, the parent first."""
        return [pid for pid in self.tree() if _recognised(program, pid)]

    def tree(self) -> list[int]:
        """Every process of the stack, parents first."""
        known = children()
        found = [self.process.pid]
        for pid in found:
            found += sorted(known.get(pid, []))
        return found

    @contextmanager
    def stopped(self, program: str) -> Iterator[None]:
        """It neither works nor ends: connections to it hang."""
        pids = self.pids(program)
        for pid in pids:
            _signal(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                _signal(pid, signal.SIGCONT)

    def output(self) -> str:
        return (self.data / "up.log").read_text(errors="replace")


@contextmanager
def running(config: Path = REPOSITORY / "config", *, demo: bool = True) -> Iterator[Stack]:
    data = Path(tempfile.mkdtemp(prefix="yizhan-stack-"))
    data.chmod(0o711)  # PostgreSQL of a root start runs as another user
    port = free_ports()
    command = [sys.executable, "-m", "workers", "up", *(["--demo"] if demo else [])]
    options = ["--port", str(port), "--data", str(data), "--config", str(config)]
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    with (data / "up.log").open("wb") as log:
        process = subprocess.Popen([*command, *options], cwd=REPOSITORY, env=environment, stdout=log, stderr=log)
    stack = Stack(process, port, data)
    try:
        wait_until(lambda: _started(stack), "yizhan up is ready", SECONDS_TO_START)
        yield stack
    finally:
        _end(stack)
        shutil.rmtree(data)


def wait_until(holds: Callable[[], Any], what: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.05)


def free_ports() -> int:
    """The hub's; the demo's others, at their distances from it, are free as well.

    Below those that the kernel gives to outgoing connections: one of them could take the port before its server does.
    """
    while True:
        port = random.randrange(20_000, 32_000, 10)
        with ExitStack() as probes:
            try:
                for offset in DEMO_PORTS:
                    probes.enter_context(socket.socket()).bind(("127.0.0.1", port + offset))
            except OSError:
                continue
            return port


def command_line(pid: int) -> list[str]:
    """Empty for a process that has just ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").split("\0")
    except OSError:
        return []


def run_file(stack: Stack) -> dict[str, Any]:
    """The addresses `yizhan up` noted for its other commands."""
    noted: dict[str, Any] = json.loads((stack.data / "run.json").read_text())
    return noted


def _started(stack: Stack) -> bool:
    if stack.process.poll() is not None:
        raise RuntimeError(f"yizhan up ended:\n{stack.output()}")
    # the workers start while the web server already answers
    return "Yizhan is ready." in stack.output() and len(stack.pids("worker")) == 1 + WORKERS


def _end(stack: Stack) -> None:
    """A stopped child would not hear that it has to end."""
    for pid in stack.tree():
        _signal(pid, signal.SIGCONT)
    stack.process.terminate()
    try:
        stack.process.wait(SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        stack.process.kill()  # its leash ends the children
        stack.process.wait()


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _recognised(program: str, pid: int) -> bool:
    line = "\0".join(command_line(pid))
    # PostgreSQL's children write their own title over the command line
    return PROGRAMS[program] in line or (program == "postgres" and line.startswith("postgres: "))


def children() -> dict[int, list[int]]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:  # it ended meanwhile
                continue
            children.setdefault(parent, []).append(int(entry.name))
    return children
