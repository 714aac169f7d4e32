"""One access token for all processes."""

from __future__ import annotations

import fcntl
import json
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from time import sleep, time
from typing import Any

import pytest

from channels.contract import Address
from channels.http import Http
from channels.wechat.tokens import TokenBroker
from hub.cache import RedisCache
from tests.channels.cases import make_channel
from tests.channels.wechat import outbound

PROCESSES = 8
APP = "wxfedcba0987654321"


class TokenServer(ThreadingHTTPServer):
    """Gives out T1, T2 …; a stable one until it is forced, or a new one each time. Messages need the latest."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), TokenHandler)
        self.asked: list[dict[str, Any]] = []
        self.taken: list[str] = []  # messages
        self.lasts, self.number, self.stable = 7200, 1, True
        self.guard = Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class TokenHandler(BaseHTTPRequestHandler):
    server: TokenServer

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = self._token(asked) if "grant_type" in asked else self._taken(asked)
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _token(self, asked: dict[str, Any]) -> dict[str, Any]:
        sleep(0.1)  # long enough for the others to want one too
        with self.server.guard:
            self.server.number += asked["force_refresh"] or not self.server.stable
            self.server.asked.append(asked)
            return {"access_token": f"T{self.server.number}", "expires_in": self.server.lasts}

    def _taken(self, message: dict[str, Any]) -> dict[str, Any]:
        with self.server.guard:
            if not self.path.endswith(f"access_token=T{self.server.number}"):
                return {"errcode": 40001, "errmsg": "not latest"}
            self.server.taken.append(message["text"]["content"])
            return {"errcode": 0, "errmsg": "ok"}

    def log_message(self, format: str, *args: Any) -> None:
        """Tests are quiet."""


class FileCache:
    """channels.contract.Cache that several processes share, in a directory."""

    def __init__(self, directory: str):
        self._directory = Path(directory)

    def _path(self, key: str) -> Path:
        return self._directory / key.replace(":", "_")

    def get(self, key: str) -> str | None:
        path = self._path(key)
        return path.read_text() if path.exists() else None

    def set(self, key: str, value: str, ttl: timedelta) -> None:
        draft = self._path(key).with_suffix(f".{multiprocessing.current_process().pid}")
        draft.write_text(value)
        draft.rename(self._path(key))

    def delete(self, key: str) -> None:
        self._path(key).unlink(missing_ok=True)

    @contextmanager
    def lock(self, key: str, ttl: timedelta) -> Iterator[bool]:
        with self._path(key).open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True


@pytest.fixture
def server() -> Iterator[TokenServer]:
    with TokenServer() as server:
        thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(5)


def broker(url: str, directory: str) -> TokenBroker:
    return TokenBroker(APP, "app-secret", url, Http(), FileCache(directory))


def ask(url: str, directory: str, rejected: str, start: Any, answers: Any) -> None:
    asking = broker(url, directory)
    start.wait(30)
    answers.put(asking.get(rejected))


def in_processes(server: TokenServer, directory: Path, rejected: str = "") -> list[str]:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    start, answers = context.Barrier(PROCESSES), context.Queue()
    arguments = (server.url, str(directory), rejected, start, answers)
    asking = [context.Process(target=ask, args=arguments) for _ in range(PROCESSES)]
    for process in asking:
        process.start()
    tokens = [answers.get(timeout=60) for _ in asking]
    for process in asking:
        process.join(10)
    return tokens


def test_eight_processes_fetch_once(server, tmp_path):
    server.stable = False
    assert len(set(in_processes(server, tmp_path))) == 1
    assert len(server.asked) == 1


def test_eight_threads_replace_a_rejected_token_once(server, tmp_path):
    brokers = [broker(server.url, str(tmp_path)) for _ in range(PROCESSES)]
    assert {broker.get() for broker in brokers} == {"T1"}
    tokens: list[str] = []
    threads = [Thread(target=lambda asking=asking: tokens.append(asking.get(rejected="T1"))) for asking in brokers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert tokens == ["T2"] * PROCESSES
    assert [asked["force_refresh"] for asked in server.asked] == [False, False, True]


def test_a_refresh_is_forced_once_in_a_while_only(server, tmp_path):
    asking = broker(server.url, str(tmp_path))
    assert asking.get() == "T1"
    assert asking.get(rejected="T1") == "T2"
    assert asking.get(rejected="T2") == "T2"
    assert [asked["force_refresh"] for asked in server.asked] == [False, False, True, False]


def test_a_token_is_renewed_in_its_last_five_minutes(server, tmp_path):
    asking = broker(server.url, str(tmp_path))
    server.lasts = 299
    asking.get()
    server.lasts = 7200
    asking.get()
    asking.get()
    assert len(server.asked) == 2


def test_the_old_token_is_good_while_another_process_renews_it(server, tmp_path):
    asking = broker(server.url, str(tmp_path))
    server.lasts = 200
    assert asking.get() == "T1"
    with FileCache(str(tmp_path)).lock("wechat:token:wxfedcba0987654321:lock", timedelta(seconds=15)):
        assert asking.get() == "T1"
    assert len(server.asked) == 1


def test_a_lock_that_is_never_freed_only_delays(server, tmp_path, monkeypatch):
    monkeypatch.setattr("channels.wechat.tokens.TOKEN_WAIT", timedelta(seconds=0.2))
    with FileCache(str(tmp_path)).lock("wechat:token:wxfedcba0987654321:lock", timedelta(seconds=15)):
        assert broker(server.url, str(tmp_path)).get() == "T1"


def ask_in_threads(url: str, redis_url: str, start: Any, answers: Any) -> None:
    asking = TokenBroker(APP, "app-secret", url, Http(), RedisCache(redis_url))
    start.wait(30)
    with ThreadPoolExecutor(8) as threads:
        for token in threads.map(asking.get, [""] * 8):
            answers.put(token)


def test_three_processes_of_eight_threads_replace_an_expired_token_with_one_fetch(server, redis_url):
    server.stable = False
    cache = RedisCache(redis_url)
    cache.set(f"wechat:token:{APP}", f"T1 {time() - 1}", timedelta(minutes=5))
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    start, answers = context.Barrier(3), context.Queue()
    asking = [context.Process(target=ask_in_threads, args=(server.url, redis_url, start, answers)) for _ in range(3)]
    for process in asking:
        process.start()
    tokens = [answers.get(timeout=60) for _ in range(24)]
    for process in asking:
        process.join(10)
    cache.delete(f"wechat:token:{APP}")
    assert tokens == ["T2"] * 24
    assert len(server.asked) == 1


def test_a_token_that_another_system_revoked_heals_within_one_message(server, redis_url):
    cache = RedisCache(redis_url)
    channels = [make_channel("wechat_official", api_base=server.url, cache=cache) for _ in range(3)]
    for number, channel in enumerate(channels):
        channel.send(outbound(Address("any", "o"), text=f"before {number}"))
    server.number += 1
    for number, channel in enumerate(channels):
        channel.send(outbound(Address("any", "o"), text=f"after {number}"))
    assert server.taken == [f"{when} {number}" for when in ("before", "after") for number in range(3)]
    assert len(server.asked) == 2
