"""Failures on demand happen as often as asked, and are told in the log."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests

from tests.simulator.driving import MING, Hub, Simulator, wait_until


def fault(simulator: Simulator, kind: str, endpoint: str = "custom/send", **more: Any) -> None:
    simulator.post("/_sim/faults", {"endpoint": endpoint, "kind": kind, **more})


def texts(simulator: Simulator) -> list[str]:
    return [item["text"] for item in simulator.seen() if item["from"] == "account"]


def test_an_error_code_as_often_as_asked(simulator: Simulator) -> None:
    simulator.write()
    fault(simulator, "errcode", errcode=-1, times=2)
    assert [simulator.text("a"), simulator.text("b"), simulator.text("c")] == [-1, -1, 0]
    assert texts(simulator) == ["c"]


def test_an_http_error_instead_of_an_answer(simulator: Simulator) -> None:
    fault(simulator, "http", endpoint="stable_token", status=503)
    assert requests.post(f"{simulator.url}/cgi-bin/stable_token", json={}, timeout=5).status_code == 503
    assert simulator.token()


def test_a_slow_answer_comes_after_the_message(simulator: Simulator) -> None:
    simulator.write()
    fault(simulator, "slow", seconds=0.4)
    started = time.monotonic()
    assert simulator.text("late") == 0
    assert time.monotonic() - started >= 0.4
    assert texts(simulator) == ["late"]


def test_a_cut_connection_after_the_message(simulator: Simulator) -> None:
    simulator.write()
    fault(simulator, "reset_after")
    with pytest.raises(requests.ConnectionError):
        simulator.text("arrived")
    assert texts(simulator) == ["arrived"]
    assert simulator.text("next") == 0


def test_faults_can_be_taken_back(simulator: Simulator) -> None:
    simulator.write()
    fault(simulator, "errcode", times=5)
    requests.delete(f"{simulator.url}/_sim/faults", timeout=5)
    assert simulator.text() == 0


def test_a_fault_of_the_wrong_kind_is_refused(simulator: Simulator) -> None:
    body = {"endpoint": "push", "kind": "slow"}
    answer = requests.post(f"{simulator.url}/_sim/faults", json=body, timeout=5)
    assert (answer.status_code, answer.json()) == (400, {"error": "push has no fault of kind slow"})


def test_a_duplicated_push(simulator: Simulator, hub: Hub) -> None:
    fault(simulator, "duplicate", endpoint="push")
    simulator.write("twice")
    simulator.write("once")
    assert [body["Content"] for body in hub.pushes] == ["twice", "twice", "once"]
    assert len({body["MsgId"] for body in hub.pushes}) == 2


def test_a_push_overtaken_by_the_next(simulator: Simulator, hub: Hub) -> None:
    fault(simulator, "out_of_order", endpoint="push", seconds=0.3)
    simulator.write("1", wait=0)
    simulator.write("2")
    wait_until(lambda: len(hub.received) == 2)
    assert [body["Content"] for body in hub.pushes] == ["2", "1"]
    assert [item["text"] for item in simulator.seen()] == ["1", "2"]


def test_the_chat_can_be_followed(simulator: Simulator) -> None:
    path = f"/_sim/users/{MING}/messages"
    before = simulator.get(path)
    simulator.write("news")
    news = simulator.get(path, since=before["rev"], boot=before["boot"], wait=5)
    assert [item["text"] for item in news["items"]] == ["news"]
    assert simulator.get(path, after=1)["items"] == []
    started = time.monotonic()
    nothing = simulator.get(path, since=news["rev"], boot=news["boot"], wait=0.3)
    assert (nothing["items"], time.monotonic() - started >= 0.25) == ([], True)
