"""The hub as tests play on it: customers who push, workers who work, agents who call the API."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import new as hmac
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

import responses
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from channels.contract import Address, Event, InboundMessage
from channels.wechat.crypto import Envelope, signature
from hub.db import Base, db, transaction
from hub.jobs import Job, job_models
from hub.models import Conversation, Message
from hub.services import agents
from tests.pager import EVENTS, SIGNATURE
from workers import tasks

CONFIG = Path(__file__).parent / "config"
SECRETS = {
    "TEST_APP_SECRET": "app-secret-9f2c&x",
    "TEST_TOKEN": "pushtoken2026",
    "TEST_AES_KEY": "Kx9mQ2vT7bN4pL8wZ3cF6hJ1rS5dG0yUaEiOqWtMnBo",
    "TEST_MAIL_PASSWORD": "secret-of-the-mailbox",
    "TEST_HOOK_SECRET": "hook-secret-7f3a",
}
# the last digit of the app_id and the original_id in tests/config
ACCOUNTS = {"shop": "1", "desk": "2", "service": "3", "post": "4", "stall": "5"}
OFFICIAL = ("service", "post")  # WeChat pushes XML to these
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(60)

Row = TypeVar("Row", bound=Base)
Result = TypeVar("Result")


@dataclass
class Person:
    """An agent at the API. Every call states the answer it expects."""

    id: int
    name: str
    client: FlaskClient

    def get(self, path: str, expected: int = 200, /, **query: Any) -> Any:
        return _read(self.client.get(f"/api/v1{path}", query_string=query), expected)

    def post(self, path: str, body: Any = None, status: int = 200, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return _read(self.client.post(f"/api/v1{path}", json=body, headers=named), status)

    def put(self, path: str, body: Any, status: int = 200) -> Any:
        return _read(self.client.put(f"/api/v1{path}", json=body), status)

    def patch(self, path: str, body: Any, status: int = 200) -> Any:
        return _read(self.client.patch(f"/api/v1{path}", json=body), status)

    def delete(self, path: str, status: int = 200) -> Any:
        return _read(self.client.delete(f"/api/v1{path}"), status)

    def upload(self, name: str, content: bytes, status: int = 201) -> Any:
        file = FileStorage(BytesIO(content), name)
        boundary, body = encode_multipart({"file": file})
        kind = f"multipart/form-data; boundary={boundary}"
        return _read(self.client.post("/api/v1/attachments", data=body, content_type=kind), status)


def _read(response: TestResponse, status: int) -> Any:
    assert response.status_code == status, response.get_data(as_text=True)
    return response.get_json(silent=True) if response.data else None


@dataclass
class Stage:
    app: Flask
    _numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 1_000_000)))

    # customers

    def push(
        self,
        text: str = "",
        *,
        sender: str = "anna",
        channel: str = "shop",
        number: int | None = None,
        at: int = 0,
        **fields: Any,
    ) -> None:
        """A customer writes in WeChat: message `number`, `at` seconds after noon."""
        number = next(self._numbers) if number is None else number
        content = (
            {"MsgType": "text", "Content": text, "MsgId": number} if "MsgType" not in fields else {"MsgId": number}
        )
        response = self.post(channel, {"FromUserName": sender, "CreateTime": _seconds(at), **content, **fields})
        assert (response.status_code, response.text) == (200, "success")

    def enter(self, session_from: str = "", *, sender: str = "anna", channel: str = "shop", at: int = 0) -> None:
        """A customer opens the chat."""
        event = {"MsgType": "event", "Event": "user_enter_tempsession", "SessionFrom": session_from}
        response = self.post(channel, {"FromUserName": sender, "CreateTime": _seconds(at), **event})
        assert (response.status_code, response.text) == (200, "success")

    def event(self, name: str, *, sender: str = "anna", channel: str = "service", at: int = 0, **fields: Any) -> None:
        """A customer does something else in WeChat."""
        event = {"FromUserName": sender, "CreateTime": _seconds(at), "MsgType": "event", "Event": name}
        response = self.post(channel, {**event, **fields})
        assert (response.status_code, response.text) == (200, "success")

    def post(self, channel: str, fields: dict[str, Any]) -> TestResponse:
        """A push, sealed as WeChat does it."""
        whole = {"ToUserName": f"gh_{ACCOUNTS[channel]:0>12}", **fields}
        return self.post_sealed(channel, xml(whole) if channel in OFFICIAL else json.dumps(whole))

    def post_sealed(self, channel: str, text: str, **changes: str) -> TestResponse:
        envelope = Envelope(
            changes.get("token", SECRETS["TEST_TOKEN"]),
            changes.get("aes_key", SECRETS["TEST_AES_KEY"]),
            changes.get("app_id", f"wx{ACCOUNTS[channel]:0>16}"),
        )
        seal = envelope.seal(text, "1772366400", "n1")
        query = {"timestamp": "1772366400", "nonce": "n1", "msg_signature": seal.signature}
        sealed = {"Encrypt": seal.ciphertext}
        body = xml(sealed) if channel in OFFICIAL else json.dumps(sealed)
        return self.app.test_client().post(f"/hooks/{channel}", query_string=query, data=body)

    def mail(self, raw: bytes, channel: str = "mail") -> TestResponse:
        """A mail server posts what came in."""
        said_at = str(int(time.time()))
        signature = hmac(SECRETS["TEST_HOOK_SECRET"].encode(), said_at.encode() + b"." + raw, sha256).hexdigest()
        headers = {"X-Yizhan-Timestamp": said_at, "X-Yizhan-Signature": signature}
        response = self.app.test_client().post(f"/hooks/{channel}", data=raw, headers=headers)
        assert response.status_code == 200, response.text
        return response

    def page(self, *events: Event) -> None:
        """The provider of the pager pushes these events."""
        body = EVENTS.dump_json(list(events))
        response = self.app.test_client().post("/hooks/pager", data=body, headers={"X-Signature": SIGNATURE})
        assert response.status_code == 200

    # workers

    def work(self) -> None:
        """What workers do until nothing is due."""
        with self.app.app_context():
            while any(do(at_once) for do, at_once in tasks.DOES.values()):
                pass

    def do(self, kind: str, limit: int = 1) -> int:
        """One job of this kind, or up to so many, if they are due; how many it were."""
        with self.app.app_context():
            return tasks.DOES[kind][0](limit)

    def make_due(self, *models: type[Job]) -> None:
        """The time of everything that waits has come."""
        with self.inside():
            for model in models or job_models():
                db.session.execute(update(model).where(model.state == "pending").values(due_at=NOON))

    # agents

    def agent(self, name: str = "Anna", role: str = "agent") -> Person:
        with self.inside():
            agent = agents.add(f"{name.lower()}@example.com", name, role, None)
            token = agents.issue(agent, "api")
        client = self.app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return Person(agent.id, name, client)

    # the database

    @contextmanager
    def inside(self) -> Iterator[None]:
        """A transaction of the hub's own."""
        with self.app.app_context(), transaction():
            yield

    def rows(self, model: type[Row], *conditions: Any) -> list[Row]:
        with self.inside():
            return list(db.session.scalars(select(model).where(*conditions).order_by(*model.__mapper__.primary_key)))

    def row(self, model: type[Row], *conditions: Any) -> Row:
        [row] = self.rows(model, *conditions)
        return row

    def thread(self, conversation: int | None = None) -> list[tuple[str, str]]:
        """Who said what, in the order agents see; events of the timeline by their name."""
        chosen = Message.conversation_id == conversation if conversation else Message.id > 0
        with self.inside():
            messages = db.session.scalars(
                select(Message).where(chosen).order_by(Message.conversation_id, Message.position)
            )
            return [(row.author_kind, row.text or row.payload.get("event") or row.kind) for row in messages]

    def conversation(self) -> Conversation:
        return self.row(Conversation)


