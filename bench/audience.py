"""A thousand inboxes on the live stream, each told what is for it and nothing else.

`python -m bench.audience` measures it alone: PostgreSQL, Redis, `yizhan stream`, and the agents in their own process.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from flask import Flask

from bench.load import percentile
from bench.memory import kilobytes
from bench.stack import REPOSITORY, children, free_ports, wait_until
from hub import embedded
from hub.live import Announcer, Told
from hub.readers import EVERYBODY, audience

TEAMS, IN_EACH, SUPERVISORS = 100, 10, 4
AGENTS = TEAMS * IN_EACH
PER_SECOND, SECONDS = 200, 15.0
BURST = 5_000
PADDING = "x" * 1_200  # what a message with its conversation weighs
GOAL_MS = 100.0


@dataclass
class Result:
    p50: float  # seconds
    p99: float
    heard: int
    expected: int
    wrong: int  # events that were for others
    kilobytes_each: float
    megabytes: float  # of the process, before anybody came
    resynced: bool  # who could not keep up with the burst


def measure(per_second: int = PER_SECOND, seconds: float = SECONDS) -> Result:
    with stream() as served:
        empty = served.kilobytes()
        with listeners(served) as client:
            full = served.kilobytes()
            told = tell(served.announcer, per_second, seconds)
            served.announcer.announce([Told("done", "{}", EVERYBODY)])
            heard = json.loads(client.communicate(timeout=60)[0])
        resynced = burst(served)
    latencies = heard["latencies"]
    return Result(
        p50=percentile(latencies, 0.5),
        p99=percentile(latencies, 0.99),
        heard=len(latencies),
        expected=told * (IN_EACH + SUPERVISORS),
        wrong=heard["wrong"],
        kilobytes_each=(full - empty) / (AGENTS + SUPERVISORS),
        megabytes=empty / 1024,
        resynced=resynced,
    )


def rows() -> Iterator[tuple[Any, ...]]:
    result = measure()
    yield f"events to {AGENTS} inboxes, {PER_SECOND}/s, each for {IN_EACH + SUPERVISORS}: p50", result.p50 * 1000, " ms"
    yield "  p99", result.p99 * 1000, " ms", ("<", GOAL_MS)
    yield "  of those that were to be heard", 100 * result.heard / result.expected, "%", ("≥", 100)
    yield "  heard by whom they were not for", result.wrong, "", ("<", 1)
    yield "  memory of each connection", result.kilobytes_each, " KB", ("<", 60)
    yield "  memory of the stream's process without any", result.megabytes, " MB", ("<", 120)
    yield f"  who missed a burst of {BURST} was told to fetch anew", float(result.resynced), "", ("≥", 1)


@dataclass
class Served:
    port: int
    process: subprocess.Popen[bytes]
    announcer: Announcer
    people: list[tuple[str, str | None]] = field(repr=False)  # token, team; None: reads everything

    def kilobytes(self) -> int:
        return sum(kilobytes(pid) for pid in children().get(self.process.pid, []))


@contextmanager
def stream() -> Iterator[Served]:
    """`yizhan stream` beside a PostgreSQL with so many agents, and a Redis."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        data.chmod(0o711)
        teams = {
            f"team-{team}": [f"a{team}-{number}@example.com" for number in range(IN_EACH)] for team in range(TEAMS)
        }
        lists = "\n".join(f"{name} = {json.dumps(members)}" for name, members in teams.items())
        (data / "hub.toml").write_text(f'public_url = "http://hub.test"\n[teams]\n{lists}\n')
        with embedded.running(data, "postgres", "redis", durable=False) as urls:
            people = _people(urls["postgres"], teams)
            port = free_ports()
            environment = {"DATABASE_URL": urls["postgres"], "REDIS_URL": urls["redis"], "YIZHAN_CONFIG": folder}
            command = [sys.executable, "-m", "workers", "stream", "--host", "127.0.0.1", "--port", str(port)]
            process = subprocess.Popen(command, cwd=REPOSITORY, env={**os.environ, **environment})
            try:
                wait_until(lambda: _answers(port), "the stream answers", 60)
                yield Served(port, process, Announcer(urls["redis"]), people)
            finally:
                process.terminate()
                process.wait(15)


