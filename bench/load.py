"""Pushes from a process of their own: made before the clock starts, sent over a few connections that stay open.

`python -m bench.load PORT SECONDS [--rate N]` prints one line of JSON. Without a rate each connection sends its next
push when the last is answered; with one, pushes leave on time whether or not earlier ones are answered, and a push that
had to wait for a connection has waited since its time.
"""

from __future__ import annotations

import argparse
import json
import secrets
import selectors
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import ceil
from urllib.parse import urlencode

from bench.stack import APP_ID, REPOSITORY
from channels.wechat.crypto import Envelope
from hub.settings import DEMO_ENVIRONMENT

CONNECTIONS = 32
MOST_PER_SECOND = 5000  # pushes made ahead for each second of a run without a rate


@dataclass(frozen=True)
class Measured:
    """Every push was acknowledged, or there is no measurement."""

    pushes: int
    seconds: float
    p99: float

    @property
    def rate(self) -> float:
        return self.pushes / self.seconds


@dataclass
class Connection:
    sock: socket.socket
    asked_at: float = 0.0
    answer: bytes = b""


def requests(port: int, count: int) -> list[bytes]:
    """Each from another customer with another message: nothing is a repetition."""
    envelope = Envelope(DEMO_ENVIRONMENT["DEMO_TOKEN"], DEMO_ENVIRONMENT["DEMO_AES_KEY"], APP_ID)
    run, first = secrets.token_hex(6), time.time_ns()
    return [_request(port, envelope, f"oBench{run}{number:010d}", first + number) for number in range(count)]


def _request(port: int, envelope: Envelope, openid: str, message_id: int) -> bytes:
    now, nonce = str(int(time.time())), str(message_id % 1_000_000_000)
    fields = {
        "ToUserName": "gh_5a1e0de3c0ff",
        "FromUserName": openid,
        "CreateTime": int(now),
        "MsgType": "text",
        "Content": "怎么退款",
        "MsgId": message_id,
    }
    sealed = envelope.seal(json.dumps(fields, ensure_ascii=False), now, nonce)
    body = json.dumps({"ToUserName": fields["ToUserName"], "Encrypt": sealed.ciphertext}).encode()
    query = urlencode(
        {
            "timestamp": now,
            "nonce": nonce,
            "openid": openid,
            "encrypt_type": "aes",
            "msg_signature": sealed.signature,
        }
    )
    head = f"POST /hooks/shop?{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: Mozilla/4.0\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def run(port: int, seconds: float, rate: float | None) -> Measured:
    made = requests(port, int(seconds * (rate or MOST_PER_SECOND)))
    selector = selectors.DefaultSelector()
    free = deque(_connect(port, selector) for _ in range(CONNECTIONS))
    latencies: list[float] = []
    sent, started = 0, time.perf_counter()

    def due() -> float:
        return started + sent / rate if rate else 0.0

    while True:
        now = time.perf_counter()
        while free and sent < len(made) and due() <= now and (rate or now < started + seconds):
            connection = free.popleft()
            connection.asked_at, connection.answer = due() or now, b""
            connection.sock.sendall(made[sent])
            sent += 1
        if len(free) == CONNECTIONS and (sent == len(made) or not rate):
            break
        for key, _ in selector.select(max(0.0, due() - now) if free and sent < len(made) else None):
            if _answered(key.data):
                latencies.append(time.perf_counter() - key.data.asked_at)
                free.append(key.data)
    return Measured(sent, time.perf_counter() - started, percentile(latencies, 0.99))


def _connect(port: int, selector: selectors.BaseSelector) -> Connection:
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection = Connection(sock)
    selector.register(sock, selectors.EVENT_READ, connection)
    return connection


def _answered(connection: Connection) -> bool:
    piece = connection.sock.recv(65536)
    connection.answer += piece
    if not piece or not b"HTTP/1.1 200".startswith(connection.answer[:12]):
        raise ConnectionError(f"a push was not acknowledged: {connection.answer[:200]!r}")
    return connection.answer.endswith(b"\r\n\r\nsuccess")


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of all stays at or below."""
    return sorted(values)[max(0, ceil(share * len(values)) - 1)]


def measure(port: int, seconds: float, rate: float | None = None) -> Measured:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "bench.load", str(port), str(seconds), *(["--rate", str(rate)] if rate else [])]
    done = subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE, timeout=60 + 2 * seconds, check=True)
    return Measured(**json.loads(done.stdout))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.load")
    parser.add_argument("port", type=int)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--rate", type=float)
    asked = parser.parse_args()
    print(json.dumps(asdict(run(asked.port, asked.seconds, asked.rate))))


if __name__ == "__main__":
    main()
