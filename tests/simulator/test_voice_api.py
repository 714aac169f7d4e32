"""Calls by the REST API: placed, refused, changed, listed; and what is reported of them, in order and with faults."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from tests.simulator.driving import wait_until
from tests.simulator.phoning import AGENT, ALEX, MING, OURS, Line, heard, is_up, response, telephone

ALL = ["initiated", "ringing", "answered", "completed"]
COMPLETED = ["initiated", "ringing", "in-progress", "completed"]


@pytest.fixture
def line() -> Iterator[Line]:
    with telephone() as standing:
        standing.says(response("<Say>Press one to accept</Say>"), "/agent")
        yield standing


def place(line: Line, to: str = AGENT, **form: Any) -> Any:
    given: dict[str, Any] = {
        "To": to,
        "From": OURS,
        "Url": f"{line.hub.url}/agent",
        "StatusCallback": f"{line.hub.url}/leg",
    }
    return line.rest("POST", "Calls.json", **given | {"StatusCallbackEvent": ALL} | form)


@pytest.mark.parametrize(
    ("steps", "status", "statuses"),
    [
        ([{"answer": 1}, {"hear": "Press one"}, {"hung_up": True}], "completed", COMPLETED),
        ([{"reject": True}], "busy", ["initiated", "ringing", "busy"]),
        ([], "no-answer", ["initiated", "ringing", "no-answer"]),
    ],
)
def test_a_call_is_placed(line: Line, steps: list[dict[str, Any]], status: str, statuses: list[str]) -> None:
    line.phone(AGENT, *steps)
    answer = place(line, Timeout="5")
    placed = answer.json()
    assert (answer.status_code, placed["status"], placed["direction"]) == (201, "queued", "outbound-api")
    assert (placed["to"], placed["from"], placed["parent_call_sid"], placed["price"]) == (AGENT, OURS, None, None)
    call = line.over(placed["sid"])
    assert (call["status"], call["script"]["outcome"]) == (status, "done")
    wait_until(lambda: line.hub.statuses("/leg") == statuses)
    assert [told["SequenceNumber"] for told in line.hub.asked("/leg")] == [str(n) for n in range(len(statuses))]
    shown = line.rest("GET", f"Calls/{placed['sid']}.json").json()
    assert (shown["status"], shown["end_time"] is not None) == (status, True)


def test_browsers_are_called_too(line: Line) -> None:
    line.phone("client:agent_7", {"answer": 0}, {"hear": "Press one"})
    assert line.over(place(line, "client:agent_7").json()["sid"])["script"]["outcome"] == "done"
    assert line.hub.asked("/agent")[0]["To"] == "client:agent_7"


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"To": ""}, 21201),
        ({"From": ""}, 21213),
        ({"To": "12"}, 21211),
        ({"From": "agent"}, 21212),
        ({"From": "+85299999999"}, 21210),
        ({"To": "+8613800138002"}, 21215),
        ({"To": "+15005550001"}, 21217),
        ({"To": "+15005550004"}, 21216),
        ({"Url": ""}, 21205),
        ({"Url": "agent"}, 21205),
    ],
)
def test_calls_that_are_refused(line: Line, form: dict[str, str], code: int) -> None:
    answer = place(line, **form)
    assert (answer.status_code, answer.json()["code"], answer.json()["status"]) == (400, code, 400)
    assert line.get("calls")["items"] == []


def test_twiml_in_the_request(line: Line) -> None:
    line.phone(AGENT, {"answer": 0}, {"hear": "Hello"}, {"hung_up": True})
    call = line.over(place(line, Url="", Twiml=response("<Say>Hello</Say>")).json()["sid"])
    assert (call["script"]["outcome"], line.hub.asked("/agent")) == ("done", [])
    line.phone(ALEX, {"answer": 0})
    line.over(place(line, ALEX, Url="", Twiml=response("<Redirect>?turn=2</Redirect>")).json()["sid"])
    assert line.errors() == [11100]  # relative to nothing


def test_whatever_it_does_is_interrupted(line: Line) -> None:
    line.says(response('<Gather timeout="600"/>'), "/agent")
    line.says(response("<Say>Your caller is here</Say>"), "/moved")
    line.phone(AGENT, {"answer": 0}, {"hear": "Your caller"}, {"hung_up": True})
    sid = place(line).json()["sid"]
    assert line.rest("POST", f"Calls/{sid}.json", Url=f"{line.hub.url}/moved").json()["code"] == 21220  # not yet
    line.leg(AGENT, is_up)
    assert line.rest("POST", f"Calls/{sid}.json", Url=f"{line.hub.url}/moved").status_code == 200
    assert line.over(sid)["script"]["outcome"] == "done"
    answer = line.rest("POST", f"Calls/{sid}.json", Status="completed")
    assert (answer.status_code, answer.json()["code"]) == (400, 21220)


@pytest.mark.parametrize(
    ("answers", "asked", "status"),
    [(False, "canceled", "canceled"), (False, "completed", "canceled"), (True, "completed", "completed")],
)
def test_calls_are_ended(line: Line, answers: bool, asked: str, status: str) -> None:
    line.says(response('<Pause length="600"/>'), "/agent")
    line.phone(AGENT, *([{"answer": 0}] if answers else []))
    sid = place(line).json()["sid"]
    line.leg(AGENT, lambda leg: leg["status"] == ("in-progress" if answers else "ringing"))
    assert line.rest("POST", f"Calls/{sid}.json", Status=asked).status_code == 200
    assert line.over(sid)["status"] == status


def test_only_the_ringing_are_cancelled(line: Line) -> None:
    line.says(response('<Pause length="600"/>'), "/agent")
    line.phone(AGENT, {"answer": 0})
    sid = place(line).json()["sid"]
    line.leg(AGENT, is_up)
    assert line.rest("POST", f"Calls/{sid}.json", Status="canceled").json()["status"] == "in-progress"
    line.rest("POST", f"Calls/{sid}.json", Status="completed")


def test_a_child_leg_is_moved(line: Line) -> None:
    """A blind transfer after click-to-call: the customer's leg goes on, the agent's Dial is over."""
    line.says(response(f'<Dial action="/done" callerId="{OURS}"><Number>{MING}</Number></Dial>'), "/agent")
    line.says(response("<Say>Goodbye</Say>"), "/done")
    line.says(response("<Say>Connecting you</Say>"), "/moved")
    line.phone(MING, {"answer": 0}, {"notice": "connected"}, {"hear": "Connecting you"}, {"hung_up": True})
    line.phone(AGENT, {"answer": 0}, {"notice": "connected"}, {"hear": "Goodbye"}, {"hung_up": True})
    agent = place(line).json()["sid"]
    customer = line.leg(MING, is_up)
    wait_until(lambda: "connected" in heard(line.get(f"calls/{agent}")))
    line.rest("POST", f"Calls/{customer['sid']}.json", Url=f"{line.hub.url}/moved")
    assert [line.over(sid)["script"]["outcome"] for sid in (customer["sid"], agent)] == ["done", "done"]
    assert line.hub.asked("/done")[0]["DialCallStatus"] == "completed"


def test_lists(line: Line) -> None:
    line.phone(AGENT, {"reject": True})
    line.phone(ALEX, {"reject": True})
    for to in (AGENT, ALEX, AGENT):
        line.over(place(line, to).json()["sid"])
    now = datetime.now(UTC)

    def found(**query: str) -> list[str]:
        return [call["to"] for call in line.rest("GET", "Calls.json", **query).json()["calls"]]

    assert found() == [AGENT, ALEX, AGENT]
    assert found(To=ALEX) == [ALEX]
    assert found(To=AGENT, From=OURS, Status="busy") == [AGENT, AGENT]
    assert found(StartTime=now.date().isoformat()) == [AGENT, ALEX, AGENT]
    assert found(**{"StartTime>": (now - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")}) == [AGENT, ALEX, AGENT]
    assert found(**{"StartTime>": (now + timedelta(minutes=1)).isoformat()}) == []
    page = line.rest("GET", "Calls.json", PageSize="2").json()
    assert (len(page["calls"]), page["page"], page["page_size"], bool(page["next_page_uri"])) == (2, 0, 2, True)


@pytest.mark.parametrize("path", ["Calls/CA0.json", "Conferences/CF0.json", "Recordings/RE0.json", "Queues/QU0.json"])
def test_what_is_not_there(line: Line, path: str) -> None:
    answer = line.rest("GET", path)
    assert (answer.status_code, answer.json()["code"]) == (404, 20404)


def test_strangers_get_nothing(line: Line) -> None:
    answer = line.rest("GET", "Calls.json", token="wrong")
    assert (answer.status_code, answer.json()["code"]) == (401, 20003)


@pytest.mark.parametrize(("origin", "allowed"), [("http://127.0.0.1:8000", True), ("https://example.com", False)])
def test_pages_of_this_machine_may_be_phones(line: Line, origin: str, allowed: bool) -> None:
    asking = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    answer = requests.options(f"{line.url}/_sim/voice/calls", headers=asking, timeout=5)
    assert (answer.headers.get("Access-Control-Allow-Origin") == origin) == allowed


# -- faults


def test_a_call_that_nobody_told_of(line: Line) -> None:
    """It rings, but whoever placed it waits in vain for an answer."""
    line.fails("POST Calls.json", "slow", seconds=1.0)
    with pytest.raises(requests.ReadTimeout):
        place(line, timeout=0.3)
    [call] = line.rest("GET", "Calls.json", To=AGENT).json()["calls"]
    assert call["to"] == AGENT


@pytest.mark.parametrize(
    ("fault", "status", "code", "calls"),
    [
        ({"kind": "errcode", "errcode": 20429}, 429, 20429, 0),
        ({"kind": "errcode", "errcode": 20003}, 401, 20003, 0),
        ({"kind": "http", "status": 502}, 502, None, 0),
    ],
)
def test_the_api_fails(line: Line, fault: dict[str, Any], status: int, code: int | None, calls: int) -> None:
    line.fails("POST Calls.json", **fault)
    answer = place(line)
    assert (answer.status_code, answer.json()["code"] if code else None) == (status, code)
    assert len(line.get("calls")["items"]) == calls
    assert place(line).status_code == 201


def test_the_connection_is_cut_after_the_call(line: Line) -> None:
    line.fails("POST Calls.json", "reset_after")
    with pytest.raises(requests.ConnectionError):
        place(line)
    assert len(line.get("calls")["items"]) == 1


def test_a_reset_forgets_everything(line: Line) -> None:
    line.phone(AGENT)
    place(line)
    line.world.clear()
    line.get("pace")
    assert (line.get("calls")["items"], line.get("phones")["items"], line.get("pace")["factor"]) == ([], [], 1.0)
    assert line.hub.statuses("/leg")[-1:] != ["canceled"]


@pytest.mark.parametrize(
    ("fault", "statuses"),
    [
        ({"kind": "lost", "matches": ["ringing", AGENT]}, ["initiated", "in-progress", "completed"]),
        ({"kind": "duplicate", "matches": ["in-progress"]}, ["initiated", "ringing", "in-progress", *COMPLETED[2:]]),
        ({"kind": "overtaken", "matches": ["ringing"]}, ["initiated", "in-progress", "ringing", "completed"]),
        ({"kind": "late", "matches": ["initiated"], "seconds": 0.7}, [*COMPLETED[1:], "initiated"]),
        ({"kind": "lost", "matches": [ALEX]}, COMPLETED),
    ],
)
def test_reports_go_astray(line: Line, fault: dict[str, Any], statuses: list[str]) -> None:
    line.phone(AGENT, {"answer": 1}, {"hung_up": True})
    line.post("faults", fault)
    place(line)
    wait_until(lambda: line.hub.statuses("/leg") == statuses)
    assert len(line.get("faults")["items"]) == (fault["matches"] == [ALEX])
