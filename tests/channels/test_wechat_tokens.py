"""One access token for all processes."""

from __future__ import annotations

import fcntl
import json
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from time import sleep
from typing import Any

import pytest

from channels.http import Http
from channels.wechat.api import TokenBroker

PROCESSES = 8


class TokenServer(ThreadingHTTPServer):
    """Gives out T1, T2 …; a stable one until it is forced, or a new one each time."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), TokenHandler)
        self.asked: list[dict[str, Any]] = []
        self.lasts, self.number, self.stable = 7200, 1, True
        self.guard = Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class TokenHandler(BaseHTTPRequestHandler):
    server: TokenServer

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        sleep(0.1)  # long enough for the others to want one too
        with self.server.guard:
            self.server.number += asked["force_refresh"] or not self.server.stable
            self.server.asked.append(asked)
            answer = {"access_token": f"T{self.server.number}", "expires_in": self.server.lasts}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

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
    return TokenBroker("wxfedcba0987654321", "app-secret", url, Http(), FileCache(directory))


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
    monkeypatch.setattr("channels.wechat.api.TOKEN_WAIT", timedelta(seconds=0.2))
    with FileCache(str(tmp_path)).lock("wechat:token:wxfedcba0987654321:lock", timedelta(seconds=15)):
        assert broker(server.url, str(tmp_path)).get() == "T1"
