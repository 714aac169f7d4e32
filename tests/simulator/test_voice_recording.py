"""Recordings: voicemail and its silences, calls and conferences, what was said, and the files."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator

import pytest

from tests.simulator.driving import wait_until
from tests.simulator.phoning import AGENT, Line, heard, response, telephone

LEAVE = '<Record action="/left" maxLength="20" recordingStatusCallback="/rec" recordingStatusCallbackEvent="{events}"/>'


@pytest.fixture
def line() -> Iterator[Line]:
    with telephone() as standing:
        yield standing


def voicemail(line: Line, events: str = "completed absent") -> None:
    line.says(response(LEAVE.format(events=events), "<Say>Nothing</Say>"))
    line.says(response("<Say>Thank you</Say>"), "/left")


def told(line: Line) -> dict[str, str]:
    wait_until(lambda: line.hub.asked("/rec"))
    return line.hub.asked("/rec")[-1]


@pytest.mark.parametrize(
    ("steps", "digits"),
    [
        ([{"say": "请给我回电"}, {"press": "#"}], "#"),
        ([{"say": "请给我回电"}], None),  # silence ends it
    ],
)
def test_a_message_is_left(line: Line, steps: list[dict[str, str]], digits: str | None) -> None:
    voicemail(line)
    call = line.calls({"notice": "beep"}, {"notice": "recording"}, *steps, {"hear": "Thank you"})
    assert call["script"]["outcome"] == "done"
    [action] = line.hub.asked("/left")
    report = told(line)
    assert (action.get("Digits"), action["RecordingDuration"]) == (digits, "1")
    assert action["RecordingUrl"] == report["RecordingUrl"]
    shown = ("RecordingStatus", "RecordingSource", "RecordingChannels", "CallSid")
    assert [report[name] for name in shown] == ["completed", "RecordVerb", "1", call["sid"]]
    assert line.get(f"recordings/{report['RecordingSid']}")["text"] == "请给我回电"


def test_who_hangs_up_has_left_a_message(line: Line) -> None:
    voicemail(line)
    line.calls({"notice": "recording"}, {"say": "please call me back"}, {"hang_up": True})
    wait_until(lambda: line.hub.asked("/left"))
    [action] = line.hub.asked("/left")
    assert (action["Digits"], action["CallStatus"]) == ("hangup", "completed")


@pytest.mark.parametrize("steps", [[{"hear": "Nothing"}], [{"notice": "recording"}, {"hang_up": True}]])
def test_silence_is_no_message(line: Line, steps: list[dict[str, str]]) -> None:
    voicemail(line)
    line.calls(*steps)
    assert told(line)["RecordingStatus"] == "absent"
    assert line.hub.asked("/left") == []


def test_the_longest_message(line: Line) -> None:
    voicemail(line)
    line.calls({"notice": "recording"}, {"say": "word " * 90}, {"hear": "Thank"})
    assert 18 <= int(line.hub.asked("/left")[0]["RecordingDuration"]) <= 20


def test_the_file_comes_when_it_is_ready(line: Line) -> None:
    voicemail(line, "in-progress completed")
    line.calls({"notice": "recording"}, {"say": "one two three four five six"}, {"press": "1"})
    assert told(line)["RecordingStatus"] == "in-progress"
    path = f"Recordings/{told(line)['RecordingSid']}"
    assert line.rest("GET", f"{path}.wav").status_code in (404, 200)
    wait_until(lambda: told(line)["RecordingStatus"] == "completed")
    answer = line.rest("GET", f"{path}.wav")
    with wave.open(io.BytesIO(answer.content)) as sound:
        assert (sound.getnchannels(), sound.getnframes() / sound.getframerate()) == (1, 2.0)
    assert line.rest("GET", f"{path}.mp3").content[:3] in (b"ID3", b"\xff\xfb\x90")
    assert line.rest("GET", f"{path}.wav", RequestedChannels="2").status_code == 400
    assert line.rest("DELETE", f"{path}.json").status_code == 204
    assert line.rest("GET", f"{path}.wav").json()["code"] == 20404


def test_both_sides_of_a_call(line: Line) -> None:
    line.says(
        response(
            '<Dial record="record-from-answer-dual" recordingStatusCallback="/rec" action="/done">',
            f"<Number>{AGENT}</Number></Dial>",
        )
    )
    line.phone(AGENT, {"answer": 1}, {"hear": "在吗"}, {"say": "在的，请讲"}, {"hung_up": True})
    line.says(response(), "/done")
    call = line.calls({"notice": "connected"}, {"say": "在吗"}, {"hear": "在的"}, {"hang_up": True})
    report = told(line)
    assert (report["RecordingSource"], report["RecordingChannels"], report["CallSid"]) == ("DialVerb", "2", call["sid"])
    said = line.get(f"recordings/{report['RecordingSid']}")["said"]
    assert [(each["channel"], each["text"]) for each in said] == [(1, "在吗"), (2, "在的，请讲")]
    with wave.open(io.BytesIO(line.rest("GET", f"Recordings/{report['RecordingSid']}.wav").content)) as sound:
        assert sound.getnchannels() == 2


def test_a_recording_in_the_background_can_rest(line: Line) -> None:
    recording = "<Start><Recording recordingStatusCallback='/rec' /></Start>"
    line.says(response(recording, '<Gather numDigits="1" timeout="60"/>', "<Say>Bye</Say>"))
    call = line.calls({"hung_up": True}, wait=False)
    line.leg(call["phone"], lambda leg: leg["status"] == "in-progress")
    path = f"Calls/{call['sid']}/Recordings/Twilio.CURRENT.json"
    line.post(f"calls/{call['sid']}/say", {"text": "my name"})
    assert line.rest("POST", path, Status="paused", PauseBehavior="skip").json()["status"] == "paused"
    line.post(f"calls/{call['sid']}/say", {"text": "card number"})
    assert line.rest("POST", path, Status="in-progress").json()["status"] == "in-progress"
    line.post(f"calls/{call['sid']}/say", {"text": "thank you"})
    assert line.rest("POST", path, Status="stopped").json()["status"] == "processing"
    assert line.rest("POST", path, Status="paused").json()["code"] == 20404
    assert line.get(f"recordings/{told(line)['RecordingSid']}")["text"] == "my name\nthank you"
    line.post(f"calls/{call['sid']}/hang_up")


def test_beeps_can_be_left_out(line: Line) -> None:
    line.says(response('<Record playBeep="false" action="/left"/>'))
    assert "beep" not in heard(line.calls({"notice": "recording"}, {"hang_up": True}))
