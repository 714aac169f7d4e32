"""Conferences: who starts and ends them, hold, who is added and removed, and what is reported."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Response

from simulator.twilio.voice.recordings import wav
from tests.simulator.driving import wait_until
from tests.simulator.phoning import AGENT, MING, OURS, Line, heard, is_up, response, telephone

OTHER = "+85290000002"
EVENTS = "start end join leave hold mute"


@pytest.fixture
def line() -> Iterator[Line]:
    with telephone() as standing:
        standing.says(response("<Say>Goodbye</Say>"), "/done")
        standing.says(room(""), "/agent")
        yield standing


def room(attributes: str, waits: str = 'waitUrl=""') -> str:
    return response(f'<Dial action="/done"><Conference {waits} {attributes}>9f</Conference></Dial>')


def enters(line: Line, *steps: dict[str, Any], phone: str = AGENT) -> dict[str, Any]:
    """An agent is rung, and goes there."""
    line.phone(phone, {"answer": 0}, *steps)
    placed = line.rest("POST", "Calls.json", To=phone, From=OURS, Url=f"{line.hub.url}/agent")
    assert placed.status_code == 201
    return dict(placed.json())


def conference(line: Line) -> dict[str, Any]:
    [found] = line.get("conferences")["items"]
    return dict(found)


def events(line: Line) -> list[str]:
    return [told["StatusCallbackEvent"] for told in line.hub.asked("/room")]


def reported(attributes: str = "", waits: str = 'waitUrl=""') -> str:
    return room(
        f'statusCallback="/room" statusCallbackEvent="{EVENTS}" participantLabel="customer" {attributes}', waits
    )


def test_two_talk_and_the_customer_ends_it(line: Line) -> None:
    line.says(reported('endConferenceOnExit="true" record="record-from-start" recordingStatusCallback="/rec"'))
    call = line.calls(
        {"notice": "connected"}, {"hear": "您好"}, {"say": "退货"}, {"wait": 1}, {"hang_up": True}, wait=False
    )
    line.leg(MING, is_up)
    agent = enters(
        line, {"notice": "connected"}, {"say": "您好"}, {"hear": "退货"}, {"hear": "Goodbye"}, {"hung_up": True}
    )
    assert line.over(call["sid"])["script"]["outcome"] == "done"
    assert line.over(agent["sid"])["script"]["outcome"] == "done"
    wait_until(lambda: "conference-end" in events(line))
    assert events(line) == [
        *("participant-join", "participant-join", "conference-start"),
        *("participant-leave", "participant-leave", "conference-end"),
    ]
    told = line.hub.asked("/room")
    assert [each["SequenceNumber"] for each in told] == ["1", "2", "3", "4", "5", "6"]
    assert (told[0]["FriendlyName"], told[0]["ParticipantLabel"], told[0]["CallSid"]) == ("9f", "customer", call["sid"])
    assert told[3]["ReasonParticipantLeft"] == "participant_hung_up"
    assert told[5]["ReasonConferenceEnded"] == "participant-with-end-conference-on-exit-left"
    wait_until(lambda: line.hub.asked("/rec"))
    [recorded] = line.hub.asked("/rec")
    assert (recorded["RecordingSource"], recorded["ConferenceSid"]) == ("Conference", conference(line)["sid"])
    assert "CallSid" not in recorded
    assert line.get(f"recordings/{recorded['RecordingSid']}")["text"] == "您好\n退货"
    # the customer's, who hung up, and the agent's, who goes on
    assert [each["DialCallStatus"] for each in line.hub.asked("/done")] == ["answered", "answered"]


def test_one_who_does_not_start_it_waits_with_music(line: Line) -> None:
    line.says(room('startConferenceOnEnter="false"', 'waitUrl="/wait"'))
    line.says(response("<Say>please wait</Say>", "<Play>https://example.com/tune.mp3</Play>"), "/wait")
    call = line.calls(
        {"hear": "please wait"}, {"notice": "music"}, {"notice": "connected"}, {"hang_up": True}, wait=False
    )
    wait_until(lambda: "music" in heard(line.get(f"calls/{call['sid']}")))
    assert conference(line)["status"] == "init"
    line.says(room(""), "/agent")
    enters(line, {"hung_up": True})
    done = line.over(call["sid"])
    assert done["script"]["outcome"] == "done"
    music = [each for each in done["lines"] if each["kind"] == "music"]
    assert music and music[-1]["url"] == "https://example.com/tune.mp3"
    assert line.errors() == []


def test_one_waits_with_a_file(line: Line) -> None:
    line.says(lambda _: Response(wav(3, 1, ""), mimetype="audio/wav"), "/tune.wav")
    line.says(room("", 'waitUrl="/tune.wav" waitMethod="GET"'))
    call = line.calls({"notice": "music"}, {"wait": 7}, {"hang_up": True})
    music = [each["url"] for each in call["lines"] if each["kind"] == "music"]
    assert (len(music), {url.partition("?")[0] for url in music}) == (3, {f"{line.hub.url}/tune.wav"})
    assert line.errors() == []


def talking(line: Line, *steps: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Two in a conference: the customer's call, the agent's, and the path of the conference."""
    line.says(reported('endConferenceOnExit="true"'))
    call = line.calls({"notice": "connected"}, *steps, {"hung_up": True}, wait=False)
    line.leg(MING, is_up)
    agent = enters(line, {"notice": "connected"}, {"hung_up": True})
    wait_until(lambda: "conference-start" in events(line))
    return call, agent, f"Conferences/{conference(line)['sid']}"


