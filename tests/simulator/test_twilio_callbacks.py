"""How Twilio's requests to the hub are tried again, within which time, and what is kept of them."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from simulator.twilio.callbacks import Callbacks, Overrides
from simulator.twilio.world import Account, World
from tests.simulator.texting import ACCOUNT, TOKEN, TextHub, listening


@pytest.fixture
def hub() -> Iterator[TextHub]:
    with listening() as standing:
        yield standing


@pytest.fixture
def world() -> World:
    made = World("")
    made.accounts[ACCOUNT] = Account(ACCOUNT, TOKEN)
    return made


@pytest.fixture
def closed() -> str:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{sock.getsockname()[1]}/x"


@pytest.mark.parametrize(
    ("fragment", "overrides"),
    [
        ("", Overrides()),
        ("rc=3&rp=5xx,ct,rt&rt=5000", Overrides(rc=3, rp=frozenset({"5xx", "ct", "rt"}), rt=5.0)),
        ("ct=250&tt=1000&rp=all&e=dublin", Overrides(ct=0.25, tt=1.0, rp=frozenset({"all"}))),
        ("rc=6&ct=99&rt=15001&tt=x&rc=", Overrides()),
        ("rc=0", Overrides(rc=0)),
    ],
)
def test_overrides(fragment: str, overrides: Overrides) -> None:
    assert Overrides.of(fragment) == overrides


@pytest.mark.parametrize(
    ("fragment", "statuses", "tries"),
    [
        ("", [500, 200], 1),
        ("#rc=2&rp=5xx", [500, 503, 200], 3),
        ("#rc=1&rp=5xx", [500, 503, 200], 2),
        ("#rc=2&rp=4xx", [404, 200], 2),
        ("#rc=2&rp=4xx", [500, 200], 1),
        ("#rc=5&rp=all", [500, 404, 0, 200], 4),
        ("#rc=2&rp=rt", [0, 200], 2),
    ],
)
def test_what_is_tried_again(world: World, hub: TextHub, fragment: str, statuses: list[int], tries: int) -> None:
    hub.answers = [(status, "text/plain", "") for status in statuses]
    answer = Callbacks(world).deliver(ACCOUNT, f"{hub.url}/status?m=1{fragment}", "POST", {"Body": "一", "A": ""})
    assert len(hub.posted) == tries
    assert all(hub.signed(each) and each.path == "/status?m=1" for each in hub.posted)
    assert len({each.headers["I-Twilio-Idempotency-Token"] for each in hub.posted}) == 1
    assert answer.status == statuses[tries - 1]
    [entry] = world.callbacks
    assert (entry["tries"], entry["outcome"]) == (tries, "answered" if answer.ok else "unanswered")
    assert entry["fields"] == {"A": ""}
    assert world.accounts[ACCOUNT].counts == {"callbacks" if answer.ok else "unanswered": 1}


def test_whoever_does_not_listen_is_tried_once_more(world: World, closed: str) -> None:
    assert Callbacks(world).deliver(ACCOUNT, closed, "POST", {}).failure == "connection refused"
    assert world.callbacks[0]["tries"] == 2


@pytest.mark.parametrize(("fragment", "longest"), [("rt=200&rc=0", 1.0), ("rt=300&tt=500&rc=5&rp=rt", 1.2)])
def test_deadlines(world: World, hub: TextHub, fragment: str, longest: float) -> None:
    hub.slow = 1.5
    started = time.monotonic()
    assert Callbacks(world).deliver(ACCOUNT, f"{hub.url}/x#{fragment}", "POST", {}).failure == "timeout"
    assert time.monotonic() - started < longest


def test_a_get_has_everything_in_its_address(world: World, hub: TextHub) -> None:
    hub.answers = [(200, "text/xml; charset=utf-8", "<Response/>")]
    answer = Callbacks(world).ask(ACCOUNT, f"{hub.url}/x?a=1#rc=0", "GET", {"From": "+852", "Body": "你"})
    assert (answer.body, answer.content_type) == (b"<Response/>", "text/xml; charset=utf-8")
    [posted] = hub.posted
    assert (posted.method, posted.path) == ("GET", "/x?a=1&From=%2B852&Body=%E4%BD%A0")
    assert hub.signed(posted)


def test_nothing_leaves_this_machine(world: World) -> None:
    assert Callbacks(world).deliver(ACCOUNT, "https://hub.example.com/x", "POST", {}).failure == "not on this machine"


def test_reports_that_belong_together_keep_their_order(world: World, hub: TextHub) -> None:
    callbacks, last = Callbacks(world), None
    hub.slow = 0.02
    for number in range(10):
        last = callbacks.tell(ACCOUNT, f"{hub.url}/status", {"n": str(number)}, last)
    assert last
    last.result(5)
    assert [each.form["n"] for each in hub.posted] == list("0123456789")
