"""Recordings by the REST API: begun, paused, stopped, listed, fetched as files, deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Response

from simulator.twilio.rest import Answer, Page, Refusal
from simulator.twilio.voice import placing, taping
from simulator.twilio.voice.asking import BAD_VALUE, Asked, Handler, missing
from simulator.twilio.voice.recordings import Recording, mp3, wav
from simulator.twilio.voice.resources import recording_resource

CURRENT = "Twilio.CURRENT"
SOUNDS: Mapping[str, tuple[str, Callable[[bytes, str], bytes]]] = {
    "wav": ("audio/x-wav", lambda sound, _: sound),
    "mp3": ("audio/mpeg", mp3),
}


def list_recordings(asked: Asked, call_sid: str = "", conference_sid: str = "") -> Answer:
    call_sid = call_sid or asked.query.get("CallSid", "")
    conference_sid = conference_sid or asked.query.get("ConferenceSid", "")
    found = [each for each in asked.exchange.recordings.values() if each.account_sid == asked.account_sid]
    wanted = [each for each in found if call_sid in ("", each.call_sid) and conference_sid in ("", each.conference_sid)]
    return Page("recordings", [recording_resource(each) for each in reversed(wanted)])


def record_call(asked: Asked, call_sid: str) -> Answer:
    return recording_resource(placing.record(asked.call(call_sid), asked.form))


def show_recording(asked: Asked, sid: str, **_: str) -> Answer:
    return recording_resource(asked.recording(sid))


def update_recording(asked: Asked, sid: str, call_sid: str = "", conference_sid: str = "") -> Answer:
    recording = _current(asked, call_sid, conference_sid) if sid == CURRENT else asked.recording(sid)
    if recording.status not in ("in-progress", "paused"):
        raise placing.refusal(placing.NOT_IN_PROGRESS)
    with asked.exchange.lock:
        match asked.form.get("Status"):
            case "paused":
                recording.pause(skip=asked.form.get("PauseBehavior", "silence") == "skip")
            case "in-progress":
                recording.resume()
            case "stopped":
                taping.finish(asked.exchange, recording)
            case status:
                raise Refusal(BAD_VALUE, f"{status} is no status of a recording")
    return recording_resource(recording)


def _current(asked: Asked, call_sid: str, conference_sid: str) -> Recording:
    for each in asked.exchange.recordings.values():
        its = each.call_sid == call_sid if call_sid else each.conference_sid == conference_sid
        if its and each.status in ("in-progress", "paused"):
            return each
    raise missing(CURRENT)


def delete_recording(asked: Asked, sid: str, **_: str) -> Answer:
    del asked.exchange.recordings[asked.recording(sid).sid]
    return None


def sound(asked: Asked, sid: str, form: str = "wav") -> Answer:
    recording = asked.recording(sid)
    if recording.status != "completed":
        raise missing(sid)
    channels = asked.query.get("RequestedChannels", recording.channels, type=int)
    if channels not in (1, recording.channels):
        raise Refusal(BAD_VALUE, f"the recording has {recording.channels} channels")
    mime, convert = SOUNDS[form]
    sid = recording.sid
    return Response(convert(wav(recording.duration, channels, sid), sid), mimetype=mime)


OF_ONE: Mapping[str, Handler] = {"GET": show_recording, "POST": update_recording, "DELETE": delete_recording}
PATHS: Mapping[str, Mapping[str, Handler]] = {
    "Calls/<call_sid>/Recordings.json": {"GET": list_recordings, "POST": record_call},
    "Calls/<call_sid>/Recordings/<sid>.json": OF_ONE,
    "Conferences/<conference_sid>/Recordings.json": {"GET": list_recordings},
    "Conferences/<conference_sid>/Recordings/<sid>.json": OF_ONE,
    "Recordings.json": {"GET": list_recordings},
    "Recordings/<sid>.json": {"GET": show_recording, "DELETE": delete_recording},
    "Recordings/<sid>.<any(wav, mp3):form>": {"GET": sound},
    "Recordings/<sid>": {"GET": sound, "DELETE": delete_recording},
}
