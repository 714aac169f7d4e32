"""One simulator process for all its tests, and a hub that answers as told."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.simulator.driving import Hub, Received, Simulator, demo_account, post_account, service_account, wait_until
from tests.simulator.mailing import MailPorts, MailWorld

REPOSITORY = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@pytest.fixture(scope="session")
def mail_ports() -> MailPorts:
    return MailPorts(free_port(), free_port())


@pytest.fixture(scope="session")
def running(mail_ports: MailPorts) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "simulator", "--port", str(port), "--hub", "http://127.0.0.1:9"]
    command += ["--imap-port", str(mail_ports.imap), "--smtp-port", str(mail_ports.smtp)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DEMO_")}
    process = subprocess.Popen(command, cwd=REPOSITORY, env=environment)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: _answers(url), 15)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=1).ok
    except requests.ConnectionError:
        return False


@pytest.fixture
def hub() -> Iterator[Hub]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            standing.received.append(Received(time.monotonic(), self.command, parts.path, query, body))
            status, answer = standing.answers.pop(0) if standing.answers else (200, "success")
            if self.command == "GET" and answer == "success":
                answer = query["echostr"]
            time.sleep(standing.slow)
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer.encode())))
            self.end_headers()
            self.wfile.write(answer.encode())

        def do_GET(self) -> None:
            self.headers["Content-Length"] = "0"
            self.do_POST()

        def log_message(self, format: str, *values: Any) -> None:
            """Tests have nothing to tell on the console."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    server = Server(("127.0.0.1", 0), Handler)
    standing = Hub(f"http://127.0.0.1:{server.server_port}/hooks/shop")
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield standing
    server.shutdown()
    server.server_close()


@pytest.fixture
def simulator(running: str, hub: Hub) -> Simulator:
    """Reset, with the demo accounts pushing in the clear to the test's hub and not waiting long."""
    fresh = Simulator(running)
    fresh.post("/_sim/reset")
    for account in (demo_account, service_account, post_account):
        fresh.post("/_sim/accounts", account(hub.url))
    return fresh


@pytest.fixture
def mail(simulator: Simulator, mail_ports: MailPorts) -> MailWorld:
    return MailWorld(simulator, mail_ports)
