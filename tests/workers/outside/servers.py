"""Bots of others, at the other end of a real connection: good ones, and all that can be wrong with one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

Behaviour = Callable[["Conversation"], None]


class Bot(ThreadingHTTPServer):
    """Does the next of `does`, the last one for ever; remembers what it was asked."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, *does: Behaviour) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.does = list(does)
        self.asked: list[dict[str, Any]] = []
        self.closing = Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: Any) -> None:
        """Who hangs up on it is in his right."""


class Conversation(BaseHTTPRequestHandler):
    server: Bot
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        asked = {"path": self.path, "headers": dict(self.headers), "body": body, "json": json.loads(body)}
        self.server.asked.append(asked)
        does = self.server.does
        (does.pop(0) if len(does) > 1 else does[0])(self)

    def tell(self, status: int, content: bytes, headers: Mapping[str, str] = {}, length: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Nothing on the tests' output."""


@contextmanager
def running(*does: Behaviour) -> Iterator[Bot]:
    with Bot(*does) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()


def says(answer: Any, status: int = 200, **headers: str) -> Behaviour:
    content = (
        answer if isinstance(answer, bytes) else json.dumps(answer, ensure_ascii=False).encode("utf-8", "surrogatepass")
    )
    return lambda it: it.tell(status, content, headers)


def status(code: int, **headers: str) -> Behaviour:
    return says({"error": {"message": "no"}}, code, **headers)


def hangs(it: Conversation) -> None:
    it.server.closing.wait(20)


def drips(it: Conversation) -> None:
    """A byte every now and then, each well within what one waits for a byte."""
    it.send_response(200)
    it.send_header("Content-Length", "100000")
    it.end_headers()
    _drip(it, b" ")


def drips_headers(it: Conversation) -> None:
    it.wfile.write(b"HTTP/1.1 200 OK\r\nX-Endless: ")
    _drip(it, b"a")


def _drip(it: Conversation, drop: bytes) -> None:
    while not it.server.closing.wait(0.1):
        it.wfile.write(drop)
        it.wfile.flush()


def slow(seconds: float, answer: Any) -> Behaviour:
    def behave(it: Conversation) -> None:
        it.server.closing.wait(seconds)
        says(answer)(it)

    return behave


def closes_midway(it: Conversation) -> None:
    it.tell(200, b'{"action": "say", "te', length=1_000)
    it.close_connection = True


def closes_at_once(it: Conversation) -> None:
    it.close_connection = True


def huge(it: Conversation) -> None:
    it.tell(200, b'{"action": "say", "text": "' + b"a" * 10_000_000 + b'"}')


def endless(it: Conversation) -> None:
    it.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        it.wfile.write(b"1000\r\n" + b"[" * 0x1000 + b"\r\n")


def not_http(it: Conversation) -> None:
    it.wfile.write(b"220 smtp.example.com ESMTP\r\n")
    it.close_connection = True


HTML = b"<!doctype html><html><body><h1>Welcome to nginx!</h1><script>alert(1)</script></body></html>"
DEEP = b'{"action": "say", "text": "a", "notes": ' + b'{"a":' * 20_000 + b"1" + b"}" * 20_000 + b"}"

# what it does, and what the trace says of it
BROKEN: dict[str, tuple[Behaviour, str]] = {
    "hangs": (hangs, "timeout"),
    "drips": (drips, "timeout"),
    "drips headers": (drips_headers, "timeout"),
    "slow": (slow(3, {"action": "say", "text": "late"}), "timeout"),
    "closes midway": (closes_midway, "unreachable"),
    "closes at once": (closes_at_once, "unreachable"),
    "not HTTP": (not_http, "unreachable"),
    "HTML": (says(HTML, Content_Type="text/html"), "garbage"),
    "nothing": (says(b""), "garbage"),
    "half": (says(b'{"action": "say", "text": "a'), "garbage"),
    "not UTF-8": (says(b'{"action": "say", "text": "\xff\xfe"}'), "garbage"),
    "NUL": (says(b"\0" * 1_000), "garbage"),
    "deep": (says(DEEP[:60_000]), "garbage"),
    "deep and large": (says(DEEP), "too_large"),
    "huge": (huge, "too_large"),
    "endless": (endless, "too_large"),
    "compressed": (says(b"\x1f\x8b\x08\0\0\0\0\0\0\x03", Content_Encoding="gzip"), "garbage"),
    "redirects": (status(302, Location="http://127.0.0.1:1/secret"), "refused"),
    "redirects a POST": (status(308, Location="http://127.0.0.1:1/secret"), "refused"),
    "400": (status(400), "refused"),
    "401": (status(401), "unauthorized"),
    "403": (status(403), "unauthorized"),
    "404": (status(404), "refused"),
    "429": (status(429, Retry_After="7"), "throttled"),
    "429 for ever": (status(429, Retry_After="99999999999"), "throttled"),
    "500": (status(500), "server_error"),
    "503": (status(503), "server_error"),
}