def _people(database: str, teams: dict[str, list[str]]) -> list[tuple[str, str | None]]:
    from hub.db import db, open_database, transaction
    from hub.migrations.run import upgrade
    from hub.models import AccessToken, Agent
    from hub.models.agents import digest

    upgrade(database)
    app = Flask("bench")
    open_database(app, database)
    everybody = [(email, team) for team, emails in teams.items() for email in emails]
    bosses = [(f"boss{number}@example.com", None) for number in range(SUPERVISORS)]
    with app.app_context(), transaction():
        for email, team in [*everybody, *bosses]:
            agent = Agent(email=email, name=email, role="agent" if team else "supervisor")
            db.session.add(AccessToken(agent=agent, kind="api", sha256=digest(email)))
    return [*everybody, *bosses]


@contextmanager
def listeners(served: Served) -> Iterator[subprocess.Popen[bytes]]:
    """All agents, connected, in a process of their own."""
    command = [sys.executable, "-m", "bench.audience", "listen", str(served.port)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    client = subprocess.Popen(command, cwd=REPOSITORY, **pipes)  # type: ignore[call-overload]
    try:
        client.stdin.write(json.dumps(served.people).encode() + b"\n")
        client.stdin.flush()
        assert client.stdout.readline() == b"ready\n"
        yield client
    finally:
        client.kill()
        client.wait()


def tell(announcer: Announcer, per_second: int, seconds: float) -> int:
    """Conversations of one team after the other, as workers would tell of them; how many."""
    count = int(per_second * seconds)
    started = time.perf_counter()
    for number in range(count):
        time.sleep(max(0.0, started + number / per_second - time.perf_counter()))
        team = f"team-{number * 7 % TEAMS}"
        words = {"team": team, "at": time.perf_counter(), "text": PADDING}
        announcer.announce([Told("message", json.dumps(words), audience(team, None))])
    time.sleep(1.0)
    return count


def burst(served: Served) -> bool:
    """To one who does not read meanwhile. Whether they are told to fetch anew, and then hear what comes."""
    token, team = served.people[0]
    slow = _connect(served.port, token, buffer=8_192)
    words = json.dumps({"team": team, "at": 0.0, "text": PADDING})
    for _ in range(BURST // 100):
        served.announcer.announce([Told("message", words, audience(team or "", None))] * 100)
    time.sleep(1.0)
    served.announcer.announce([Told("done", "{}", EVERYBODY)])
    slow.settimeout(20)
    received = b""
    while b"event: done" not in received:
        received += slow.recv(1 << 20)
    slow.close()
    return b"event: resync" in received and received.count(b"event: message") < BURST


# the process of the listeners


def listen(port: int, people: Sequence[tuple[str, str | None]]) -> dict[str, Any]:
    """Until everybody has heard the end."""
    ready = selectors.DefaultSelector()
    for token, team in people:
        ready.register(_connect(port, token), selectors.EVENT_READ, Heard(team))
    print("ready", flush=True)
    latencies: list[float] = []
    wrong, left = 0, len(people)
    while left:
        for key, _ in ready.select(30):
            now, heard = time.perf_counter(), key.data
            for name, data in heard.frames(key.fileobj.recv(1 << 16)):  # type: ignore[union-attr]
                if name == b"done":
                    left -= 1
                elif name == b"message":
                    words = json.loads(data)
                    latencies.append(now - words["at"])
                    wrong += heard.team not in (None, words["team"])
    return {"latencies": latencies, "wrong": wrong}


@dataclass
class Heard:
    team: str | None
    rest: bytes = b""

    def frames(self, received: bytes) -> Iterator[tuple[bytes, bytes]]:
        *whole, self.rest = (self.rest + received).split(b"\n\n")
        for each in whole:
            lines = dict(line.split(b": ", 1) for line in each.split(b"\n") if b": " in line)
            if b"event" in lines:
                yield lines[b"event"], lines[b"data"]


def _connect(port: int, token: str, buffer: int | None = None) -> socket.socket:
    """Connected once the first ping has come."""
    connection = socket.socket()
    if buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    connection.settimeout(30)
    connection.connect(("127.0.0.1", port))
    connection.sendall(f"GET /api/v1/stream HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    received = b""
    while b"event: ping" not in received:
        received += connection.recv(4096)
    return connection


def _answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/healthz", timeout=5).ok
    except requests.ConnectionError:
        return False


def main() -> None:
    from bench.__main__ import Row, table

    found = [Row(*row) for row in rows()]
    print(table([("", "measured", "goal", ""), *(row.cells() for row in found)]))
    sys.exit(any(row.met is False for row in found))


if __name__ == "__main__":
    if sys.argv[1:2] == ["listen"]:
        print(json.dumps(listen(int(sys.argv[2]), json.loads(sys.stdin.readline()))))
    else:
        main()
