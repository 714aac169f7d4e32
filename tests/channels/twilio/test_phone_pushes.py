"""What Twilio tells of calls, and who may tell it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.contract import Address, CallEvent, Event
from channels.errors import Unreadable
from channels.voice import WITHHELD
from tests.channels.cases import assert_silent, table
from tests.channels.twilio.phone import (
    ACCOUNT_SID,
    API,
    CALL,
    CUSTOMER,
    INBOUND,
    NOON,
    OUTBOUND,
    RECORDED,
    RECORDING,
    STATUS,
    UID,
    event,
    make_phone,
    signed,
)

LEG = f"&leg={UID}"
RECORDING_URL = f"{API}/Recordings/{RECORDING}"


@dataclass
class Tells:
    label: str
    query: str
    fields: dict[str, str]
    event: CallEvent | None
    at: datetime | None = None  # None: when it came


def parsed(query: str, fields: dict[str, str]) -> list[Event]:
    channel, request = make_phone(), signed(query, fields)
    channel.verify(request)
    return channel.parse(request)


def check(case: Tells) -> None:
    before = datetime.now(UTC)
    told = parsed(case.query, case.fields)
    if case.event is None:
        assert told == []
        return
    assert [replace(each, sent_at=NOON) for each in told] == [case.event]
    assert told[0].sent_at == case.at if case.at else before <= told[0].sent_at <= datetime.now(UTC)


# a leg asks


@table(
    Tells("a call comes in", "", INBOUND | {"CallStatus": "ringing"}, event()),
    Tells(
        "a key",
        "?turn=3",
        INBOUND | {"Digits": "0", "FinishedOnKey": "", "msg": "Gather End"},
        event(key=f"{CALL}:3", turn="3", digits="0"),
    ),
    Tells("several keys", "?turn=3", INBOUND | {"Digits": "12*#"}, event(key=f"{CALL}:3", turn="3", digits="12*#")),
    Tells(
        "words",
        "?turn=2",
        INBOUND | {"SpeechResult": " 我要退货。 ", "Confidence": "0.9130"},
        event(key=f"{CALL}:2", turn="2", text="我要退货。", confidence=0.913),
    ),
    Tells(
        "words of which nothing is known",
        "?turn=2",
        INBOUND | {"SpeechResult": "退货"},
        event(key=f"{CALL}:2", turn="2", text="退货"),
    ),
    Tells(
        "hardly sure",
        "?turn=2",
        INBOUND | {"SpeechResult": "退货", "Confidence": "9.1E-4"},
        event(key=f"{CALL}:2", turn="2", text="退货", confidence=0.00091),
    ),
    *(
        Tells(
            f"confidence {told!r}",
            "?turn=2",
            INBOUND | {"SpeechResult": "退货", "Confidence": told},
            event(key=f"{CALL}:2", turn="2", text="退货", confidence=known),
        )
        for told, known in [("", None), ("high", None), ("nan", None), ("-1", None), ("0x1", None), ("2", 1.0)]
    ),
    Tells(
        "silence",
        "?turn=2",
        INBOUND | {"Digits": "", "SpeechResult": ""},
        event(key=f"{CALL}:2", turn="2"),
    ),
    Tells("moved", "?turn=m4", INBOUND, event(key=f"{CALL}:m4", turn="m4")),
    Tells("moved, by our own id", f"?turn=m4{LEG}", INBOUND, event(key=f"{CALL}:m4", turn="m4", uid=UID)),
    Tells("an agent answers", f"?turn=0{LEG}", OUTBOUND, event(uid=UID, sender=None)),
    Tells(
        "an agent presses 1",
        f"?turn=1{LEG}",
        OUTBOUND | {"Digits": "1"},
        event(key=f"{CALL}:1", turn="1", digits="1", uid=UID, sender=None),
    ),
    Tells("a browser calls", "", INBOUND | {"From": "client:agent_7"}, event(sender=None)),
    Tells(
        "left a message",
        "?turn=5",
        INBOUND | {"RecordingSid": RECORDING, "RecordingUrl": RECORDING_URL, "RecordingDuration": "12", "Digits": "#"},
        event(key=f"{CALL}:5", turn="5", digits="#", recording=RECORDING, seconds=12),
    ),
    Tells(
        "left a message and hung up",
        "?turn=5",
        INBOUND
        | {"RecordingUrl": RECORDING_URL, "RecordingDuration": "12", "Digits": "hangup", "CallStatus": "completed"},
        event(key=f"{CALL}:5", turn="5", recording=RECORDING, seconds=12, hung_up=True),
    ),
    Tells(
        "the room is left",
        "?turn=6",
        INBOUND | {"DialCallStatus": "answered", "DialCallSid": f"CA{'f6' * 16}", "DialCallDuration": "61"},
        event(key=f"{CALL}:6", turn="6"),
    ),
    *(
        Tells(
            f"nobody is there: {status}",
            "?turn=6",
            INBOUND | {"CallStatus": status},
            event(key=f"{CALL}:6", turn="6", hung_up=True),
        )
        for status in ("completed", "canceled", "failed", "busy", "no-answer")
    ),
    Tells("a field we do not know", "", INBOUND | {"SipHeader_X-Trace": "1", "New": "?on=status"}, event()),
    Tells(
        "no zero byte is kept",
        "?turn=1",
        INBOUND | {"SpeechResult": "a\0b"},
        event(key=f"{CALL}:1", turn="1", text="ab"),
    ),
)
def test_a_leg_asks(case: Tells) -> None:
    check(case)


@pytest.mark.parametrize(
    ("number", "sender"),
    [
        (CUSTOMER, Address("tel", CUSTOMER)),
        ("+14155550123", Address("tel", "+14155550123")),
        *(
            (withheld, Address(WITHHELD, CALL))
            for withheld in (
                *("anonymous", "Anonymous", "Restricted", "", "+", "266696687", "sip:anna@example.test", "+1"),
                *("+266696687", "+2562533", "+7378742833", "+7748283", "+8656696", "+86282452253"),
            )
        ),
    ],
)
def test_who_calls(number: str, sender: Address) -> None:
    [told] = parsed("", INBOUND | {"From": number})
    assert told.sender == sender


# statuses

ENDED = {"CallDuration": "49", "Duration": "1", "SipResponseCode": "200"}
STATUSES = {
    "initiated": {"kind": "ringing"},
    "ringing": {"kind": "ringing"},
    "in-progress": {"kind": "answered"},
    "completed": {"kind": "ended", "outcome": "completed", "seconds": 49},
    "busy": {"kind": "ended", "outcome": "busy", "seconds": 49},
    "no-answer": {"kind": "ended", "outcome": "no_answer", "seconds": 49},
    "canceled": {"kind": "ended", "outcome": "cancelled", "seconds": 49},
    "failed": {
        "kind": "ended",
        "outcome": "failed",
        "seconds": 49,
        "reason": "the telephone network refused it (SIP 200)",
    },
}


def status_push(status: str, sequence: int) -> dict[str, str]:
    ended = ENDED if STATUSES[status]["kind"] == "ended" else {}
    return OUTBOUND | STATUS | ended | {"CallStatus": status, "SequenceNumber": str(sequence)}


def status_event(status: str, sequence: int, **fields: Any) -> CallEvent:
    return event(
        key=f"{CALL}:{status}:{sequence}", sequence=sequence, uid=UID, sender=None, **STATUSES[status], **fields
    )


@pytest.mark.parametrize("status", STATUSES)
def test_each_status(status: str) -> None:
    check(Tells(status, f"?on=status{LEG}", status_push(status, 3), status_event(status, 3), at=NOON))


ORDERS = list(itertools.permutations(enumerate(("initiated", "ringing", "in-progress", "completed"))))


@pytest.mark.parametrize("order", ORDERS)
def test_statuses_in_any_order_and_twice(order: tuple[tuple[int, str], ...]) -> None:
    channel = make_phone()
    told = [
        channel.parse(signed(f"?on=status{LEG}", status_push(status, sequence)))
        for sequence, status in (*order, *order)
    ]
    expected = [[status_event(status, sequence)] for sequence, status in order]
    assert told == expected + expected


@table(
    Tells(
        "of the number, for every call that came in",
        "?on=status",
        INBOUND | ENDED | {"CallStatus": "completed", "Timestamp": "Sat, 28 Nov 2026 20:00:00 +0800"},
        event(key=f"{CALL}:completed:0", kind="ended", outcome="completed", seconds=49),
        at=NOON,
    ),
    Tells(
        "without a time",
        "?on=status",
        INBOUND | {"CallStatus": "busy"},
        event(key=f"{CALL}:busy:0", kind="ended", outcome="busy"),
    ),
    Tells(
        "of a leg that we placed, where our id got lost",
        "?on=status",
        OUTBOUND | STATUS | {"CallStatus": "ringing", "SequenceNumber": "1"},
        event(key=f"{CALL}:ringing:1", kind="ringing", sequence=1, sender=None),
        at=NOON,
    ),
    Tells(
        "it failed, and nobody says why",
        "?on=status",
        INBOUND | {"CallStatus": "failed"},
        event(key=f"{CALL}:failed:0", kind="ended", outcome="failed"),
    ),
)
def test_statuses_with_what_they_lack(case: Tells) -> None:
    check(case)


# recordings

WITHOUT_CALL = {name: value for name, value in RECORDED.items() if name != "CallSid"}
HEARD = event(key=f"{RECORDING}:completed", kind="recorded", sender=None, recording=RECORDING, seconds=42)


@table(
    Tells("made", f"?on=recording&call={CALL}", RECORDED, HEARD),
    Tells("of a room, which does not say whose", f"?on=recording&call={CALL}", WITHOUT_CALL, HEARD),
    Tells("by our own id", f"?on=recording&call={CALL}{LEG}", RECORDED, replace(HEARD, uid=UID)),
    Tells(
        "nothing was heard",
        f"?on=recording&call={CALL}",
        RECORDED | {"RecordingStatus": "absent", "RecordingDuration": "0", "ErrorCode": "16102"},
        event(key=f"{RECORDING}:absent", kind="recorded", sender=None),
    ),
    Tells(
        "lost",
        f"?on=recording&call={CALL}",
        RECORDED | {"RecordingStatus": "failed", "RecordingDuration": "-1"},
        event(key=f"{RECORDING}:failed", kind="recorded", sender=None),
    ),
    Tells("still going on", f"?on=recording&call={CALL}", RECORDED | {"RecordingStatus": "in-progress"}, None),
    Tells("rooms", "?on=room", {"AccountSid": ACCOUNT_SID, "StatusCallbackEvent": "conference-end"}, None),
)
def test_recordings(case: Tells) -> None:
    check(case)


# what we cannot read


@pytest.mark.parametrize(
    ("query", "fields", "reason"),
    [
        ("", INBOUND | {"CallSid": ""}, "missing CallSid"),
        ("", INBOUND | {"CallSid": "CA1"}, "bad CallSid"),
        ("", INBOUND | {"CallSid": f"{CALL}\n"}, "bad CallSid"),
        ("", INBOUND | {"CallSid": CALL.upper()}, "bad CallSid"),
        ("", INBOUND | {"CallStatus": ""}, "missing CallStatus"),
        ("", INBOUND | {"CallStatus": "pending"}, "bad CallStatus"),
        ("", INBOUND | {"Digits": "0; DROP TABLE"}, "bad Digits"),
        ("", INBOUND | {"Digits": "1" * 200}, "bad Digits"),
        ("", INBOUND | {"Digits": "٣"}, "bad Digits"),
        ("", INBOUND | {"RecordingSid": "../Calls"}, "bad RecordingSid"),
        ("", INBOUND | {"RecordingSid": RECORDING, "RecordingDuration": "-1"}, "bad RecordingDuration"),
        ("?turn=", INBOUND, "bad turn"),
        ("?turn=" + "1" * 33, INBOUND, "bad turn"),
        ("?turn=<3>", INBOUND, "bad turn"),
        ("?leg=7", INBOUND, "bad leg"),
        ("?leg={5f0e2a3c-7d41-4b8e-9c55-0a1b2c3d4e5f}", INBOUND, "bad leg"),
        (f"?leg={str(UID).upper()}", INBOUND, "bad leg"),
        ("?on=statuses", INBOUND, "bad on"),
        ("?on=status", OUTBOUND | STATUS | {"SequenceNumber": "1.5"}, "bad SequenceNumber"),
        ("?on=status", OUTBOUND | STATUS | {"Timestamp": "noon"}, "bad Timestamp"),
        ("?on=status", OUTBOUND | STATUS | {"CallDuration": "9999999"}, "bad CallDuration"),
        ("?on=status", OUTBOUND | STATUS | {"CallStatus": "Completed"}, "bad CallStatus"),
        ("?on=recording", WITHOUT_CALL, "missing CallSid"),
        ("?on=recording&call=CA1", WITHOUT_CALL, "bad call"),
        ("?on=recording", RECORDED | {"RecordingSid": ""}, "missing RecordingSid"),
        ("?on=recording", RECORDED | {"RecordingSid": "RE1"}, "bad RecordingSid"),
        ("?on=recording", RECORDED | {"RecordingStatus": "gone"}, "bad RecordingStatus"),
    ],
)
def test_hostile_values(query: str, fields: dict[str, str], reason: str) -> None:
    channel, request = make_phone(), signed(query, fields)
    channel.verify(request)
    with pytest.raises(Unreadable) as failure:
        channel.parse(request)
    assert str(failure.value) == reason
    assert_silent(failure.value, [CUSTOMER, "DROP", request.body.decode()])


def test_a_repeated_field_is_nonsense() -> None:
    channel, request = make_phone(), signed("", INBOUND)
    with pytest.raises(Unreadable):
        channel.parse(replace(request, body=request.body + b"&Digits=1&Digits=2"))


def test_a_form_that_is_json_as_well_is_nonsense() -> None:
    channel, body = make_phone(), f'["&AccountSid={ACCOUNT_SID}&"]'.encode()
    request = signed("", {'["': "", "AccountSid": ACCOUNT_SID, '"]': ""}, body=body)
    channel.verify(request)
    with pytest.raises(Unreadable, match="not a form"):
        channel.parse(request)


def test_a_recording_elsewhere_is_none_of_ours() -> None:
    [told] = parsed("?turn=5", INBOUND | {"RecordingUrl": "https://evil.example.test/?x=/Recordings/RE1"})
    assert told.recording == ""
