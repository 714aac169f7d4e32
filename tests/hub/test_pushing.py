"""Agents who do not look at the inbox: pushed to, sealed, once, and only what they want told."""

from __future__ import annotations

import json
import threading
from base64 import urlsafe_b64encode
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import sleep
from typing import Any

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import update

from channels import strangers
from hub.db import db, now
from hub.models import AgentPresence, NotificationChoice, Push, PushSubscription
from hub.models.pushing import ABOUT
from hub.services import agents, pushing
from tests.stage import NOON, Person, Stage, written


class Service:
    """A push service on loopback, and the browser it serves."""

    def __init__(self) -> None:
        self.answers: deque[tuple[int, dict[str, str]] | float] = deque()  # or seconds of silence
        self.posts: list[tuple[str, dict[str, str], bytes]] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = service.answers.popleft() if service.answers else (201, {})
                if isinstance(answer, float):
                    sleep(answer)
                    return
                status, headers = answer
                if status == 201:
                    service.posts.append((self.path, dict(self.headers), body))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        self._private, self._auth = ec.generate_private_key(ec.SECP256R1()), bytes(range(16))

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def subscription(self, name: str = "phone", **changes: str) -> dict[str, str]:
        point = self._private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        keys = {"p256dh": word(point), "auth": word(self._auth)}
        return {"endpoint": f"{self.origin}/{name}", **keys, "language": "en", **changes}

    def heard(self) -> list[dict[str, Any]]:
        """What the browser makes of the posts, with its own key."""
        return [
            json.loads(http_ece.decrypt(body, private_key=self._private, auth_secret=self._auth, version="aes128gcm"))
            for _, _, body in self.posts
        ]


