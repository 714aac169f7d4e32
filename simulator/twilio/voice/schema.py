"""What TwiML may say: its elements, their attributes, and what may stand in each. Anything else is an error here.

Twilio is lenient with some of it, which hides mistakes until they cost a call.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

Form = re.Pattern[str]

TEXT = re.compile(r"(?s).*")
URL = re.compile(r"\S*")
WHOLE = re.compile(r"[0-9]{1,5}")
FLAG = re.compile(r"true|false")
METHOD = re.compile(r"GET|POST")
KEYS = re.compile(r"[0-9*#]*")
NUMBER = re.compile(r"\+?[0-9]{3,15}|sip:\S+|client:\S+")
IDENTITY = re.compile(r"[A-Za-z0-9_]{1,121}")
NAME = re.compile(r"\S(?:.{0,126}\S)?")
# voices say zh-CN; to those that listen, Chinese has other names, and by that one they fail
SAID = re.compile(r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-[A-Z]{2}|-[0-9]{3})?")
HEARD = re.compile(
    r"zh|zh-TW|cmn-Hans-CN|cmn-Hant-TW|yue-Hant-HK|(?!zh|cmn|yue)[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-[A-Z]{2})?"
)


def _one_of(*words: str) -> Form:
    return re.compile("|".join(words))


def _some_of(*words: str) -> Form:
    """Between spaces."""
    each = f"(?:{'|'.join(words)})"
    return re.compile(f"{each}(?: {each})*")


@dataclass(frozen=True, slots=True)
class Shape:
    """Of one element. With `text` there must be some of that form, unless children stand in its place."""

    attributes: Mapping[str, Form] = field(default_factory=dict)
    children: frozenset[str] = frozenset()
    text: Form | None = None


ACTION = {"action": URL, "method": METHOD}
FETCHED = {"url": URL, "method": METHOD}
REPORTED = {
    "statusCallback": URL,
    "statusCallbackMethod": METHOD,
    "statusCallbackEvent": _some_of("initiated", "ringing", "answered", "completed"),
}
RECORDED = {
    "recordingStatusCallback": URL,
    "recordingStatusCallbackMethod": METHOD,
    "recordingStatusCallbackEvent": _some_of("in-progress", "completed", "absent"),
    "recordingConfigurationId": TEXT,
    "trim": _one_of("trim-silence", "do-not-trim"),
}
MACHINE = {
    "machineDetection": _one_of("Enable", "DetectMessageEnd"),
    **dict.fromkeys(
        (
            *("machineDetectionTimeout", "machineDetectionSpeechThreshold"),
            *("machineDetectionSpeechEndThreshold", "machineDetectionSilenceTimeout"),
        ),
        WHOLE,
    ),
    "amdStatusCallback": URL,
    "amdStatusCallbackMethod": METHOD,
}
TRACK = _one_of("inbound", "outbound", "both")
TRACKS = _one_of("inbound_track", "outbound_track", "both_tracks")
PROMPTS = frozenset({"Say", "Play", "Pause"})
TRANSCRIBED = {
    "name": TEXT,
    "track": TRACKS,
    "statusCallbackUrl": URL,
    "statusCallbackMethod": METHOD,
    "inboundTrackLabel": TEXT,
    "outboundTrackLabel": TEXT,
    "partialResults": FLAG,
    "languageCode": SAID,
    "transcriptionEngine": TEXT,
    "profanityFilter": FLAG,
    "speechModel": TEXT,
    "hints": TEXT,
    "enableAutomaticPunctuation": FLAG,
    "intelligenceService": TEXT,
}

SHAPES: Mapping[str, Shape] = {
    "Say": Shape({"voice": NAME, "language": SAID, "loop": WHOLE}, text=TEXT),
    "Play": Shape({"loop": WHOLE, "digits": re.compile(r"[0-9wW*#]+")}, text=URL),
    "Pause": Shape({"length": WHOLE}),
    "Gather": Shape(
        {
            **ACTION,
            "input": _some_of("dtmf", "speech"),
            "timeout": WHOLE,
            "speechTimeout": re.compile(r"auto|[0-9]{1,3}"),
            "maxSpeechTime": WHOLE,
            "finishOnKey": re.compile(r"[0-9*#]?"),
            "numDigits": WHOLE,
            "partialResultCallback": URL,
            "partialResultCallbackMethod": METHOD,
            "language": HEARD,
            "hints": TEXT,
            "bargeIn": FLAG,
            "debug": FLAG,
            "actionOnEmptyResult": FLAG,
            "speechModel": NAME,
            "enhanced": FLAG,
            "profanityFilter": FLAG,
        },
        PROMPTS,
    ),
    "Record": Shape(
        {
            **ACTION,
            **RECORDED,
            "timeout": WHOLE,
            "finishOnKey": KEYS,
            "maxLength": WHOLE,
            "playBeep": FLAG,
            "transcribe": FLAG,
            "transcribeCallback": URL,
        }
    ),
    "Dial": Shape(
        {
            **ACTION,
            **RECORDED,
            "timeout": WHOLE,
            "timeLimit": WHOLE,
            "hangupOnStar": FLAG,
            "callerId": NUMBER,
            "record": _one_of(
                *("do-not-record", "record-from-answer", "record-from-answer-dual"),
                *("record-from-ringing", "record-from-ringing-dual"),
            ),
            "recordingTrack": TRACK,
            "answerOnBridge": FLAG,
            "ringTone": NAME,
            "sequential": FLAG,
            "referUrl": URL,
            "referMethod": METHOD,
        },
        frozenset({"Number", "Client", "Sip", "Queue", "Conference"}),
        NUMBER,
    ),
    "Number": Shape({**FETCHED, **REPORTED, **MACHINE, "sendDigits": TEXT, "byoc": TEXT}, text=NUMBER),
    "Client": Shape({**FETCHED, **REPORTED}, frozenset({"Identity", "Parameter"}), IDENTITY),
    "Identity": Shape(text=IDENTITY),
    "Parameter": Shape({"name": NAME, "value": TEXT}),
    "Sip": Shape(
        {**FETCHED, **REPORTED, **MACHINE, "username": TEXT, "password": TEXT}, text=re.compile(r"sips?:\S+@\S+")
    ),
    "Queue": Shape({**FETCHED, "reservationSid": TEXT, "postWorkActivitySid": TEXT}, text=NAME),
    "Conference": Shape(
        {
            **{name: form for name, form in RECORDED.items() if name != "recordingConfigurationId"},
            "muted": FLAG,
            "beep": _one_of("true", "false", "onEnter", "onExit"),
            "startConferenceOnEnter": FLAG,
            "endConferenceOnExit": FLAG,
            "waitUrl": URL,
            "waitMethod": METHOD,
            "maxParticipants": WHOLE,
            "record": _one_of("do-not-record", "record-from-start"),
            "region": TEXT,
            "coach": re.compile(r"CA[0-9a-f]{32}"),
            "participantLabel": NAME,
            "jitterBufferSize": TEXT,
            "statusCallback": URL,
            "statusCallbackMethod": METHOD,
            "statusCallbackEvent": _some_of(
                "start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement"
            ),
            "eventCallbackUrl": URL,
        },
        text=NAME,
    ),
    "Enqueue": Shape(
        {**ACTION, "waitUrl": URL, "waitUrlMethod": METHOD, "maxQueueSize": WHOLE, "workflowSid": TEXT}, text=NAME
    ),
    "Leave": Shape(),
    "Hangup": Shape(),
    "Redirect": Shape({"method": METHOD}, text=URL),
    "Reject": Shape({"reason": _one_of("rejected", "busy")}),
    "Start": Shape({**ACTION}, frozenset({"Recording", "Transcription"})),
    "Stop": Shape({}, frozenset({"Recording", "Transcription"})),
    "Recording": Shape({**RECORDED, "track": TRACK, "channels": _one_of("mono", "dual")}),
    "Transcription": Shape(TRANSCRIBED),
}
VERBS = frozenset(
    {
        *("Say", "Play", "Pause", "Gather", "Record", "Dial", "Enqueue", "Leave"),
        *("Hangup", "Redirect", "Reject", "Start", "Stop"),
    }
)
MOST_SAID = 4096  # characters of one Say
MOST_RUNG = 10  # phones of one Dial