def written(text: str, *, sender: str = "bo", number: int = 1, at: int = 0, **fields: Any) -> InboundMessage:
    """What a customer of the pager wrote."""
    content: dict[str, Any] = {
        "provider_id": f"in-{number}",
        "sent_at": NOON + timedelta(seconds=at),
        "sequence": number,
    }
    return InboundMessage(sender=Address("pager", sender), text=text, **{**content, **fields})


def xml(fields: dict[str, Any]) -> str:
    return f"<xml>{_elements(fields)}</xml>"


def _elements(fields: dict[str, Any]) -> str:
    return "".join(
        f"<{name}>{_elements(each) if isinstance(each, dict) else f'<![CDATA[{each}]]>'}</{name}>"
        for name, value in fields.items()
        for each in (value if isinstance(value, list) else [value])
    )


def _seconds(at: int) -> int:
    return int(NOON.timestamp()) + at


class WeChat:
    """WeChat at the wire: takes what is sent, or gives the next of `answers`."""

    def __init__(self, mock: responses.RequestsMock):
        self.sent: list[dict[str, Any]] = []
        self.answers: deque[int | Exception] = deque()  # error codes, or how the connection broke
        self.notices: list[dict[str, Any]] = []
        self.notice_answers: deque[int] = deque()
        self.users: dict[str, dict[str, Any]] = {}  # what user/info tells of them
        self.files: dict[str, bytes] = {}
        api = "http://wechat.test/cgi-bin"
        mock.add_callback("POST", f"{api}/stable_token", lambda _: _json(access_token="token-1", expires_in=7200))
        mock.add_callback("POST", f"{api}/message/custom/send", self._send)
        for path in ("template/send", "subscribe/send"):
            mock.add_callback("POST", f"{api}/message/{path}", self._notify)
        mock.add_callback("GET", f"{api}/user/info", self._user)
        mock.add_callback("POST", f"{api}/media/upload", lambda _: _json(media_id="uploaded-1"))
        mock.add_callback("GET", f"{api}/media/get", self._file)

    @property
    def texts(self) -> list[str]:
        return [message["text"]["content"] for message in self.sent if message["msgtype"] == "text"]

    def _send(self, request: Any) -> tuple[int, dict[str, str], str]:
        match self.answers.popleft() if self.answers else 0:
            case Exception() as error:
                raise error
            case 0:
                self.sent.append(json.loads(request.body))
                return _json(errcode=0, errmsg="ok")
            case code:
                return _json(errcode=code, errmsg="no")

    def _notify(self, request: Any) -> tuple[int, dict[str, str], str]:
        if code := self.notice_answers.popleft() if self.notice_answers else 0:
            return _json(errcode=code, errmsg="no")
        self.notices.append(json.loads(request.body))
        return _json(errcode=0, errmsg="ok", msgid=1000 + len(self.notices))

    def _user(self, request: Any) -> tuple[int, dict[str, str], str]:
        return _json(**self.users.get(request.params["openid"], {"subscribe": 0}))

    def _file(self, request: Any) -> tuple[int, dict[str, str], bytes | str]:
        content = self.files.get(request.params["media_id"])
        return (200, {"Content-Type": "image/png"}, content) if content else _json(errcode=40007, errmsg="no")


def _json(**fields: Any) -> tuple[int, dict[str, str], str]:
    return 200, {"Content-Type": "application/json"}, json.dumps(fields)


def at_once(*actions: Callable[[], Result]) -> list[Result | Exception]:
    """Each in its own thread, started together; what they returned or raised, in the order given."""
    outcomes: list[Result | Exception | None] = [None] * len(actions)
    start = threading.Barrier(len(actions))

    def run(place: int, action: Callable[[], Result]) -> None:
        start.wait()
        try:
            outcomes[place] = action()
        except Exception as error:
            outcomes[place] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes  # type: ignore[return-value]


def eventually(holds: Callable[[], Any], seconds: float = 10.0) -> Any:
    """Waits for something to come true, and returns it."""
    deadline = time.monotonic() + seconds
    while not (result := holds()):
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)
    return result


def signed(*parts: str, token: str = SECRETS["TEST_TOKEN"]) -> dict[str, str]:
    """The query of a push that WeChat signed over these parts."""
    return {"timestamp": "1772366400", "nonce": "n1", "signature": signature(token, "1772366400", "n1", *parts)}


def states(rows: Sequence[Any]) -> list[str]:
    return [row.state for row in rows]
