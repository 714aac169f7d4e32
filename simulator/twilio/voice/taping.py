"""Recordings as they are made: Record, Start and Stop, and those of calls and conferences."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.twilio.rest import ROOT, date_of
from simulator.twilio.voice.calls import Call, Ended, Interrupted, Reports, Source
from simulator.twilio.voice.documents import Turn, last_words, performs
from simulator.twilio.voice.exchange import Exchange
from simulator.twilio.voice.recordings import PROCESSED_AFTER, Recording
from simulator.twilio.voice.twiml import Verb

BEEP = 0.5


def reports_of(turn: Turn, verb: Verb) -> Reports | None:
    address = verb.get("recordingStatusCallback")
    if not address:
        return None
    events = verb.words("recordingStatusCallbackEvent", "completed")
    return Reports(turn.source(address).url, verb.get("recordingStatusCallbackMethod", "POST"), events)


def begin(call: Call, source: str, **about: object) -> Recording:
    """Of this call; who keeps it in a list is told what is said."""
    exchange = call.exchange
    with exchange.lock:
        recording = Recording(
            clock=exchange.clock,
            account_sid=call.account_sid,
            call_sid=call.sid,
            source=source,
            address=f"{exchange.world.own_url}{ROOT}/{call.account_sid}/Recordings",
            begun_at=exchange.world.now(),
            **about,  # type: ignore[arg-type]
        )
        exchange.recordings[recording.sid] = recording
    _report(exchange, recording, "in-progress")
    return recording


def record_call(call: Call, source: str, **about: object) -> Recording:
    recording = begin(call, source, **about)
    call.recordings.append(recording)
    return recording


def finish(exchange: Exchange, recording: Recording, *, absent: bool = False) -> None:
    """Stops it. The file is there a moment later."""
    with exchange.lock:
        if recording.status not in ("in-progress", "paused"):
            return
        recording.stop()
        if absent:
            recording.status = "absent"
    if absent:
        _report(exchange, recording, "absent")
    else:
        exchange.start(lambda: _process(exchange, recording), f"file-{recording.sid}")


def _process(exchange: Exchange, recording: Recording) -> None:
    exchange.pass_time(PROCESSED_AFTER)
    with exchange.lock:
        recording.status, recording.updated_at = "completed", exchange.world.now()
    _report(exchange, recording, "completed")


def _report(exchange: Exchange, recording: Recording, status: str) -> None:
    reports = recording.reports
    if not reports or status not in reports.events:
        return
    fields = {
        "RecordingSid": recording.sid,
        "RecordingUrl": recording.url,
        "RecordingStatus": status,
        "RecordingChannels": str(recording.channels),
        "RecordingSource": recording.source,
        "RecordingTrack": recording.track,
        "RecordingStartTime": date_of(recording.begun_at),
        "AccountSid": recording.account_sid,
        "ErrorCode": "0",
    }
    if status != "in-progress":
        fields["RecordingDuration"] = str(recording.duration if status == "completed" else 0)
    # of a room it is not told whose leg it was
    fields |= (
        {"ConferenceSid": recording.conference_sid} if recording.conference_sid else {"CallSid": recording.call_sid}
    )
    exchange.courier.tell(recording.account_sid, recording.sid, reports, fields)


@performs("Record")
def record(turn: Turn, verb: Verb) -> Source | None:
    call, trims = turn.call, verb.get("trim", "trim-silence") == "trim-silence"
    call.answer()
    if verb.flag("playBeep", True):
        turn.utter("beep", BEEP)
    call.ignore_all()
    about = {"reports": reports_of(turn, verb), "track": "inbound", "trims": trims}
    recording = record_call(call, "RecordVerb", **about)
    call.show("recording")
    try:
        key = _until_silence(turn, verb)
    except Ended:
        if _take(call, recording):
            last_words(call, turn.action(verb, **_taken(call, recording, "hangup")))
        raise
    except Interrupted:
        _take(call, recording)
        raise
    if not _take(call, recording):
        return None
    return turn.action(verb, **_taken(call, recording, key))


def _until_silence(turn: Turn, verb: Verb) -> str:
    """The key that ended it, if one did."""
    call, clock = turn.call, turn.call.exchange.clock
    silence, keys = verb.number("timeout", 5), verb.get("finishOnKey", "1234567890*#")
    last = clock.now() + verb.number("maxLength", 3600)
    ends = clock.now() + silence
    while turn.wait(min(ends, last) - clock.now(), lambda: call.inputs):
        heard = call.inputs.popleft()
        if heard.key and heard.key in keys:
            return heard.key
        ends = max(ends, heard.ends + silence)
    return ""


def _take(call: Call, recording: Recording) -> bool:
    """Stops the recording; whether there is anything on it."""
    call.recordings.remove(recording)
    finish(call.exchange, recording, absent=not recording.said)
    return bool(recording.said)


def _taken(call: Call, recording: Recording, key: str) -> Mapping[str, str]:
    return {
        "RecordingUrl": recording.url,
        "RecordingSid": recording.sid,
        "RecordingDuration": str(recording.duration),
        **({"Digits": key} if key else {}),
    }


@performs("Start")
def start(turn: Turn, verb: Verb) -> None:
    for noun in verb.children:
        if noun.name == "Recording":
            channels = 1 if noun.get("channels", "dual") == "mono" else 2
            record_call(
                turn.call,
                "StartCallRecordingTwiML",
                reports=reports_of(turn, noun),
                channels=channels,
                track=noun.get("track", "both"),
            )


@performs("Stop")
def stop(turn: Turn, verb: Verb) -> None:
    if any(noun.name == "Recording" for noun in verb.children):
        stop_all(turn.call)


def stop_all(call: Call) -> None:
    while call.recordings:
        finish(call.exchange, call.recordings.pop())
