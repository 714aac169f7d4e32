"""A minimal HTTP/1.1 client that keeps its connections: http.client costs four times the CPU the bench can spare."""

from __future__ import annotations

import select
import socket
import ssl
import struct
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

AT_ONCE = 65536
LARGEST_ANSWER = 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """What came back, or in `failure` why nothing did."""

    status: int = 0
    body: bytes = b""
    failure: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Place:
    """Where a URL points: connections are kept per place."""

    scheme: str
    host: str
    port: int
    path: str
    authority: str


class NotHttp(Exception):
    """The other side answers something else."""


class Wire:
    def __init__(self) -> None:
        self._idle: defaultdict[tuple[str, float], list[socket.socket]] = defaultdict(list)
        self._lock = threading.Lock()

    def post(self, url: str, query: str, body: bytes, content_type: str, timeout: float) -> Answer:
        more = f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
        return self._request("POST", url, query, more, body, timeout)

    def get(self, url: str, query: str, timeout: float) -> Answer:
        return self._request("GET", url, query, "", b"", timeout)

    def _request(self, method: str, url: str, query: str, headers: str, body: bytes, timeout: float) -> Answer:
        """One request, never repeated here; `timeout` is for the whole of it."""
        place, started = place_of(url), time.monotonic()
        head = f"{method} {place.path}?{query} HTTP/1.1\r\nHost: {place.authority}\r\nUser-Agent: Mozilla/4.0\r\n"
        connection: socket.socket | None = None
        try:
            connection = self._kept(place, timeout) or _connected(place, timeout)
            connection.sendall(f"{head}{headers}\r\n".encode() + body)
            status, answered, reusable = _Reader(connection, started + timeout).answer()
        except (OSError, NotHttp, ValueError) as error:
            if connection is not None:
                connection.close()
            return Answer(failure=_word(error), seconds=time.monotonic() - started)
        if reusable:
            with self._lock:
                self._idle[place.authority, timeout].append(connection)
        else:
            connection.close()
        return Answer(status, answered, "", time.monotonic() - started)

    def _kept(self, place: Place, timeout: float) -> socket.socket | None:
        """A kept connection the other side has not closed meanwhile."""
        while True:
            with self._lock:
                idle = self._idle[place.authority, timeout]
                connection = idle.pop() if idle else None
            if connection is None or _quiet(connection):
                return connection
            connection.close()


class _Reader:
    """Reads one answer; what arrives after the deadline is too late."""

    def __init__(self, connection: socket.socket, deadline: float):
        self._connection, self._deadline, self._buffer = connection, deadline, b""

    def answer(self) -> tuple[int, bytes, bool]:
        """Status, body, and whether the connection can carry another request."""
        head = self._until(b"\r\n\r\n").split(b"\r\n")
        version, status, *_ = head[0].split(b" ")
        if version not in (b"HTTP/1.1", b"HTTP/1.0"):
            raise NotHttp
        headers = dict(_header(line) for line in head[1:])
        stays = version == b"HTTP/1.1" and headers.get(b"connection", b"").lower() != b"close"
        if headers.get(b"transfer-encoding", b"").lower() == b"chunked":
            return int(status), self._chunks(), stays
        if b"content-length" in headers:
            return int(status), self._exactly(int(headers[b"content-length"])), stays
        return int(status), self._rest(), False

    def _more(self) -> bool:
        piece = self._connection.recv(AT_ONCE)
        if time.monotonic() > self._deadline:
            raise TimeoutError
        self._buffer += piece
        if len(self._buffer) > LARGEST_ANSWER:
            raise NotHttp
        return bool(piece)

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._buffer:
            if not self._more():
                raise ConnectionResetError
        found, _, self._buffer = self._buffer.partition(mark)
        return found

    def _exactly(self, length: int) -> bytes:
        while len(self._buffer) < length:
            if not self._more():
                raise ConnectionResetError
        found, self._buffer = self._buffer[:length], self._buffer[length:]
        return found

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self._until(b"\r\n").partition(b";")[0], 16):
            body += self._exactly(size + 2)[:-2]
        while self._until(b"\r\n"):
            pass  # trailers
        return body

    def _rest(self) -> bytes:
        while self._more():
            pass
        return self._buffer


def _header(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name.strip().lower(), value.strip()


@lru_cache(maxsize=256)
def place_of(url: str) -> Place:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return Place(parts.scheme, parts.hostname or "", port, parts.path or "/", parts.netloc)


def _connected(place: Place, timeout: float) -> socket.socket:
    connection = socket.create_connection((place.host, place.port), timeout)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if place.scheme == "https":
        connection = ssl.create_default_context().wrap_socket(connection, server_hostname=place.host)
    # The kernel's own timeouts: Python's cost a poll() for each send and receive.
    connection.settimeout(None)
    limit = struct.pack("ll", int(timeout), int(timeout % 1 * 1_000_000))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
    return connection


def _quiet(connection: socket.socket) -> bool:
    """Readable while idle means closed, or an answer nobody asked for."""
    poll = select.poll()  # not select(): it fails above 1024 open files
    poll.register(connection, select.POLLIN)
    return not poll.poll(0)


def _word(error: Exception) -> str:
    if isinstance(error, (TimeoutError, BlockingIOError, ssl.SSLWantReadError)):
        return "timeout"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, ConnectionError):
        return "connection cut"
    return "not an HTTP answer" if isinstance(error, (NotHttp, ValueError)) else type(error).__name__
