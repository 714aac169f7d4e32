"""How the simulator's text messages are tested: its API as hubs call it, its phones, and a server for what it posts."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import requests
from twilio.request_validator import RequestValidator

from tests.simulator.driving import Simulator, wait_until

ACCOUNT, TOKEN = "AC5a1e0de30c0ffee00000000000000001", "demo-twilio-auth-token"
KEY, SECRET = "SK5a1e0de30c0ffee00000000000000001", "demo-twilio-api-secret-of-the-simulator"
NUMBER_SID = "PN5a1e0de30c0ffee00000000000000001"
SERVICE = "MG5a1e0de30c0ffee00000000000000001"
OURS, SENDER = "+85230001000", "10690000123"
MING, HONG, ALEX = "+85251230001", "+8613800138002", "+14155550123"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(60)


@dataclass
class Posted:
    """One request that reached the hub."""

    at: float
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass
class TextHub:
    """In the hub's place. `answers` are used up first: status, type and body; then it has nothing to say."""

    url: str = ""
    posted: list[Posted] = field(default_factory=list)
    answers: list[tuple[int, str, str]] = field(default_factory=list)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)  # what it publishes: type and bytes
    slow: float = 0.0  # seconds each answer takes

    def at(self, path: str) -> list[Posted]:
        return [each for each in list(self.posted) if each.path == path]

    def signed(self, posted: Posted) -> bool:
        """By Twilio's own library."""
        given = posted.headers.get("X-Twilio-Signature", "")
        return bool(RequestValidator(TOKEN).validate(self.url + posted.path, posted.form, given))


@contextmanager
def listening() -> Iterator[TextHub]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            hub.posted.append(Posted(time.monotonic(), self.command, self.path, dict(self.headers), body))
            status, mime, answer = hub.answers.pop(0) if hub.answers else (204, "", "")
            time.sleep(hub.slow)
            if status:  # 0: hang up without a word
                self._answer(status, mime, answer.encode())

        def do_GET(self) -> None:
            if self.path not in hub.files:
                return self.do_POST()
            return self._answer(200, *hub.files[self.path])

        def _answer(self, status: int, mime: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", mime)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *values: Any) -> None:
            """Tests have nothing to tell on the console."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub = TextHub(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Phones:
    simulator: Simulator
    hub: TextHub

    # the hub's side

    def rest(
        self, method: str, path: str, login: tuple[str, str] = (KEY, SECRET), account: str = ACCOUNT, **fields: Any
    ) -> requests.Response:
        where = {"params": fields} if method == "GET" else {"data": fields}
        url = f"{self.simulator.url}/2010-04-01/Accounts/{account}/{path}"
        return requests.request(method, url, auth=login, timeout=20, allow_redirects=False, **where)  # type: ignore[arg-type]

    def number(self, **settings: str) -> Any:
        return self.rest("POST", f"IncomingPhoneNumbers/{NUMBER_SID}.json", **settings).json()

    def create(self, **fields: Any) -> requests.Response:
        return self.rest("POST", "Messages.json", **{"To": MING, "From": OURS, "Body": "您好", **fields})

    def service(self, **settings: Any) -> None:
        self.simulator.post("/_sim/phones/services", {"sid": SERVICE, "numbers": [OURS], **settings})

    def send(self, **fields: Any) -> dict[str, Any]:
        """With reports to /status."""
        answer = self.create(StatusCallback=f"{self.hub.url}/status", **fields)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def message(self, sid: str) -> dict[str, Any]:
        return dict(self.rest("GET", f"Messages/{sid}.json").json())

    def ended(self, sid: str, status: str = "delivered") -> dict[str, Any]:
        wait_until(lambda: self.message(sid)["status"] == status)
        return self.message(sid)

    def statuses(self) -> list[str]:
        return [each.form["MessageStatus"] for each in self.hub.at("/status")]

    # the people's side

    def texts(self, of: str = MING) -> list[dict[str, Any]]:
        return list(self.simulator.get(f"/_sim/phones/{of}/texts")["items"])

    def read(self, of: str = MING) -> list[str]:
        return [text["text"] for text in self.texts(of) if text["from"] == "shop"]

    def write(self, text: str = "在吗", by: str = MING, to: str = OURS, wait: int = 1) -> dict[str, Any]:
        """As it is on the phone when the hub has been told."""
        n = self.simulator.post(f"/_sim/phones/{by}/texts", {"to": to, "text": text}, wait=wait)["n"]
        return self.texts(by)[n - 1]

    def write_file(self, data: bytes, name: str = "a.png", mime: str = "image/png", **form: str) -> requests.Response:
        url = f"{self.simulator.url}/_sim/phones/{MING}/texts"
        form = {"to": OURS, **form}
        return requests.post(url, files={"media": (name, data, mime)}, data=form, params={"wait": 1}, timeout=40)

    def script(self, of: str = MING, **script: str) -> None:
        self.simulator.post(f"/_sim/phones/{of}/script", script)

    def callbacks(self, **query: str) -> list[dict[str, Any]]:
        return list(self.simulator.get("/_sim/phones/callbacks", **query)["items"])

    def fails(self, endpoint: str, kind: str, **more: Any) -> None:
        self.simulator.post("/_sim/faults", {"endpoint": endpoint, "kind": kind, **more})


@contextmanager
def texting(simulator: Simulator) -> Iterator[Phones]:
    """Everything is told to a hub of the test's own."""
    with listening() as hub:
        phones = Phones(simulator, hub)
        phones.number(SmsUrl=f"{hub.url}/hooks/sms")
        simulator.post(f"/_sim/phones/senders/{SENDER}", {"push_url": f"{hub.url}/hooks/duanxin?secret=s"})
        yield phones
