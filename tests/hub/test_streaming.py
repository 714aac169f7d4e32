"""`yizhan stream`: a small process that may die, behind whatever stands before it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from itertools import count

import pytest
from redis import Redis

from bench.stack import free_ports
from hub.live import STREAM, Announcer, Told
from hub.readers import EVERYBODY, of_team
from tests.stage import CONFIG, Person, Stage, eventually


class Process:
    def __init__(self, database_url: str, redis_url: str):
        self.port = free_ports()
        path = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        stores = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "YIZHAN_CONFIG": str(CONFIG)}
        self._environment = {**path, **stores}  # and no secret of any channel
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "workers", "stream", "--host", "127.0.0.1", "--port", str(self.port)]
        self._process = subprocess.Popen(command, env=self._environment, start_new_session=True)
        eventually(self._answers, 40)

    def kill(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _answers(self) -> bool:
        try:
            return self.get("/healthz")[0] == 200
        except OSError:
            return False

    def get(self, path: str, authorization: str = "") -> tuple[int, str]:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=5)) as connection:
            connection.request("GET", path, headers={"Authorization": authorization})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    @contextmanager
    def listen(self, authorization: str, after: str = "") -> Iterator[HTTPResponse]:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            connection.request("GET", f"/api/v1/stream?after={after}", headers={"Authorization": authorization})
            with connection.getresponse() as stream:
                yield stream


@pytest.fixture
def process(stage: Stage, database_url: str, redis_url: str) -> Iterator[Process]:
    started = Process(database_url, redis_url)
    yield started
    started.kill()


def frame(stream: HTTPResponse) -> tuple[str, str, str]:
    fields = dict(line.decode().rstrip("\n").split(": ", 1) for line in iter(stream.readline, b"\n") if line)
    return fields["id"], fields["event"], fields["data"]


def authorization(person: Person) -> str:
    given: str = person.client.environ_base["HTTP_AUTHORIZATION"]
    return given


@pytest.mark.timeout(120)
def test_killed_it_comes_back_and_tells_each_what_they_missed_once(
    stage: Stage, process: Process, redis_url: str
) -> None:
    anna, announcer, numbers = authorization(stage.agent()), Announcer(redis_url), count()

    def tell(many: int) -> None:
        for _, number in zip(range(many), numbers, strict=False):
            for team in ("sales", "returns"):
                words = json.dumps({"n": number, "team": team})
                announcer.announce([Told("message", words, frozenset({of_team(team)}))])

    with process.listen(anna) as stream:
        assert (stream.status, stream.headers["Content-Type"]) == (200, "text/event-stream")
        assert stream.headers["X-Accel-Buffering"] == "no"
        last, name, _ = frame(stream)
        assert name == "ping"
        tell(3)
        heard = [frame(stream) for _ in range(3)]
        last = heard[-1][0]
        process.kill()
    tell(50)  # while nobody is there
    process.start()
    with process.listen(anna, last) as stream:
        assert frame(stream)[1] == "ping"
        tell(2)
        heard += [frame(stream) for _ in range(52)]
    assert [json.loads(data) for _, _, data in heard] == [{"n": number, "team": "sales"} for number in range(55)]
    with Redis.from_url(redis_url) as redis:
        redis.delete(STREAM)


def test_who_is_not_signed_in_hears_nothing_and_nothing_else_is_served(stage: Stage, process: Process) -> None:
    status, problem = process.get("/api/v1/stream", "Bearer nobody")
    assert (status, json.loads(problem)["code"]) == (401, "not_signed_in")
    assert [process.get(path)[0] for path in ("/api/v1/conversations", "/", "/hooks/shop")] == [404] * 3


def test_it_has_no_database_connection_of_an_open_stream(stage: Stage, process: Process, redis_url: str) -> None:
    """More streams than the pool has connections."""
    bo = authorization(stage.agent("Bo"))
    with ExitStack() as stack:
        streams = [stack.enter_context(process.listen(bo)) for _ in range(40)]
        assert {frame(each)[1] for each in streams} == {"ping"}
        Announcer(redis_url).announce([Told("hello", "{}", EVERYBODY)])
        assert {frame(each)[1] for each in streams} == {"hello"}
