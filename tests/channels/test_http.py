"""Failures as they really look on a socket."""

from __future__ import annotations

import logging
import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from threading import Event, Thread

import pytest
import requests
import responses

from channels.errors import Refused, SendError, Throttled, Uncertain, Unreachable
from channels.http import Http
from tests.channels.cases import assert_silent

SECRET = "s3cret/+token"
Behaviour = Callable[[socket.socket, bytes], None]


class Provider:
    """A server that does to each connection what the test says, and remembers what it was asked."""

    def __init__(self) -> None:
        self.behave: Behaviour = lambda connection, request: None
        self.requests: list[bytes] = []
        self.connections = 0
        self.done = Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/cgi-bin/send"
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while not self.done.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                connection.settimeout(2)
                while request := self._read(connection):
                    self.requests.append(request)
                    self.behave(connection, request)

    def _read(self, connection: socket.socket) -> bytes:
        data = b""
        try:
            while b"\r\n\r\n" not in data:
                if not (more := connection.recv(65536)):
                    return b""
                data += more
            head, _, body = data.partition(b"\r\n\r\n")
            sizes = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            size = int(sizes[0].split(b":")[1]) if sizes else 0
            while len(body) < size:
                body += connection.recv(65536)
        except OSError:
            return b""
        return head + b"\r\n\r\n" + body

    def stop(self) -> None:
        self.done.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)


@pytest.fixture
def provider() -> Iterator[Provider]:
    provider = Provider()
    yield provider
    provider.stop()


@pytest.fixture
def http() -> Iterator[Http]:
    http = Http([SECRET], timeout=(0.5, 0.3))
    yield http
    http._session.close()


def answers(status: str, body: bytes = b"", *headers: str, length: int | None = None) -> Behaviour:
    head = "".join(f"{header}\r\n" for header in headers)
    size = len(body) if length is None else length
    data = f"HTTP/1.1 {status}\r\nContent-Length: {size}\r\n{head}\r\n".encode() + body

    def behave(connection: socket.socket, request: bytes) -> None:
        connection.sendall(data)
        if length is not None:
            connection.shutdown(socket.SHUT_RDWR)

    return behave


def resets(connection: socket.socket, request: bytes) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def hangs_up(connection: socket.socket, request: bytes) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def says_nothing(connection: socket.socket, request: bytes) -> None:
    return None


@pytest.mark.parametrize(
    ("behave", "error", "when_repeatable"),
    [
        (says_nothing, Uncertain, Unreachable),
        (resets, Uncertain, Unreachable),
        (hangs_up, Uncertain, Unreachable),
        (answers("200 OK", b"<html>"), Uncertain, Unreachable),
        (answers("200 OK", b'{"a":', length=100), Uncertain, Unreachable),
        (answers("200 OK", b"[" * 100_000), Uncertain, Unreachable),
        (answers("500 Oops"), Unreachable, Unreachable),
        (answers("503 Busy", b"x", length=100), Unreachable, Unreachable),
        (answers("429 Slow"), Throttled, Throttled),
        (answers("400 Bad"), Refused, Refused),
        (answers("302 Found", b"", "Location: http://127.0.0.1:1/"), Refused, Refused),
    ],
    ids=["silence", "reset", "hang-up", "html", "cut-off", "nested", "500", "503-cut-off", "429", "400", "redirect"],
)
def test_failures_after_sending_are_uncertain_unless_repeatable(provider, http, behave, error, when_repeatable):
    provider.behave = behave
    for repeatable, expected in ((False, error), (True, when_repeatable)):
        with pytest.raises(SendError) as failure:
            http.post_json(provider.url, {"secret": SECRET}, repeatable=repeatable, params={"access_token": SECRET})
        assert failure.type is expected
        assert_silent(failure.value, [SECRET, "s3cret"])
    with pytest.raises(SendError) as failure:
        http.get_json(provider.url, params={"access_token": SECRET})
    assert failure.type is when_repeatable
    assert len(provider.requests) == 3  # nothing is repeated behind our back


def closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"


@pytest.mark.parametrize("url", [closed_port(), "http://nowhere.invalid/"], ids=["refused", "no such host"])
def test_what_was_never_sent_is_unreachable(http, url):
    with pytest.raises(SendError) as failure:
        http.post_json(url, {}, params={"access_token": SECRET})
    assert failure.type is Unreachable
    assert_silent(failure.value, [SECRET, "s3cret"])


def test_a_connection_that_is_never_accepted_is_unreachable(http):
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for waiting in (first, second):  # fill the queue
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        with pytest.raises(SendError) as failure:
            http.post_json(f"http://127.0.0.1:{listener.getsockname()[1]}/", {})
    assert failure.type is Unreachable


def test_a_certificate_we_do_not_trust_sends_nothing(http):
    untrusted = requests.exceptions.SSLError(ssl.SSLCertVerificationError("self-signed"))
    with responses.RequestsMock() as mock:
        mock.post("https://provider.test/", body=untrusted)
        with pytest.raises(Unreachable):
            http.post_json("https://provider.test/", {})


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("Retry-After: 7", 7),
        ("Retry-After: 99999999999999999999", None),
        ("Retry-After: 9999999", 86400),
        ("Retry-After: {in_an_hour}", 3600),
        ("Retry-After: Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Retry-After: soon", None),
        ("X-Nothing: 1", None),
    ],
)
def test_throttled_says_for_how_long(provider, http, header, seconds):
    in_an_hour = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    provider.behave = answers("429 Slow", b"", header.format(in_an_hour=in_an_hour))
    with pytest.raises(Throttled) as failure:
        http.post_json(provider.url, {})
    after = failure.value.after
    assert after is None if seconds is None else after.total_seconds() == pytest.approx(seconds, abs=60)


def test_json_goes_out_as_utf8_and_comes_in_leniently(provider, http):
    provider.behave = answers("200 OK", b'{"errmsg":"a\x01b"}')
    assert http.post_json(provider.url, {"content": "您好😀"}) == {"errmsg": "a\x01b"}
    head, _, body = provider.requests[0].partition(b"\r\n\r\n")
    assert body.decode() == '{"content": "您好😀"}'
    assert b"Content-Type: application/json" in head


def test_connections_are_kept_and_cookies_are_not(provider, http):
    provider.behave = answers("200 OK", b"{}", "Set-Cookie: a=b")
    for _ in range(3):
        http.post_json(provider.url, {})
    assert provider.connections == 1
    assert not any(b"cookie" in request.lower() for request in provider.requests)


def test_files_go_out_as_multipart(provider, http):
    provider.behave = answers("200 OK", b"{}")
    http.request("POST", provider.url, repeatable=True, files={"media": ("a.png", b"\x89PNG", "image/png")})
    assert b'name="media"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG' in provider.requests[0]


def test_downloads_are_capped(provider, http):
    provider.behave = answers("200 OK", bytes(1000))
    assert http.request("GET", provider.url, limit=1000).content == bytes(1000)
    with pytest.raises(Refused, match="more than 999 bytes"):
        http.request("GET", provider.url, limit=999)
    with pytest.raises(Uncertain):
        http.request("POST", provider.url, limit=999)


def test_the_trace_has_neither_query_nor_secret(provider, caplog):
    traces: list[str] = []
    http = Http([SECRET], traces.append)
    provider.behave = answers("200 OK", b'{"content":"what they said"}')
    with caplog.at_level(logging.DEBUG):
        url = provider.url.replace("http://", f"http://user:{SECRET.replace('/', '')}@") + "/s3cret%2F%2Btoken"
        http.post_json(url, {"content": "what we said"}, params={"access_token": SECRET})
    http._session.close()
    [line] = traces
    assert line.startswith(f"POST {provider.url}/*** -> 200 in ")
    for text in (line, caplog.text):
        assert "s3cret" not in text and "said" not in text and "access_token" not in text
