"""Scripts as TwiML, the documents that tell Twilio what a leg does next.

https://www.twilio.com/docs/voice/twiml. No document can end a sound after so many seconds: `Music` is silence of that
length or, where there is a file, the whole of it, once. Whoever waits in a room hears the file over and over, or
Twilio's own music.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from twilio.twiml.voice_response import Gather, VoiceResponse

from channels.twilio.hooks import asking, relative, telling
from channels.voice import Ask, HangUp, Join, Language, Music, Pause, Record, Say, Script, Step

LONGEST_SAY = 4096  # characters
SAYABLE = re.compile(rf".{{1,{LONGEST_SAY}}}(?:(?<=[。！？；!?;\n])|(?<=\. )|$)|.{{1,{LONGEST_SAY}}}", re.DOTALL)
NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
MOST_HINTS, LONGEST_HINT = 500, 100
SILENCE = 5  # seconds that end a recording


class Tongue(NamedTuple):
    """A language has one name to be spoken by, and another to be understood by."""

    spoken: str
    voice: str
    heard: str


TONGUES: dict[Language, Tongue] = {
    "zh-CN": Tongue("cmn-CN", "Polly.Zhiyu-Neural", "cmn-Hans-CN"),
    "en": Tongue("en-US", "Polly.Joanna-Neural", "en-US"),
}


@dataclass(frozen=True, slots=True)
class Leg:
    """Whom a document is for."""

    hook: str
    call: str  # Twilio's id of the leg
    uid: UUID | None
    music: str = ""  # the address of a file to wait with


def document(script: Script, leg: Leg) -> str:
    response = VoiceResponse()
    for step in script.steps:
        _write(response, step, script, leg)
    # also after a Record: where nothing was said it ends without asking
    if not script.steps or not isinstance(script.steps[-1], (Ask, Join, HangUp)):
        response.redirect(_next(script, leg), method="POST")
    return str(response)


def _write(into: VoiceResponse | Gather, step: Step, script: Script, leg: Leg) -> None:
    tongue = TONGUES[script.language]
    match step:
        case Say(text):
            for part in SAYABLE.findall(NO_XML.sub("", text).strip()):
                into.say(part, language=tongue.spoken, voice=tongue.voice)
        case Music() if leg.music:
            into.play(leg.music)
        case Music(seconds) | Pause(seconds):
            into.pause(length=seconds)
        case Ask():
            _ask(into, step, script, leg)
        case Record(longest):
            into.record(
                **_then(script, leg),
                max_length=longest,
                timeout=SILENCE,
                finish_on_key="#",
                play_beep=True,
                trim="trim-silence",
                **_recording(leg),
            )
        case Join():
            _join(into, step, script, leg)
        case HangUp():
            into.hangup()


def _ask(into: VoiceResponse, ask: Ask, script: Script, leg: Leg) -> None:
    listening = {"dtmf": ask.digits > 0, "speech": ask.speech}
    # a model of speech must not be named: with one, Twilio wants to know how long a sentence's end is
    speech = {"language": TONGUES[script.language].heard, "speech_timeout": "auto", "hints": _hints(ask.hints)}
    gather = into.gather(
        **_then(script, leg),
        input=" ".join(way for way, wanted in listening.items() if wanted),
        timeout=ask.patience,
        num_digits=ask.digits or None,
        action_on_empty_result=True,
        **(speech if ask.speech else {}),
    )
    for prompt in ask.prompts:
        _write(gather, prompt, script, leg)


def _hints(hints: tuple[str, ...]) -> str | None:
    words = (NO_XML.sub("", hint).replace(",", " ").strip()[:LONGEST_HINT] for hint in hints[:MOST_HINTS])
    return ",".join(filter(None, words)) or None


def _join(into: VoiceResponse, join: Join, script: Script, leg: Leg) -> None:
    # a file is fetched as any file; documents would be asked for by POST
    music = {"wait_url": leg.music, "wait_method": "GET"} if leg.music else {}
    recorded = {"record": "record-from-start", **_recording(leg)} if join.recorded else {}
    into.dial(**_then(script, leg)).conference(
        join.room,
        beep="false",
        start_conference_on_enter=True,
        end_conference_on_exit=join.closes,
        **music,
        **recorded,
    )


def _then(script: Script, leg: Leg) -> dict[str, str]:
    return {"action": _next(script, leg), "method": "POST"}


def _next(script: Script, leg: Leg) -> str:
    return relative(asking(leg.hook, script.turn, leg.uid))


def _recording(leg: Leg) -> dict[str, str]:
    """Twilio takes no relative address here, and does not say whose leg it was where a room was recorded."""
    return {
        "recording_status_callback": telling(leg.hook, "recording", leg.uid, leg.call),
        "recording_status_callback_event": "completed absent",
        "recording_status_callback_method": "POST",
    }
