"""PostgreSQL gone or hung, Redis gone: providers are answered in time, and nothing is lost or doubled."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask

from hub import embedded
from hub.db import db
from hub.leash import Leash
from hub.migrations.run import upgrade
from hub.models import Arrival
from tests.pager import Pager
from tests.places import free_port
from tests.stage import Stage, at_once, eventually, written


class Postgres:
    """A server of our own, to stop, start and freeze."""

    def __init__(self, data: Path):
        self._leash = Leash()
        self._service = embedded.postgres(data, self._leash, durable=False)
        self.url = self._service.url
        self.start()

    def start(self) -> None:
        self._process = self._leash.start(self._service.child, subprocess.DEVNULL)
        eventually(self._service.ready, 30)

    def stop(self) -> None:
        self._process.send_signal(self._service.child.stop)
        self._process.wait(10)
        self._leash.forget(self._process.pid)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        postmaster = self._process.pid
        os.kill(postmaster, signal.SIGSTOP)
        stopped = [postmaster, *map(int, Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split())]
        for pid in stopped[1:]:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)

    def close(self) -> None:
        if self._process.poll() is None:
            self.stop()
        self._leash.close()


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    from tests.places import temporary_data

    with temporary_data() as directory:
        server = Postgres(directory)
        try:
            upgrade(server.url)
            yield server
        finally:
            server.close()


@pytest.fixture
def start(environment: object, data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Stage]]:
    """A web process with other servers than the rest of the tests."""
    made: list[Flask] = []

    def with_servers(**urls: str) -> Stage:
        from hub.app import create_app

        for name, value in {"YIZHAN_DATA": str(data), **urls}.items():
            monkeypatch.setenv(name, value)
        made.append(create_app())
        return Stage(made[-1])

    yield with_servers
    for app in made:
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def hub(postgres: Postgres, start: Callable[..., Stage], redis_url: str) -> Stage:
    from tests.conftest import empty

    empty(postgres.url, redis_url)
    return start(DATABASE_URL=postgres.url)


def spooled(hub: Stage) -> int:
    folder: Path = hub.app.extensions["data"] / "spool"
    return sum(len(path.read_bytes().splitlines()) for path in folder.glob("*.jsonl"))


def timed(action: Callable[[], object]) -> float:
    began = time.monotonic()
    action()
    return time.monotonic() - began


def kept(hub: Stage) -> list[str]:
    return sorted(row.key for row in hub.rows(Arrival))


def test_while_postgresql_is_away_pushes_are_spooled_and_then_drained(hub: Stage, postgres: Postgres) -> None:
    hub.page(written("before", number=0))
    postgres.stop()
    try:
        slowest = max(timed(lambda n=n: hub.page(written(str(n), number=n))) for n in range(1, 11))
        assert slowest < 2.0
        assert spooled(hub) == 10
        hub.page(written("again", number=3))  # the provider repeats itself
    finally:
        postgres.start()
    eventually(lambda: spooled(hub) == 0)
    assert kept(hub) == sorted(f"in-{number}" for number in range(11))
    hub.page(written("after", number=11))
    eventually(lambda: len(kept(hub)) == 12)


def test_a_hung_postgresql_keeps_no_provider_waiting(hub: Stage, postgres: Postgres) -> None:
    hub.page(written("before", number=0))
    with postgres.frozen():
        waits = at_once(*[lambda n=n: timed(lambda: hub.page(written(str(n), number=n))) for n in range(1, 6)])
        waits += [timed(lambda: hub.page(written("later", number=6)))]
        assert all(isinstance(wait, float) and wait < 4.0 for wait in waits), waits
        assert spooled(hub) == 6
    eventually(lambda: spooled(hub) == 0)
    assert kept(hub) == [f"in-{number}" for number in range(7)]


def test_a_push_that_the_database_refuses_does_not_stop_the_spool(
    hub: Stage, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.stop()
    try:
        hub.page(written("too large", number=1, sequence=2**70))
        half = written("half an emoji \ud83d and a NUL \0", number=2)
        monkeypatch.setattr(Pager, "parse", lambda *_: [half])  # JSON could not carry it
        hub.page()
    finally:
        postgres.start()
    eventually(lambda: spooled(hub) == 0)
    first, second = hub.rows(Arrival)
    assert (first.state, first.error) == ("failed", "unstorable")
    assert second.event and second.event["text"] == "half an emoji ? and a NUL \ufffd"


def test_without_postgresql_the_api_says_so_and_the_door_stays_open(start: Callable[..., Stage]) -> None:
    hub = start(DATABASE_URL=f"postgresql://nobody@127.0.0.1:{free_port()}/none")
    client = hub.app.test_client()
    assert timed(lambda: hub.page(written("hi"))) < 2.0
    assert spooled(hub) == 1
    assert client.get("/healthz").status_code == 200
    answers = [client.get(path) for path in ("/readyz", "/api/v1/me", "/metrics")]
    answers[1] = client.get("/api/v1/me", headers={"Authorization": "Bearer x"})
    assert [(answer.status_code, answer.json["code"]) for answer in answers] == [(503, "database_away")] * 3
    assert answers[1].headers["Retry-After"] == "5"


def test_a_spool_left_by_an_earlier_process_is_drained(
    start: Callable[..., Stage], postgres: Postgres, redis_url: str
) -> None:
    from tests.conftest import empty

    empty(postgres.url, redis_url)
    first = start(DATABASE_URL=f"postgresql://nobody@127.0.0.1:{free_port()}/none")
    first.page(written("hi", number=1))
    folder = first.app.extensions["data"] / "spool"
    [file] = folder.glob("*.jsonl")
    content = file.read_bytes()
    second = start(DATABASE_URL=postgres.url, YIZHAN_DATA=str(folder.parent / "second"))
    (folder.parent / "second/spool" / file.name).write_bytes(content)
    eventually(lambda: kept(second) == ["in-1"])


def test_without_redis_pushes_and_answers_go_on(hub: Stage, start: Callable[..., Stage], postgres: Postgres) -> None:
    deaf = start(DATABASE_URL=postgres.url, REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")
    slowest = max(timed(lambda n=n: deaf.page(written(str(n), number=n))) for n in range(5))
    assert slowest < 2.0
    deaf.work()
    anna = deaf.agent()
    assert timed(lambda: anna.post("/conversations/1/messages", {"text": "hello"}, 201)) < 2.0
    deaf.work()
    assert [text for _, text in deaf.thread()] == ["0", "1", "2", "3", "4", "claimed", "hello"]
    answer = deaf.app.test_client().get("/readyz")
    assert (answer.status_code, answer.json["code"]) == (503, "redis_away")
    assert deaf.app.test_client().get("/metrics").status_code == 200
