"""What happens to the legs of a call: a push becomes the event that it tells of.

https://www.twilio.com/docs/voice/twiml#request-parameters, https://www.twilio.com/docs/voice/api/call-resource,
https://www.twilio.com/docs/voice/api/recording
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal, NamedTuple

from channels.contract import Address, CallEvent, Event
from channels.errors import Unreadable
from channels.twilio.hooks import CALL_SID, About
from channels.twilio.push import Push

Caller = Callable[[str, str], Address]  # see VoiceChannel.caller
Outcome = Literal["", "completed", "busy", "no_answer", "failed", "cancelled"]

# the signature does not tell where the address ends and the fields begin: no part of a query may pass for a field
FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
RECORDING_SID = re.compile(r"RE[0-9a-f]{32}")
RECORDING_URL = re.compile(r"https?://\S+/Recordings/(RE[0-9a-f]{32})")
DIGITS = re.compile(r"[0-9*#A-D]{1,128}")
HANGUP = "hangup"  # stands where the key does that ended a recording
CONFIDENCE = re.compile(r"[0-9](?:\.[0-9]{1,32})?(?:[eE]-[0-9]{1,2})?")
LONGEST = 24 * 3600  # seconds
MOST_PUSHES = 999_999


class Status(NamedTuple):
    kind: Literal["ringing", "answered", "ended"]
    outcome: Outcome = ""


STATUSES: Mapping[str, Status] = {
    "queued": Status("ringing"),
    "initiated": Status("ringing"),  # a moment before it does; and the first that we hear of what we placed
    "ringing": Status("ringing"),
    "in-progress": Status("answered"),
    "completed": Status("ended", "completed"),
    "busy": Status("ended", "busy"),
    "no-answer": Status("ended", "no_answer"),
    "failed": Status("ended", "failed"),
    "canceled": Status("ended", "cancelled"),
}
RECORDING_STATUSES: Mapping[str, bool | None] = {  # whether there is something to hear; None: not yet known
    "in-progress": None,
    "completed": True,
    "absent": False,
    "failed": False,
}


def events(push: Push, query: Mapping[str, str], caller: Caller) -> list[Event]:
    if not all(map(FIELD.fullmatch, push.fields)):
        raise Unreadable("odd field names")
    about = About.read(query)
    if about.on not in TOLD:
        raise Unreadable("bad on")
    return TOLD[about.on](push, about, caller)


def leg_of(push: Push, about: About) -> str:
    """Twilio's id of the leg. Recordings of rooms do not say whose they are, so there our own address does."""
    return formed(push, "CallSid", CALL_SID) or about.call or _missing("CallSid")


def _asks(push: Push, about: About, caller: Caller) -> list[Event]:
    leg, digits = leg_of(push, about), push.text("Digits")
    return [
        CallEvent(
            key=f"{leg}:{about.turn}",
            sent_at=push.received_at,
            leg=leg,
            uid=about.uid,
            sender=_sender(push, leg, caller),
            kind="asks",
            turn=about.turn,
            digits="" if digits == HANGUP else formed(push, "Digits", DIGITS),
            text=push.text("SpeechResult").strip(),
            confidence=_confidence(push),
            seconds=push.number("RecordingDuration", LONGEST) or 0,
            recording=_recording(push),
            hung_up=_status(push).kind == "ended",
        )
    ]


def _told_status(push: Push, about: About, caller: Caller) -> list[Event]:
    leg, status = leg_of(push, about), _status(push)
    sequence = push.number("SequenceNumber", MOST_PUSHES) or 0
    return [
        CallEvent(
            key=f"{leg}:{push.text('CallStatus')}:{sequence}",
            sent_at=_sent_at(push),
            sequence=sequence,
            leg=leg,
            uid=about.uid,
            sender=_sender(push, leg, caller),
            kind=status.kind,
            outcome=status.outcome,
            seconds=push.number("CallDuration", LONGEST) or 0,
            reason=_reason(push) if status.outcome == "failed" else "",
        )
    ]


def _told_recording(push: Push, about: About, caller: Caller) -> list[Event]:
    status = push.text("RecordingStatus")
    if status not in RECORDING_STATUSES:
        raise Unreadable("bad RecordingStatus")
    recording = formed(push, "RecordingSid", RECORDING_SID) or _missing("RecordingSid")
    audible = RECORDING_STATUSES[status]
    if audible is None:
        return []
    return [
        CallEvent(
            key=f"{recording}:{status}",
            sent_at=push.received_at,
            leg=leg_of(push, about),
            uid=about.uid,
            kind="recorded",
            seconds=(push.number("RecordingDuration", LONGEST) or 0) if audible else 0,
            recording=recording if audible else "",
        )
    ]


def _told_room(push: Push, about: About, caller: Caller) -> list[Event]:
    return []


TOLD: Mapping[str, Callable[[Push, About, Caller], list[Event]]] = {
    "": _asks,
    "status": _told_status,
    "recording": _told_recording,
    "room": _told_room,
}


def formed(push: Push, name: str, form: re.Pattern[str]) -> str:
    """A field, or "" where there is none."""
    text = push.text(name)
    if text and not form.fullmatch(text):
        raise Unreadable(f"bad {name}")
    return text


def _missing(name: str) -> str:
    raise Unreadable(f"missing {name}")


def _status(push: Push) -> Status:
    told = push.text("CallStatus") or _missing("CallStatus")
    if told not in STATUSES:
        raise Unreadable("bad CallStatus")
    return STATUSES[told]


def _sender(push: Push, leg: str, caller: Caller) -> Address | None:
    """Legs that we placed are known by our own id; browsers are agents'."""
    by, direction = push.text("From"), push.text("Direction")
    return caller(by, leg) if direction == "inbound" and not by.startswith("client:") else None


def _confidence(push: Push) -> float | None:
    """An ornament: no reason to lose what somebody said."""
    told = push.text("Confidence")
    return min(float(told), 1.0) if CONFIDENCE.fullmatch(told) else None


def _recording(push: Push) -> str:
    found = RECORDING_URL.fullmatch(push.text("RecordingUrl"))
    return formed(push, "RecordingSid", RECORDING_SID) or (found[1] if found else "")


def _reason(push: Push) -> str:
    code = push.number("SipResponseCode", 999)
    return f"the telephone network refused it (SIP {code})" if code else ""


def _sent_at(push: Push) -> datetime:
    """Twilio's time, which tells the order where pushes overtake each other."""
    told = push.text("Timestamp")
    if not told:
        return push.received_at
    try:
        return parsedate_to_datetime(told).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Unreadable("bad Timestamp")