def test_hold(line: Line) -> None:
    call, agent, path = talking(line)
    answer = line.rest("POST", f"{path}/Participants/{call['sid']}.json", Hold="true")
    assert (answer.status_code, answer.json()["hold"], answer.json()["label"]) == (200, True, "customer")
    wait_until(lambda: heard(line.get(f"calls/{call['sid']}"))[-1] == "music")
    line.post(f"calls/{agent['sid']}/say", {"text": "secret"})
    line.post(f"calls/{call['sid']}/say", {"text": "unheard"})
    assert line.rest("POST", f"{path}/Participants/{call['sid']}.json", Hold="false").json()["hold"] is False
    line.post(f"calls/{agent['sid']}/say", {"text": "there you are"})
    wait_until(lambda: "there you are" in heard(line.get(f"calls/{call['sid']}")))
    assert "secret" not in heard(line.get(f"calls/{call['sid']}"))
    assert "unheard" not in heard(line.get(f"calls/{agent['sid']}"))
    wait_until(lambda: events(line)[-2:] == ["participant-hold", "participant-unhold"])
    line.post(f"calls/{call['sid']}/hang_up")


def test_mute_and_whisper(line: Line) -> None:
    call, agent, path = talking(line)
    line.rest("POST", f"{path}/Participants/{agent['sid']}.json", Muted="true")
    line.post(f"calls/{agent['sid']}/say", {"text": "unheard"})
    line.rest("POST", f"{path}/Participants/{agent['sid']}.json", Muted="false", CallSidToCoach="CA" + "0" * 32)
    line.post(f"calls/{agent['sid']}/say", {"text": "for somebody else"})
    assert not {"unheard", "for somebody else"} & set(heard(line.get(f"calls/{call['sid']}")))
    line.post(f"calls/{call['sid']}/hang_up")


def test_a_colleague_is_added_and_the_first_removed(line: Line) -> None:
    call, agent, path = talking(line, {"hear": "I take over"})
    line.phone(OTHER, {"answer": 1}, {"notice": "connected"}, {"say": "I take over"}, {"hung_up": True})
    form = {"From": OURS, "To": OTHER, "Label": "colleague", "EndConferenceOnExit": "false", "StatusCallback": "{}/leg"}
    form["StatusCallback"] = f"{line.hub.url}/leg"
    added = line.rest("POST", f"{path}/Participants.json", **form)
    assert (added.status_code, added.json()["label"]) == (201, "colleague")
    line.leg(OTHER, is_up)
    wait_until(lambda: "I take over" in heard(line.get(f"calls/{call['sid']}")))
    labels = [each["label"] for each in line.rest("GET", f"{path}/Participants.json").json()["participants"]]
    assert labels == ["customer", None, "colleague"]
    assert line.rest("DELETE", f"{path}/Participants/{agent['sid']}.json").status_code == 204
    assert line.over(agent["sid"])["script"]["outcome"] == "done"
    assert line.rest("GET", f"{path}/Participants/{agent['sid']}.json").json()["code"] == 20404
    line.post(f"calls/{call['sid']}/hang_up")
    wait_until(lambda: line.hub.statuses("/leg") == ["completed"])


def test_a_leg_is_moved_away(line: Line) -> None:
    call, agent, path = talking(line, {"hear": "One moment"})
    line.says(response("<Say>One moment</Say>", "<Hangup/>"), "/moved")
    moved = line.rest("POST", f"Calls/{call['sid']}.json", Url=f"{line.hub.url}/moved")
    assert moved.status_code == 200
    assert line.over(call["sid"])["script"]["outcome"] == "done"
    wait_until(lambda: "conference-end" in events(line))
    left = [told for told in line.hub.asked("/room") if told["StatusCallbackEvent"] == "participant-leave"]
    assert left[0]["ReasonParticipantLeft"] == "participant_updated_via_api"
    assert [told["CallSid"] for told in line.hub.asked("/done")] == [agent["sid"]]  # a moved leg's Dial has no action
    assert line.rest("GET", f"{path}.json").json()["status"] == "completed"


def test_finding_and_ending_one(line: Line) -> None:
    call, _, path = talking(line)
    found = line.rest("GET", "Conferences.json", FriendlyName="9f", Status="in-progress").json()["conferences"]
    assert [each["friendly_name"] for each in found] == ["9f"]
    assert line.rest("GET", "Conferences.json", FriendlyName="other").json()["conferences"] == []
    line.rest("POST", f"{path}.json", Status="completed")
    assert line.over(call["sid"])["status"] == "completed"
    wait_until(lambda: "conference-end" in events(line))
    assert line.hub.asked("/room")[-1]["ReasonConferenceEnded"] == "conference-ended-via-api"


def test_the_name_is_free_again(line: Line) -> None:
    line.says(room(""))
    for _ in range(2):
        line.calls({"wait": 1}, {"hang_up": True})
    wait_until(lambda: [each["status"] for each in line.get("conferences")["items"]] == ["completed", "completed"])