def word(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.setattr(strangers, "LOOPBACK", True)
    monkeypatch.setattr(strangers, "TIMEOUT", (1.0, 0.3))
    running = Service()
    yield running
    running.close()


@pytest.fixture
def anna(stage: Stage, service: Service) -> Person:
    """She has a conversation, and a phone that can be reached."""
    anna = stage.agent()
    stage.page(written("hello"))
    stage.work()
    anna.post("/conversations/1/claim")
    anna.post("/conversations/1/read")
    anna.post("/me/push", service.subscription(), 204)
    return anna


def writes(stage: Stage, text: str = "my card is 6222", number: int = 2) -> None:
    stage.page(written(text, number=number, at=number))
    stage.work()


def send(stage: Stage) -> None:
    """Ten seconds later."""
    stage.make_due(Push)
    stage.work()


def chosen(person: Person, **changes: Any) -> Any:
    whole = {"about": dict(ABOUT), "show_content": False, "quiet_from": None, "quiet_to": None, **changes}
    return person.put("/me/notifications", whole)


def test_a_message_in_my_conversation_reaches_my_phone_sealed_and_signed(
    stage: Stage, anna: Person, service: Service
) -> None:
    writes(stage)
    assert service.posts == []  # for ten seconds she may look herself
    send(stage)
    assert service.heard() == [{"about": "message", "conversation": 1, "language": "en"}]
    [(path, headers, body)] = service.posts
    assert path == "/phone" and b"card" not in body
    assert (headers["Content-Encoding"], headers["Urgency"], headers["Topic"]) == ("aes128gcm", "high", "c1")
    scheme, token, key = headers["Authorization"].replace(",", "").split()
    public = anna.get("/me/notifications")["public_key"]
    assert (scheme, key) == ("vapid", f"k={public}")
    claims = jwt.decode(token.removeprefix("t="), _key(public)).claims
    assert (claims["aud"], claims["sub"]) == (service.origin, "mailto:push@hub.test")
    assert now().timestamp() < claims["exp"] < now().timestamp() + 86_400
    assert stage.row(Push).state == "done"


def _key(public: str) -> ECKey:
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _raw(public))
    return ECKey.import_key(point.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def _raw(text: str) -> bytes:
    from base64 import urlsafe_b64decode

    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_who_and_what_only_where_the_agent_wants_it_shown(stage: Stage, anna: Person, service: Service) -> None:
    chosen(anna, show_content=True)
    writes(stage, "x" * 500)
    send(stage)
    [heard] = service.heard()
    assert heard["text"] == "x" * 120 and "name" in heard


def test_several_messages_are_one_push(stage: Stage, anna: Person, service: Service) -> None:
    for number in range(2, 5):
        writes(stage, number=number)
    send(stage)
    assert len(service.posts) == 1
    writes(stage, number=9)
    send(stage)
    assert len(service.posts) == 2


def test_each_kind_is_pushed_unless_chosen_otherwise(stage: Stage, anna: Person, service: Service) -> None:
    bo = stage.agent("Bo")
    bo.post("/me/push", service.subscription("bo"), 204)
    chosen(bo, about={**ABOUT, "mention": False})
    for _ in range(2):
        note = {"text": "look", "note": True, "mentions": [bo.id]}
        anna.post("/conversations/1/messages", note, 201)
        chosen(bo)
    anna.post("/conversations/1/assign", {"agent": bo.id})
    send(stage)
    assert [each["about"] for each in service.heard()] == ["mention", "assigned"]


@pytest.mark.parametrize("before", ["read", "desk", "signed out", "taken away", "unsubscribed", "disabled"])
def test_nobody_is_pushed_to_who_need_not_be(stage: Stage, anna: Person, service: Service, before: str) -> None:
    writes(stage)
    match before:
        case "read":
            anna.post("/conversations/1/read")
        case "desk":
            anna.post("/me/presence", {"idle": 1})
        case "signed out":
            anna.client.delete("/api/v1/session")
        case "taken away":
            stage.agent("Boss", "supervisor").post("/conversations/1/assign", {"agent": None})
        case "unsubscribed":
            anna.client.delete("/api/v1/me/push", json={"endpoint": service.subscription()["endpoint"]})
        case "disabled":
            with stage.inside():
                agents_row = db.session.get_one(agents.Agent, anna.id)
                agents_row.disabled_at = now()
    send(stage)
    assert service.posts == []
    assert [row.state for row in stage.rows(Push)] in ([], ["cancelled"])


def test_who_left_the_desk_is_pushed_to_although_the_inbox_is_open(
    stage: Stage, anna: Person, service: Service
) -> None:
    writes(stage)
    anna.post("/me/presence", {"idle": 7_200})
    send(stage)
    assert len(service.posts) == 1
    assert stage.row(AgentPresence).status == "away"


@pytest.mark.parametrize(
    ("quiet", "at", "expected"),
    [
        (("22:00", "08:00"), "23:30", True),
        (("22:00", "08:00"), "07:59", True),
        (("22:00", "08:00"), "08:00", False),
        (("22:00", "08:00"), "21:59", False),
        (("12:00", "13:30"), "12:00", True),
        (("12:00", "13:30"), "13:30", False),
        ((None, None), "03:00", False),
    ],
)
def test_quiet_hours_are_those_of_the_shop(
    stage: Stage, quiet: tuple[str | None, str | None], at: str, expected: bool
) -> None:
    choice = NotificationChoice(agent_id=1, about={}, quiet_from=quiet[0], quiet_to=quiet[1])
    hour, minute = map(int, at.split(":"))
    in_shanghai = datetime(2026, 3, 1, hour, minute, tzinfo=UTC) - timedelta(hours=8)
    with stage.inside():
        assert pushing.is_quiet(choice, in_shanghai) == expected
        assert pushing.wants(choice, "message", in_shanghai) != expected


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_has_forgotten_us_is_forgotten(
    stage: Stage, anna: Person, service: Service, status: int
) -> None:
    service.answers.append((status, {}))
    writes(stage)
    send(stage)
    assert (stage.rows(PushSubscription), stage.rows(Push)) == ([], [])
    writes(stage, number=3)
    send(stage)
    assert service.posts == []


def test_a_service_that_asks_to_wait_is_waited_for(stage: Stage, anna: Person, service: Service) -> None:
    service.answers.append((429, {"Retry-After": "120"}))
    writes(stage)
    send(stage)
    job = stage.row(Push)
    assert (job.state, job.error_code) == ("pending", "429")
    assert timedelta(seconds=100) < job.due_at - now() < timedelta(seconds=121)
    send(stage)
    assert len(service.posts) == 1
    assert stage.row(Push).state == "done"


def test_a_service_that_is_away_is_tried_again_and_then_it_shows(stage: Stage, anna: Person, service: Service) -> None:
    service.answers.extend([1.0, (503, {}), 1.0, 1.0, (500, {})])
    writes(stage)
    for _ in range(5):
        assert stage.row(Push).state == "pending"
        send(stage)
    boss = stage.agent("Boss", "supervisor")
    [job] = boss.get("/jobs", state="failed")["items"]
    assert (job["kind"], job["error_code"], job["conversation_id"]) == ("push", "500", 1)
    assert service.origin not in json.dumps(job)
    boss.post(f"/jobs/{job['id']}/retry", status=202)
    send(stage)
    assert len(service.posts) == 1


@pytest.mark.parametrize("status", [400, 403, 413, 302])
def test_a_clear_no_is_not_asked_again(stage: Stage, anna: Person, service: Service, status: int) -> None:
    service.answers.append((status, {"Location": f"{service.origin}/elsewhere"}))
    writes(stage)
    send(stage)
    assert (stage.row(Push).state, stage.row(Push).error_code) == ("failed", str(status))
    assert service.posts == []


def test_a_worker_that_died_is_followed_by_another(stage: Stage, anna: Person, service: Service) -> None:
    writes(stage)
    with stage.inside():
        died = {"state": "running", "claimed_at": NOON, "due_at": NOON}
        db.session.execute(update(Push).values(**died))
    from workers import tasks

    tasks.sweep()
    stage.work()
    assert len(service.posts) == 1


@pytest.mark.parametrize(
    "endpoint",
    [
        *("http://push.example.com/x", "https://localhost/x", "https://127.0.0.1/x", "https://[::1]/x"),
        *("https://10.0.0.1/x", "https://2130706433/x", "https://0x7f.1/x", "https://intranet/x", "ftp://a.example/x"),
        "https://user@push.example.com/x",
    ],
)
def test_only_public_services_are_pushed_to(stage: Stage, service: Service, endpoint: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(strangers, "LOOPBACK", False)
    problem = stage.agent().post("/me/push", service.subscription(endpoint=endpoint), 422)
    assert [error["field"] for error in problem["errors"]] == ["endpoint"]


def test_a_name_that_leads_into_our_network_is_not_followed(
    stage: Stage, anna: Person, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes(stage)
    monkeypatch.setattr(strangers, "LOOPBACK", False)
    send(stage)
    assert (stage.row(Push).state, service.posts) == ("pending", [])
    assert stage.row(Push).error != ""


@pytest.mark.parametrize(
    ("field", "value"), [("p256dh", "AAAA"), ("p256dh", "!"), ("auth", "AAAA"), ("language", "fr")]
)
def test_what_is_no_subscription_is_refused(stage: Stage, service: Service, field: str, value: str) -> None:
    problem = stage.agent().post("/me/push", service.subscription(**{field: value}), 422)
    assert [error["field"] for error in problem["errors"]] == [field]


def test_choices(stage: Stage, service: Service) -> None:
    anna = stage.agent()
    first = anna.get("/me/notifications")
    assert (first["about"], first["show_content"], first["quiet_from"]) == (dict(ABOUT), False, None)
    changed = chosen(anna, about={**ABOUT, "follow": True}, show_content=True, quiet_from="22:00", quiet_to="07:30")
    assert anna.get("/me/notifications") == changed
    assert (changed["about"]["follow"], changed["quiet_to"], changed["public_key"]) == (
        True,
        "07:30",
        first["public_key"],
    )
    for wrong in ({"quiet_from": "22:00"}, {"quiet_from": "25:00", "quiet_to": "07:00"}, {"about": {"nothing": True}}):
        whole = {"about": {}, "show_content": False, **wrong}
        anna.put("/me/notifications", whole, 422)


def test_the_browser_belongs_to_whom_signed_in_last(stage: Stage, anna: Person, service: Service) -> None:
    bo = stage.agent("Bo")
    bo.post("/me/push", service.subscription(), 204)
    assert stage.row(PushSubscription).agent_id == bo.id
    anna.client.delete("/api/v1/me/push", json={"endpoint": service.subscription()["endpoint"]})
    assert len(stage.rows(PushSubscription)) == 1  # not hers any more
