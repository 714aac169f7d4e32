"""What every test may ask for: real servers, started once, and places that vanish afterwards."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import responses
from flask import Flask
from redis import Redis
from sqlalchemy import create_engine, make_url, text

from channels.email import smtp
from hub import embedded
from hub.cache import RedisCache
from tests import switchboard
from tests.channels.email import servers
from tests.channels.email.servers import ImapServer
from tests.pager import ENTRY_POINTS, Pager
from tests.places import temporary_data
from tests.stage import CONFIG, SECRETS, Stage, WeChat
from tests.switchboard import Switchboard
from workers.bots.bot import Bot, Thought
from workers.bots.contract import Later, Turn


@pytest.fixture
def data() -> Iterator[Path]:
    with temporary_data() as directory:
        yield directory


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """An empty PostgreSQL of the whole run, or the one TEST_DATABASE_URL names."""
    yield from _service("postgres", os.environ.get("TEST_DATABASE_URL"))


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """An empty Redis of the whole run, or the one TEST_REDIS_URL names."""
    yield from _service("redis", os.environ.get("TEST_REDIS_URL"))


def _service(name: str, given: str | None) -> Iterator[str]:
    if given:
        yield given
        return
    with temporary_data() as directory, embedded.running(directory, name, durable=False) as urls:
        yield urls[name]


@pytest.fixture(scope="session")
def database_url(postgres_url: str) -> Iterator[str]:
    """A database of our own in it, brought up to date by the migrations."""
    from hub.migrations.run import upgrade

    with fresh_database(postgres_url) as url:
        upgrade(url)
        yield url


@contextmanager
def fresh_database(server: str) -> Iterator[str]:
    """An empty database on the server, for the duration of a block."""
    name = f"test_{uuid4().hex}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    try:
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    finally:
        admin.dispose()


@pytest.fixture
def environment(
    database_url: str, redis_url: str, stage_data: Path, monkeypatch: pytest.MonkeyPatch
) -> Mapping[str, str]:
    """What every process of the hub under test is started with."""
    values = {
        **SECRETS,
        "YIZHAN_CONFIG": str(CONFIG),
        "YIZHAN_DATA": str(stage_data),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(stage_data / "plug")
    return values


@pytest.fixture(scope="session")
def stage_data() -> Iterator[Path]:
    """The data directory of the hub under test, with the pager installed beside it."""
    with temporary_data() as directory:
        package = directory / "plug/pager-1.0.dist-info"
        package.mkdir(parents=True)
        (package / "METADATA").write_text("Metadata-Version: 2.1\nName: pager\nVersion: 1.0")
        (package / "entry_points.txt").write_text(ENTRY_POINTS + switchboard.ENTRY_POINTS)
        yield directory


@pytest.fixture(autouse=True)
def no_loop_of_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Playwright, once another test has used it, leaves a running loop in this thread; workers have none in theirs."""

    def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, coroutine).result()

    monkeypatch.setattr(smtp, "asyncio", SimpleNamespace(run=run, timeout=asyncio.timeout))


_apps: list[Flask] = []


@pytest.fixture
def app(environment: Mapping[str, str], database_url: str, redis_url: str) -> Flask:
    """The web process as it is run, made once; its tables and its Redis are empty."""
    from hub import files
    from hub.app import create_app, make_channels

    if not _apps:
        _apps.append(create_app())
    empty(database_url, redis_url)
    # they remember what a provider asked for: a pause, a token
    _apps[0].extensions["channels"] = make_channels(
        _apps[0].extensions["settings"], RedisCache(redis_url), files.under(_apps[0].extensions["data"])
    )
    for told in (Pager.answers, Pager.sent, Switchboard.answers, Switchboard.placed, Switchboard.done):
        told.clear()
    return _apps[0]


@pytest.fixture(scope="session", autouse=True)
def _close_apps() -> Iterator[None]:
    yield
    from hub.db import db

    for each in _apps:
        with each.app_context():
            db.engine.dispose()


def empty(database_url: str, redis_url: str) -> None:
    from hub.db import Base

    deletes = [f"DELETE FROM {table}" for table in reversed(Base.metadata.sorted_tables)]  # much faster than TRUNCATE
    counters = "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'"
    # the time limit: a test before this one may have left a transaction open
    script = "; ".join(["SET lock_timeout = '5s'", *deletes, counters])
    with psycopg.connect(database_url.replace("+psycopg", ""), cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute(script)  # type: ignore[call-overload]
    with Redis.from_url(redis_url) as redis:
        redis.flushdb()


@pytest.fixture(scope="session")
def dovecot() -> Iterator[ImapServer]:
    with servers.dovecot() as server:
        yield server


@pytest.fixture(scope="session")
def postfix(dovecot: ImapServer) -> Iterator[int]:
    with servers.postfix(dovecot.lmtp_port) as port:
        yield port


@pytest.fixture(scope="session")
def pymap() -> Iterator[ImapServer]:
    with servers.pymap() as server:
        yield server


@pytest.fixture(params=["dovecot", "pymap"])
def imap(request: pytest.FixtureRequest) -> ImapServer:
    server: ImapServer = request.getfixturevalue(request.param)
    return server


@pytest.fixture
def folder(imap: ImapServer) -> str:
    """Nobody else's."""
    name = f"box{uuid4().hex[:8]}"
    client = imap.client()
    assert client.create(name)[0] == "OK"
    client.logout()
    return name


@pytest.fixture
def stage(app: Flask) -> Stage:
    return Stage(app)


@pytest.fixture
def slow_bot(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The front desk's bot answers in a job of its own, as bots do that ask others."""
    think = Bot.think

    def later(self: Bot, turn: Turn, state: Mapping[str, Any]) -> Thought:
        if turn.at_once:
            raise Later
        return think(self, turn, state)

    monkeypatch.setattr(Bot, "think", later)


@pytest.fixture
def wechat() -> Iterator[WeChat]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield WeChat(mock)
