"""Dial: phones that answer or do not, several at once, whispers; and queues."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.simulator.driving import wait_until
from tests.simulator.phoning import AGENT, ALEX, MING, OURS, Line, heard, is_up, response, telephone

OTHER = "+85290000002"
LEG = 'statusCallback="/leg" statusCallbackEvent="initiated ringing answered completed"'


@pytest.fixture
def line() -> Iterator[Line]:
    with telephone() as standing:
        standing.says(response("<Say>Goodbye</Say>"), "/done")
        yield standing


def dials(line: Line, inner: str, attributes: str = 'timeout="5"') -> None:
    line.says(response(f'<Dial action="/done" {attributes}>{inner}</Dial>', "<Say>never</Say>"))


@pytest.mark.parametrize(
    ("steps", "status", "events"),
    [
        (
            [{"answer": 1}, {"wait": 2}, {"hang_up": True}],
            "completed",
            ["initiated", "ringing", "in-progress", "completed"],
        ),
        ([{"wait": 1}, {"reject": True}], "busy", ["initiated", "ringing", "busy"]),
        ([{"fail": True}], "failed", ["initiated", "ringing", "failed"]),
        ([], "no-answer", ["initiated", "ringing", "no-answer"]),
    ],
)
def test_a_phone(line: Line, steps: list[dict[str, Any]], status: str, events: list[str]) -> None:
    dials(line, f"<Number {LEG}>{AGENT}</Number>")
    line.phone(AGENT, *steps)
    call = line.calls({"hear": "Goodbye"}, {"hung_up": True})
    assert call["script"]["outcome"] == "done"
    [told] = line.hub.asked("/done")
    assert (told["DialCallStatus"], "DialCallSid" in told) == (status, status == "completed")
    wait_until(lambda: line.hub.statuses("/leg") == events)
    legs = line.hub.asked("/leg")
    assert [each["SequenceNumber"] for each in legs] == [str(number) for number in range(len(events))]
    assert {(each["ParentCallSid"], each["Direction"], each["From"]) for each in legs} == {
        (call["sid"], "outbound-dial", MING)
    }
    assert ("CallDuration" in legs[-1], "CallDuration" in legs[0]) == (True, False)


def test_what_both_hear(line: Line) -> None:
    dials(line, f"<Number>{AGENT}</Number>", f'callerId="{OURS}"')
    line.phone(AGENT, {"answer": 1}, {"hear": "hello"}, {"say": "who is there"}, {"hang_up": True})
    call = line.calls({"notice": "connected"}, {"say": "hello"}, {"hear": "who"}, {"hear": "Goodbye"})
    assert heard(call) == ["ringing", "ringing", "connected", "hello", "who is there", "Goodbye", "ended"]


def test_the_first_of_several(line: Line) -> None:
    dials(line, f"<Number>{AGENT}</Number><Number {LEG}>{OTHER}</Number><Client>agent_7</Client>")
    line.phone(AGENT, {"answer": 1}, {"hung_up": True})
    line.phone(OTHER, {"wait": 60})
    line.calls({"notice": "connected"}, {"hang_up": True})
    wait_until(lambda: line.hub.statuses("/leg") == ["initiated", "ringing", "canceled"])
    assert line.leg("client:agent_7", lambda leg: leg["ended_at"])["status"] == "canceled"


def test_a_whisper_lets_one_accept(line: Line) -> None:
    dials(line, f'<Number url="/whisper">{AGENT}</Number><Number url="/whisper">{OTHER}</Number>', 'timeout="20"')
    line.says(
        response('<Gather numDigits="1" action="/pressed"><Say>press one</Say></Gather>', "<Hangup/>"), "/whisper"
    )
    line.says(response(), "/pressed")
    line.phone(AGENT, {"answer": 0}, {"hear": "press one"}, {"hung_up": True})  # an answering machine
    line.phone(OTHER, {"answer": 2}, {"hear": "press one"}, {"press": "1"}, {"hear": "hello"}, {"hang_up": True})
    call = line.calls({"notice": "connected"}, {"say": "hello"}, {"hear": "Goodbye"})
    assert call["script"]["outcome"] == "done"
    assert [asked["Called"] for asked in line.hub.asked("/pressed")] == [OTHER]


def test_the_caller_hangs_up_first(line: Line) -> None:
    dials(line, f"<Number>{AGENT}</Number>")
    line.phone(AGENT, {"answer": 0}, {"hung_up": True})
    line.calls({"notice": "connected"}, {"wait": 2}, {"hang_up": True})
    wait_until(lambda: line.hub.asked("/done"))
    [told] = line.hub.asked("/done")
    assert (told["CallStatus"], told["DialCallStatus"], told["DialBridged"]) == ("completed", "completed", "true")
    assert line.leg(AGENT, lambda leg: leg["ended_at"])["script"]["outcome"] == "done"


def test_a_phone_in_a_call_is_busy(line: Line) -> None:
    dials(line, f"<Number>{AGENT}</Number>")
    line.phone(AGENT, {"answer": 0}, {"hung_up": True})
    first = line.calls({"hung_up": True}, by=ALEX, wait=False)
    line.leg(AGENT, is_up)
    assert "Goodbye" in heard(line.calls({"hear": "Goodbye"}))
    assert line.hub.asked("/done")[0]["DialCallStatus"] == "busy"
    line.post(f"calls/{first['sid']}/hang_up")


def test_only_an_answer_answers(line: Line) -> None:
    line.says(response(f'<Dial answerOnBridge="true" timeout="2"><Number>{AGENT}</Number></Dial>', "<Reject/>"))
    line.phone(AGENT)
    assert line.calls()["answered_at"] is None


def test_stars_end_it(line: Line) -> None:
    dials(line, f"<Number>{AGENT}</Number>", 'hangupOnStar="true"')
    line.phone(AGENT, {"answer": 0}, {"hung_up": True})
    call = line.calls({"notice": "connected"}, {"press": "*"}, {"hear": "Goodbye"})
    assert call["script"]["outcome"] == "done"


def test_somebody_elses_number_is_no_caller_id(line: Line) -> None:
    dials(line, f"<Number>{AGENT}</Number>", 'callerId="+85299999999"')
    line.calls()
    assert line.errors() == [13214]


# -- queues


def queued(line: Line, more: str = "") -> None:
    line.says(response(f'<Enqueue action="/left" {more}>support</Enqueue>'))
    line.says(response("<Say>Goodbye</Say>"), "/left")


def test_a_queue_is_served_in_turn(line: Line) -> None:
    queued(line, 'waitUrl="/wait"')
    line.says(lambda asked: response(f"<Say>Number {asked['QueuePosition']}</Say>", '<Pause length="2"/>'), "/wait")
    first = line.calls({"hear": "Number 1"}, {"hear": "hello"}, {"hung_up": True}, wait=False)
    line.leg(MING, is_up)
    wait_until(lambda: line.hub.asked("/wait"))
    second = line.calls({"hear": "Number 2"}, {"hear": "Number 1"}, {"hang_up": True}, by=ALEX, wait=False)
    wait_until(lambda: any(asked["QueuePosition"] == "2" for asked in line.hub.asked("/wait")))
    line.says(response('<Dial action="/done"><Queue>support</Queue></Dial>'), "/agent")
    line.phone(AGENT, {"answer": 0}, {"notice": "connected"}, {"say": "hello"}, {"hang_up": True})
    line.rest("POST", "Calls.json", To=AGENT, From=OURS, Url=f"{line.hub.url}/agent")
    assert [line.over(call["sid"])["script"]["outcome"] for call in (first, second)] == ["done", "done"]
    wait_until(lambda: len(line.hub.asked("/left")) == 2)
    assert [asked["QueueResult"] for asked in line.hub.asked("/left")] == ["bridged", "hangup"]


def test_leaving_a_queue(line: Line) -> None:
    queued(line, 'waitUrl="/wait"')
    line.says(response('<Gather numDigits="1" action="/callback"><Say>press one</Say></Gather>'), "/wait")
    line.says(response("<Leave/>"), "/callback")
    line.calls({"hear": "press one"}, {"press": "1"}, {"hear": "Goodbye"}, {"hung_up": True})
    assert [asked["QueueResult"] for asked in line.hub.asked("/left")] == ["leave"]


def test_a_full_queue(line: Line) -> None:
    queued(line, 'maxQueueSize="0"')
    line.calls()
    assert [asked["QueueResult"] for asked in line.hub.asked("/left")] == ["queue-full"]
