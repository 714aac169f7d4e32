"""What a stranger's address may make us fetch: nothing of our own network, and no more than was asked for."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from channels import strangers
from channels.errors import Refused, SendError, Unreachable

asked: list[str] = []


class Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        asked.append(self.path)
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.end_headers()
            return
        self.send_response(404 if self.path == "/missing" else 200)
        self.end_headers()
        if self.path == "/slow":
            for _ in range(50):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.1)
        else:
            self.wfile.write(b"x" * 1000)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    running = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    running.daemon_threads = True
    threading.Thread(target=running.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()


@pytest.fixture
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strangers, "LOOPBACK", True)


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "0x7f000001", "127.1"),
        *("10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "[fe80::1]", "[fd00::1]"),
    ],
)
def test_our_own_network_is_not_reached(server: str, host: str) -> None:
    asked.clear()
    with pytest.raises(SendError):
        strangers.fetch(f"http://{host}:{server.rpartition(':')[2]}/", 10_000, within=3)
    assert asked == []


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://x.test/", "gopher://x.test/", "data:,x", "no address", ""]
)
def test_only_the_web_is_reached(url: str) -> None:
    with pytest.raises(Unreachable):
        strangers.fetch(url, 10_000)


@pytest.mark.usefixtures("loopback")
def test_a_file_comes_whole_or_not_at_all(server: str) -> None:
    assert strangers.fetch(f"{server}/a", 1000) == b"x" * 1000
    with pytest.raises(Refused, match="too large"):
        strangers.fetch(f"{server}/a", 999)
    with pytest.raises(Refused, match="404"):
        strangers.fetch(f"{server}/missing", 1000)


@pytest.mark.usefixtures("loopback")
def test_who_dribbles_is_left(server: str) -> None:
    started = time.monotonic()
    with pytest.raises(SendError):
        strangers.fetch(f"{server}/slow", 1000, within=0.5)
    assert time.monotonic() - started < 3


@pytest.mark.usefixtures("loopback")
def test_detours_are_followed_a_few_times_and_never_into_our_network(server: str) -> None:
    assert strangers.fetch(f"{server}/to/{server}/a", 1000) == b"x" * 1000
    with pytest.raises(SendError):
        strangers.fetch(f"{server}/to/{server}/to/{server}/to/{server}/to/{server}/a", 1000)
    with pytest.raises(Unreachable):
        strangers.fetch(f"{server}/to/http://10.0.0.1/", 1000, within=3)
    with pytest.raises(Unreachable):
        strangers.fetch(f"{server}/to/file:///etc/passwd", 1000)


@pytest.mark.usefixtures("loopback")
def test_what_failed_is_told_without_the_address(server: str) -> None:
    with pytest.raises(SendError) as failure:
        strangers.fetch(f"{server.replace('http', 'https')}/secret-path", 1000)
    assert "secret-path" not in str(failure.value)
