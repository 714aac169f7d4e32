"""The mini program's backend, run as its owner runs it, between a WeChat and a hub that only listen."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

EXAMPLE = Path(__file__).parents[2] / "examples" / "miniprogram"
APP_ID, APP_SECRET, LINK_SECRET = "wx0a1b2c3d4e5f6071", "the-app-secret", "the-link-secret"
OPENID, UNIONID, SESSION_KEY = (
    "oLVPpjqs9BhvzwPj5A-vTYAX3GLc",
    "o6_bmasdasdsad6_2sgVt7hMZOPf",
    "HyVFkGl5F5OQWJZZaNzBBg==",
)
KNOWN = {"openid": OPENID, "session_key": SESSION_KEY, "unionid": UNIONID}


@dataclass
class Party:
    """One of the two whom the backend calls."""

    status: int = 200
    answer: Any = field(default_factory=dict)
    heard: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""


@contextmanager
def listening(party: Party) -> Iterator[Party]:
    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            party.heard.append((self.command, self.path, dict(self.headers), body))
            self.send_response(party.status)
            self.end_headers()
            self.wfile.write(party.answer if isinstance(party.answer, bytes) else json.dumps(party.answer).encode())

        do_POST = do_GET

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        party.url = f"http://127.0.0.1:{server.server_port}"
        yield party
        server.shutdown()
        thread.join()


@pytest.fixture
def wechat() -> Iterator[Party]:
    with listening(Party(answer=KNOWN)) as party:
        yield party


@pytest.fixture
def hub() -> Iterator[Party]:
    with listening(Party(answer={"id": 1, "name": "", "identities": [], "conversations": []})) as party:
        yield party


@dataclass
class Backend:
    url: str
    process: subprocess.Popen[str]

    def login(self, body: Any, path: str = "/login") -> tuple[int, Any]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        response = requests.post(f"{self.url}{path}", data=data, timeout=5)
        return response.status_code, response.json()

    def stop(self) -> str:
        """Everything it printed after it began to listen."""
        if self.process.poll() is None:
            self.process.terminate()
        return "".join(self.process.communicate(timeout=5))


@pytest.fixture
def backend(wechat: Party, hub: Party) -> Iterator[Backend]:
    environment = {
        "PATH": os.environ["PATH"],
        "PORT": "0",
        "MP_APP_ID": APP_ID,
        "MP_APP_SECRET": APP_SECRET,
        "WECHAT_API_BASE": wechat.url,
        "HUB_URL": hub.url,
        "HUB_LINK_SECRET": LINK_SECRET,
    }
    command = [sys.executable, "-B", str(EXAMPLE / "backend.py")]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )
    assert process.stdout
    running = Backend(process.stdout.readline().removeprefix("listening on ").strip(), process)
    yield running
    running.stop()


def test_a_login_is_exchanged_at_wechat_and_vouched_for_at_the_hub(backend: Backend, wechat: Party, hub: Party) -> None:
    assert backend.login({"code": "0a3b&c d"}) == (200, {"linked": True})

    [(method, path, _, body)] = wechat.heard
    assert (method, urlsplit(path).path, body) == ("GET", "/sns/jscode2session", b"")
    assert dict(parse_qsl(urlsplit(path).query)) == {
        "appid": APP_ID,
        "secret": APP_SECRET,
        "js_code": "0a3b&c d",
        "grant_type": "authorization_code",
    }

    [(method, path, headers, body)] = hub.heard
    assert (method, path, headers["Content-Type"]) == ("POST", "/api/v1/contacts/link", "application/json")
    assert json.loads(body) == {
        "addresses": [
            {"scheme": f"wechat:{APP_ID}", "value": OPENID},
            {"scheme": "wechat:unionid", "value": UNIONID},
        ]
    }
    timestamp = headers["X-Yizhan-Timestamp"]
    assert abs(int(timestamp) - time.time()) < 5
    expected = hmac.new(LINK_SECRET.encode(), f"{timestamp}.{body.decode()}".encode(), hashlib.sha256).hexdigest()
    assert headers["X-Yizhan-Signature"] == expected


def test_without_a_unionid_there_is_nothing_to_link(backend: Backend, wechat: Party, hub: Party) -> None:
    for unionid in ({}, {"unionid": ""}, {"unionid": None}):
        wechat.answer = {"openid": OPENID, "session_key": SESSION_KEY, **unionid}
        assert backend.login({"code": "0a3b"}) == (200, {"linked": False})
    assert hub.heard == []


WECHAT_SAYS = [
    (200, {"errcode": 40029, "errmsg": "invalid code"}, (400, "the code is not valid, or no longer")),
    (200, {"errcode": 40163, "errmsg": "code been used"}, (400, "the code is not valid, or no longer")),
    (200, {"errcode": 40125, "errmsg": "invalid appsecret the-app-secret"}, (502, "WeChat refused: 40125")),
    (200, {"errcode": -1, "errmsg": "system error"}, (502, "WeChat refused: -1")),
    (200, {"session_key": SESSION_KEY}, (502, "WeChat's answer has no openid")),
    (200, [], (502, "WeChat gave an answer that cannot be read")),
    (200, b"<html>", (502, "WeChat gave an answer that cannot be read")),
    (503, {}, (502, "WeChat answered 503")),
]


def test_what_wechat_refuses_goes_no_further(backend: Backend, wechat: Party, hub: Party) -> None:
    for wechat.status, wechat.answer, (status, error) in WECHAT_SAYS:
        assert backend.login({"code": "0a3b"}) == (status, {"error": error})
    assert hub.heard == []


NO_CODE = [
    b"",
    b"no json",
    b"[]",
    b"[" * 1000,
    b"{}",
    b'{"code": ""}',
    b'{"code": 7}',
    b'{"code": "%s"}' % (b"a" * 2000),
]


def test_a_body_without_a_code_asks_nobody(backend: Backend, wechat: Party) -> None:
    for body in NO_CODE:
        status, answer = backend.login(body)
        assert (status, list(answer)) == (400, ["error"]), body
    assert wechat.heard == []


def test_there_is_no_other_page(backend: Backend) -> None:
    assert backend.login({"code": "0a3b"}, "/") == (404, {"error": "there is only /login"})


def test_a_hub_that_refuses_is_told_by_its_status(backend: Backend, hub: Party) -> None:
    hub.status = 403

    assert backend.login({"code": "0a3b"}) == (502, {"error": "the hub answered 403"})


def test_it_prints_nothing_about_anybody(backend: Backend, wechat: Party) -> None:
    backend.login({"code": "0a3b"})
    wechat.answer = b"\xff"
    backend.login({"code": "0a3b"})
    backend.login(b"\xff")

    assert backend.stop() == ""


def test_it_says_which_settings_are_missing() -> None:
    command = [sys.executable, "-B", str(EXAMPLE / "backend.py")]
    run = subprocess.run(command, env={"MP_APP_ID": APP_ID}, capture_output=True, text=True, timeout=5, check=False)

    assert (run.returncode, run.stderr) == (1, "not set: MP_APP_SECRET, HUB_LINK_SECRET\n")


def test_the_files_that_the_mini_program_names_exist() -> None:
    project = json.loads((EXAMPLE / "project.config.json").read_text())
    root = EXAMPLE / project["miniprogramRoot"]
    app = json.loads((root / "app.json").read_text())

    named = ["app.js", "config.js", app["sitemapLocation"], "images/order.png"]
    named += [f"{page}.{kind}" for page in app["pages"] for kind in ("js", "json", "wxml", "wxss")]
    assert [name for name in named if not (root / name).is_file()] == []
    assert all(isinstance(json.loads(file.read_text()), dict) for file in root.rglob("*.json"))
