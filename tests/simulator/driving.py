"""What the simulator's tests drive: the simulator by its HTTP API, and a server in the hub's place."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests

DEMO = "wx5a1e0de30c0ffee0"
SECRET = "demo-app-secret-of-the-simulator"
MING = "oDemo5a1e0de3XiaoMing0000001"
HONG = "oDemo5a1e0de3XiaoHong0000002"


@dataclass
class Received:
    """One request that reached the hub."""

    at: float
    method: str
    path: str
    query: dict[str, str]
    body: str


@dataclass
class Hub:
    """A real server in the hub's place. `answers` are used up first, then everything is acknowledged."""

    url: str
    received: list[Received] = field(default_factory=list)
    answers: list[tuple[int, str]] = field(default_factory=list)
    slow: float = 0.0  # seconds each answer takes

    @property
    def pushes(self) -> list[dict[str, Any]]:
        """Bodies in the order of arrival; the account must push clear JSON."""
        return [json.loads(request.body) for request in self.received if request.method == "POST"]


@dataclass
class Simulator:
    url: str

    def get(self, path: str, **query: Any) -> Any:
        return requests.get(self.url + path, params=query, timeout=40).json()

    def post(self, path: str, body: Any = None, **query: Any) -> Any:
        response = requests.post(self.url + path, json=body, params=query, timeout=40)
        return response.json() if response.content else None

    def raw(self, path: str, body: bytes, **query: Any) -> Any:
        return requests.post(self.url + path, data=body, params=query, timeout=40).json()

    def token(self, **more: Any) -> str:
        asked = {"grant_type": "client_credential", "appid": DEMO, "secret": SECRET, **more}
        return str(self.post("/cgi-bin/stable_token", asked)["access_token"])

    def send(self, message: dict[str, Any], token: str | None = None) -> int:
        body = json.dumps(message, ensure_ascii=False).encode()
        path = "/cgi-bin/message/custom/send"
        return int(self.raw(path, body, access_token=self.token() if token is None else token)["errcode"])

    def text(self, text: str = "您好", to: str = MING) -> int:
        return self.send({"touser": to, "msgtype": "text", "text": {"content": text}})

    def write(self, content: str = "在吗", by: str = MING, wait: int = 1) -> Any:
        return self.post(f"/_sim/users/{by}/messages", {"type": "text", "content": content}, wait=wait)

    def seen(self, by: str = MING) -> list[dict[str, Any]]:
        return list(self.get(f"/_sim/users/{by}/messages")["items"])

    def advance(self, seconds: float) -> None:
        self.post("/_sim/clock", {"advance": seconds})


def demo_account(push_url: str, **changed: Any) -> dict[str, Any]:
    return {
        "app_id": DEMO,
        "secret": SECRET,
        "token": "demotoken2026",
        "aes_key": "DemoDemoDemoDemoDemoDemoDemoDemoDemoDemo012",
        "original_id": "gh_5a1e0de3c0ff",
        "name": "驿站小店",
        "mode": "plaintext",
        "push_url": push_url,
        "push_timeout": 0.3,
        **changed,
    }


def wait_until(holds: Callable[[], Any], seconds: float = 5.0) -> None:
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, "it never came true"
        time.sleep(0.02)
