"""A call performs documents: where they come from, what they lead to, and what is told of those that fail."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Response

from simulator.twilio.voice.recordings import wav
from tests.simulator.driving import wait_until
from tests.simulator.phoning import MING, OURS, Line, heard, response, telephone

SORRY = "We are sorry, an application error has occurred. Goodbye."


@pytest.fixture
def line() -> Iterator[Line]:
    with telephone() as standing:
        yield standing


def test_what_is_asked_when_somebody_calls(line: Line) -> None:
    line.says(response('<Say language="zh-CN">您好</Say>'))
    call = line.calls({"hear": "您好"}, {"hung_up": True})
    assert call["script"]["outcome"] == "done"
    [asked] = line.hub.asked("/hooks/phone")
    shown = ("From", "To", "CallStatus", "Direction", "CallSid", "ApiVersion")
    assert [asked[name] for name in shown] == [MING, OURS, "ringing", "inbound", call["sid"], "2010-04-01"]
    assert heard(call) == ["ringing", "您好", "ended"]
    wait_until(lambda: line.hub.asked("/hooks/phone?on=status"))
    [told] = line.hub.asked("/hooks/phone?on=status")
    assert (told["CallStatus"], told["CallbackSource"]) == ("completed", "call-progress-events")


def test_addresses_are_relative_to_the_document(line: Line) -> None:
    line.says(response("<Redirect>?leg=a&amp;turn=3</Redirect><Say>never</Say>"))
    line.says(response("<Redirect>next/one</Redirect>"), "/hooks/phone?leg=a&turn=3")
    line.says(response("<Say>Here</Say>"), "/hooks/next/one")
    assert heard(line.calls()) == ["ringing", "Here", "ended"]
    assert line.errors() == []


def test_time_passes_as_people_speak(line: Line) -> None:
    line.says(
        response('<Say language="zh-CN" loop="2">一二三四五六七八</Say><Pause length="3"/><Say>one two three</Say>')
    )
    assert line.calls()["seconds"] == pytest.approx(2 + 3 + 1, abs=0.9)


@pytest.mark.parametrize(
    ("document", "status"),
    [
        (response("<Hangup/>"), "completed"),
        (response("<Reject/>"), "no-answer"),
        (response('<Reject reason="busy"/>'), "busy"),
        (response("<Say>Hello</Say><Reject/><Say>still here</Say>"), "completed"),
        (response(), "completed"),
    ],
)
def test_how_calls_end(line: Line, document: str, status: str) -> None:
    line.says(document)
    assert line.calls()["status"] == status


def test_a_pause_does_not_answer(line: Line) -> None:
    line.says(response('<Pause length="2"/><Reject/>'))
    call = line.calls()
    assert (call["status"], call["answered_at"]) == ("no-answer", None)


def test_who_hangs_up_before_an_answer(line: Line) -> None:
    line.says(response('<Pause length="60"/>'))
    assert line.calls({"wait": 1}, {"hang_up": True})["status"] == "canceled"


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (response("<Shout/>"), 12200),
        (response("<Redirect>") + "x", 12100),
        (Response("hello", mimetype="text/plain"), 12300),
        (Response("", 200, mimetype="text/xml"), 12100),
        (Response("oops", 500), 11200),
        (response("<Redirect/>"), 11215),  # to itself, for ever
        (response("<Redirect>https://example.com/</Redirect>"), 11200),
        (response("<Play>/nothing.mp3</Play>"), 12300),
    ],
)
def test_callers_hear_that_something_went_wrong(line: Line, document: str | Response, code: int) -> None:
    line.says(lambda _: document)
    call = line.calls()
    assert heard(call) == ["ringing", SORRY, "ended"]
    assert line.errors() == [code]


def test_music_lasts_as_long_as_its_file(line: Line) -> None:
    line.says(lambda _: Response(wav(4, 1, ""), mimetype="audio/wav"), "/tune.wav")
    line.says(response('<Play loop="2">/tune.wav</Play>'))
    call = line.calls()
    assert call["seconds"] == pytest.approx(8, abs=0.9)
    assert (heard(call), len(line.hub.asked("/tune.wav"))) == (["ringing", "music", "music", "ended"], 1)


def test_only_documents_without_time_are_a_loop(line: Line) -> None:
    turns = [response('<Pause length="1"/><Redirect/>')] * 120
    line.says(lambda _: turns.pop() if turns else response("<Hangup/>"))
    line.post("pace", {"factor": 1000})
    line.calls()
    assert line.errors() == []


def test_the_fallback_is_told_why(line: Line) -> None:
    line.fallback("/sorry")
    line.says(response("<Shout/>"))
    line.says(response("<Say>Call again later</Say>"), "/sorry")
    assert heard(line.calls()) == ["ringing", "Call again later", "ended"]
    [asked] = line.hub.asked("/sorry")
    assert (asked["ErrorCode"], asked["ErrorUrl"]) == ("12200", f"{line.hub.url}/hooks/phone")


def test_a_document_that_twilio_keeps(line: Line) -> None:
    line.keeps("EH1", response("<Say>Call again later</Say>"))
    line.says(lambda _: Response(status=502))
    assert heard(line.calls()) == ["ringing", "Call again later", "ended"]


def test_a_fallback_that_fails_too(line: Line) -> None:
    line.fallback("/sorry")
    line.says(response("<Shout/>"))
    line.says(response("<Shout/>"), "/sorry")
    assert SORRY in heard(line.calls())
    assert line.errors() == [12200, 12200]
