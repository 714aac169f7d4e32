"""What the simulator's tests drive: the simulator by its HTTP API, and a server in the hub's place."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import requests

DEMO = "wx5a1e0de30c0ffee0"
SECRET = "demo-app-secret-of-the-simulator"
MING = "oDemo5a1e0de3XiaoMing0000001"
HONG = "oDemo5a1e0de3XiaoHong0000002"

SERVICE, SERVICE_SECRET = "wx0ff1c1a1acc00001", "demo-app-secret-of-the-service-account"
POST, POST_SECRET = "wx5ub5c21b71000002", "demo-app-secret-of-the-subscription-account"
SECRETS = {DEMO: SECRET, SERVICE: SERVICE_SECRET, POST: POST_SECRET}
FOLLOWER = "oServ0ff1c1a1XiaoMing0000001"
READER = "oPost5ub5c21bXiaoMing0000001"
MING_EVERYWHERE = "uDemoXiaoMing000000000000001"


COMMON = ("ToUserName", "FromUserName", "CreateTime", "MsgId")


def tree(element: Element) -> dict[str, Any]:
    """XML as dictionaries; what comes twice is a list."""
    read: dict[str, Any] = {}
    for child in element:
        value = tree(child) if len(child) else child.text or ""
        before = read.get(child.tag)
        read[child.tag] = value if before is None else [*(before if isinstance(before, list) else [before]), value]
    return read


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

    @property
    def told(self) -> list[dict[str, Any]]:
        """The same of accounts that push XML or JSON, without what all bodies have."""
        texts = [request.body for request in self.received if request.method == "POST"]
        bodies = [json.loads(text) if text.startswith("{") else tree(fromstring(text)) for text in texts]
        return [{name: value for name, value in body.items() if name not in COMMON} for body in bodies]


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
        app_id = more.get("appid", DEMO)
        asked = {"grant_type": "client_credential", "appid": app_id, "secret": SECRETS.get(app_id, SECRET), **more}
        return str(self.post("/cgi-bin/stable_token", asked)["access_token"])

    def send(self, message: dict[str, Any], token: str | None = None) -> int:
        body = json.dumps(message, ensure_ascii=False).encode()
        path = "/cgi-bin/message/custom/send"
        return int(self.raw(path, body, access_token=self.token() if token is None else token)["errcode"])

    def call(self, path: str, body: Any, app_id: str = SERVICE) -> Any:
        """POST to the provider's API as this account."""
        raw = json.dumps(body, ensure_ascii=False).encode()
        return self.raw(f"/cgi-bin/{path}", raw, access_token=self.token(appid=app_id))

    def ask(self, path: str, app_id: str = SERVICE, **query: Any) -> Any:
        return self.get(f"/cgi-bin/{path}", access_token=self.token(appid=app_id), **query)

    def upload(self, name: str, data: bytes, medium: str, app_id: str = SERVICE) -> dict[str, Any]:
        query = {"access_token": self.token(appid=app_id), "type": medium}
        url = f"{self.url}/cgi-bin/media/upload"
        return dict(requests.post(url, params=query, files={"media": (name, data)}, timeout=10).json())

    def act(self, act: str, by: str = FOLLOWER, wait: int = 1, **body: Any) -> Any:
        return self.post(f"/_sim/users/{by}/{act}", body, wait=wait)

    def say(self, by: str = FOLLOWER, wait: int = 1, **message: Any) -> Any:
        return self.post(f"/_sim/users/{by}/messages", message, wait=wait)

    def shown(self, by: str = FOLLOWER) -> list[dict[str, Any]]:
        """What others than the customer put into the chat, without what differs each time."""
        hidden = ("n", "at", "rev")
        lines = [item for item in self.seen(by) if item["from"] != "customer"]
        return [{name: value for name, value in item.items() if name not in hidden} for item in lines]

    def chat(self, by: str = FOLLOWER) -> Any:
        return self.get(f"/_sim/users/{by}/messages")

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


def service_account(push_url: str, **changed: Any) -> dict[str, Any]:
    return demo_account(
        push_url,
        **{
            "app_id": SERVICE,
            "secret": SERVICE_SECRET,
            "token": "demoservice2026",
            "aes_key": "ServiceServiceServiceServiceServiceService0",
            "original_id": "gh_0ff1c1a1acc1",
            "name": "驿站服务号",
            "kind": "service",
            **changed,
        },
    )


def post_account(push_url: str, **changed: Any) -> dict[str, Any]:
    return demo_account(
        push_url,
        **{
            "app_id": POST,
            "secret": POST_SECRET,
            "token": "demopost2026",
            "aes_key": "PostPostPostPostPostPostPostPostPostPostPo2",
            "original_id": "gh_5ub5c21b7102",
            "name": "驿站订阅号",
            "kind": "subscription",
            "verified": False,
            **changed,
        },
    )


def wait_until(holds: Callable[[], Any], seconds: float = 5.0) -> None:
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, "it never came true"
        time.sleep(0.02)
