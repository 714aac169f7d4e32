"""What a flow's call makes of a service that answers, fails, dawdles, lies or sends us elsewhere."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr

from hub.knowledge import Call
from workers.bots.flows import calls
from workers.bots.flows.calls import NoSuchPlace, Outcome, address, as_text, ask, standing

SECRET = "s3cret-token"


@dataclass
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Service:
    """Answers as a test says: one handler per request, the last one for all that follow."""

    url: str = ""
    handlers: list[Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        length = int(request.headers.get("Content-Length") or 0)
        body = json.loads(request.rfile.read(length)) if length else None
        self.asked.append(Asked(request.command, request.path, dict(request.headers), body))
        handler = self.handlers.pop(0) if len(self.handlers) > 1 else self.handlers[0]
        handler(request)

    def call(self, path: str = "/orders/{order}", **also: Any) -> Call:
        return Call.model_construct(**{**DEFAULTS, "url": self.url + path, **also})


DEFAULTS = {name: field.get_default(call_default_factory=True) for name, field in Call.model_fields.items()}


def sends(
    body: bytes | dict[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Callable[[BaseHTTPRequestHandler], None]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    def handler(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(content)

    return handler


def hangs_up(request: BaseHTTPRequestHandler) -> None:
    request.connection.close()


def sleeps(request: BaseHTTPRequestHandler) -> None:
    time.sleep(2)


def drips(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.end_headers()
    for _ in range(40):
        request.wfile.write(b" ")
        request.wfile.flush()
        time.sleep(0.1)


@pytest.fixture(scope="module")
def running() -> Iterator[Service]:
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            service.handle(self)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that went away is what these tests are about."""

    server = Quiet(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    service.url = f"http://127.0.0.1:{server.server_port}"
    yield service
    server.shutdown()
    server.server_close()


@pytest.fixture
def service(running: Service) -> Service:
    running.handlers, running.asked = [sends({"order": {"status": "shipped"}})], []
    return running


SLOTS = {"order": "AB12345678"}
STATUS = {"status": "order.status"}


def test_what_it_answers_becomes_slots(service: Service) -> None:
    told = {
        "order": {"status": "已发货", "paid": 12.50, "count": 3, "gift": True, "note": None},
        "items": [{"name": "T 恤"}, {"name": "鞋"}],
    }
    service.handlers = [sends(json.dumps(told).replace("12.5", "12.50").encode())]
    save = {
        "status": "order.status",
        "paid": "order.paid",
        "count": "order.count",
        "gift": "order.gift",
        "first": "items.0.name",
        "none": "order.note",
        "beyond": "items.7.name",
        "whole": "order",
        "odd": "a..b",
    }
    assert ask(service.call(save=save), SLOTS, 5) == Outcome(
        "found",
        {
            "status": "已发货",
            "paid": "12.50",
            "count": "3",
            "gift": "true",
            "first": "T 恤",
            "none": "",
            "beyond": "",
            "whole": "",
            "odd": "",
        },
    )
    assert [(each.method, each.path, each.body) for each in service.asked] == [("GET", "/orders/AB12345678", None)]


def test_a_post_sends_json(service: Service) -> None:
    call = service.call("/returns", method="POST", send={"order": "{order}", "text": "- {text}"})
    slots = {"order": "AB1", "text": '","admin":true,"x":"{order}中'}
    assert ask(call, slots, 5, turn_id="t1").result == "found"
    assert service.asked[0].body == {"order": "AB1", "text": f"- {slots['text']}"}


def test_a_turn_that_is_thought_about_twice_says_so(service: Service) -> None:
    call = service.call("/returns", method="POST", send={"order": "{order}"})
    for turn, slots in (("t1", SLOTS), ("t1", SLOTS), ("t2", SLOTS), ("t1", {"order": "other"})):
        ask(call, slots, 5, turn_id=turn)
    keys = [each.headers["Idempotency-Key"] for each in service.asked]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


@pytest.mark.parametrize(
    ("answer", "found", "result"),
    [
        (sends({}, 404), "", "missing"),
        (sends({"order": {}}), "order.status", "missing"),
        (sends({"order": {"status": ""}}), "order.status", "missing"),
        (sends({"order": {"status": None}}), "order.status", "missing"),
        (sends({"order": {"status": False}}), "order.status", "missing"),
        (sends({"order": {"status": []}}), "order.status", "missing"),
        (sends({"order": {"status": 0}}), "order.status", "found"),
        (sends({"order": {"status": "x"}}), "order.status", "found"),
        (sends(b"[]"), "order.status", "missing"),
        (sends(b"[]"), "", "found"),
        (sends(b"null"), "", "found"),
        (sends(b"", 204), "", "found"),
        (sends(b"", 200), "order", "missing"),
        (sends(b'{"order": {"status": "a\x01b"}}'), "order.status", "found"),
        (sends(b"<html>"), "", "failed"),
        (sends(b"\xff\xfe"), "", "failed"),
        (sends(b"[" * 100_000), "", "failed"),
        (sends(b'{"n": ' + b"1" * 10_000 + b"}"), "", "found"),
        (sends({}, 400), "", "failed"),
        (sends({}, 401), "", "failed"),
        (sends({}, 429), "", "failed"),
        (sends({}, 503), "", "failed"),
        (hangs_up, "", "failed"),
        (sends(b" " * (calls.LARGEST_ANSWER + 1)), "", "failed"),
        (sends(b'"' + b"x" * (calls.LARGEST_ANSWER - 2) + b'"'), "", "found"),
        (sends(b"not packed at all", headers={"Content-Encoding": "gzip"}), "", "failed"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_answer_is_one_of_three(service: Service, answer: Any, found: str, result: str, method: str) -> None:
    service.handlers = [answer]
    outcome = ask(service.call(found=found, save=STATUS, method=method), SLOTS, 3)
    assert outcome.result == result


def test_a_service_that_stumbles_is_asked_once_more(service: Service) -> None:
    for stumbles in (sends({}, 500), hangs_up):
        service.asked.clear()
        service.handlers = [stumbles, sends({"order": {"status": "shipped"}})]
        assert ask(service.call(save=STATUS), SLOTS, 5) == Outcome("found", {"status": "shipped"})
        assert len(service.asked) == 2


@pytest.mark.parametrize(
    ("answer", "method", "times"),
    [
        (sends({}, 500), "GET", 2),
        (sends({}, 500), "POST", 1),
        (hangs_up, "POST", 1),
        (sends({}, 404), "GET", 1),
        (sends({}, 429), "GET", 1),
        (sends(b"<html>"), "GET", 1),
    ],
)
def test_nothing_is_asked_for_more_often_than_that(service: Service, answer: Any, method: str, times: int) -> None:
    service.handlers = [answer]
    ask(service.call(method=method), SLOTS, 5)
    assert len(service.asked) == times


def test_a_redirect_is_a_failure(service: Service) -> None:
    service.handlers = [
        sends({}, 302, {"Location": f"{service.url}/elsewhere"}),
        sends({"order": {"status": "stolen"}}),
    ]
    assert ask(service.call(secret=SecretStr(SECRET)), SLOTS, 5) == Outcome("failed")
    assert [each.path for each in service.asked] == ["/orders/AB12345678"]


@pytest.mark.parametrize("answer", [sleeps, drips])
def test_who_is_slow_is_not_waited_for(service: Service, answer: Any) -> None:
    service.handlers = [answer]
    for call, within in ((service.call(timeout=timedelta(seconds=1)), 5.0), (service.call(), 0.5)):
        service.asked.clear()
        started = time.monotonic()
        assert ask(call, SLOTS, within) == Outcome("failed")
        assert time.monotonic() - started < 1.6
        assert len(service.asked) == 1  # there was no time for another


def test_nobody_there_is_a_failure() -> None:
    assert ask(Service(url="http://127.0.0.1:9").call(), SLOTS, 3) == Outcome("failed")


def test_a_secret_goes_to_the_service_and_nowhere_else(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    call = service.call(secret=SecretStr(SECRET))
    for answer in (sends({}), sends({}, 401), sends({}, 500), sends(b"<"), hangs_up):
        service.handlers = [answer]
        ask(call, SLOTS, 3)
    assert {each.headers["Authorization"] for each in service.asked} == {f"Bearer {SECRET}"}
    assert SECRET not in caplog.text
    assert "AB12345678" not in caplog.text  # nor does what a customer said
    assert SECRET not in repr(call)


URL = "https://shop.test/a/{x}/b?q={x}&r=1"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("AB1", "https://shop.test/a/AB1/b?q=AB1&r=1"),
        ("a b", "https://shop.test/a/a%20b/b?q=a%20b&r=1"),
        ("?q=1", "https://shop.test/a/%3Fq%3D1/b?q=%3Fq%3D1&r=1"),
        ("a&r=2#f", "https://shop.test/a/a%26r%3D2%23f/b?q=a%26r%3D2%23f&r=1"),
        ("@evil.test:80", "https://shop.test/a/%40evil.test%3A80/b?q=%40evil.test%3A80&r=1"),
        ("%2F", "https://shop.test/a/%252F/b?q=%252F&r=1"),
        ("{x}", "https://shop.test/a/%7Bx%7D/b?q=%7Bx%7D&r=1"),
        ("单号", "https://shop.test/a/%E5%8D%95%E5%8F%B7/b?q=%E5%8D%95%E5%8F%B7&r=1"),
        ("a\r\nHost: x", "https://shop.test/a/a%0D%0AHost%3A%20x/b?q=a%0D%0AHost%3A%20x&r=1"),
        ("...", "https://shop.test/a/.../b?q=...&r=1"),
    ],
)
def test_a_slot_stays_in_its_place(value: str, expected: str) -> None:
    assert address(URL, {"x": value}) == expected


@pytest.mark.parametrize("value", ["", ".", "..", "a/b", "../admin", "/", "\\", "..\\x"])
def test_what_would_be_another_path_is_nowhere(service: Service, value: str) -> None:
    with pytest.raises(NoSuchPlace):
        address(URL, {"x": value})
    assert ask(service.call(), {"order": value}, 3) == Outcome("missing")
    assert service.asked == []


def test_in_a_query_everything_may_stand(service: Service) -> None:
    said = "../a/b?c=d&e=f#g 中 {x} %2F;+"
    ask(service.call("/find?text={x}&page=1"), {"x": said}, 3)
    parts = urlsplit(service.asked[0].path)
    assert (parts.path, parse_qs(parts.query)) == ("/find", {"text": [said], "page": ["1"]})


def test_two_slots_together_make_no_step_up() -> None:
    with pytest.raises(NoSuchPlace):
        address("http://shop.test/{x}{y}/z", {"x": ".", "y": "."})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        *[("a.b", "1"), ("a", {"b": "1"}), ("c.0", "x"), ("c.1", None), ("c.-1", None), ("c.x", None), ("d", None)],
        *[("a.b.c", None), ("", None), (".", None), ("c.999999999999999999999", None), ("c.²", None)],
    ],
)
def test_dotted_paths(path: str, value: Any) -> None:
    assert standing({"a": {"b": "1"}, "c": ["x"]}, path) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        ("x", "x"),
        (None, ""),
        ([1], ""),
        ({}, ""),
        ("a\0\ud800b ", "ab"),
        ("x" * 900, "x" * 500),
    ],
)
def test_what_is_saved_is_text(value: Any, text: str) -> None:
    assert as_text(value) == text
