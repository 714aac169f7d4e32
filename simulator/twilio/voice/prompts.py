"""Say, Play and Pause, and the verbs that only lead elsewhere."""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass, field
from typing import Any

from simulator.twilio.callbacks import Answer
from simulator.twilio.voice.calls import Call, Condition, Ended, Source, never
from simulator.twilio.voice.clock import speaking_seconds
from simulator.twilio.voice.documents import Turn, is_here, performs
from simulator.twilio.voice.twiml import NO_CONTENT_TYPE, RETRIEVAL_FAILED, Broken, Verb

TUNE = 30.0  # seconds of what is not fetched, or tells no length
BYTES_PER_SECOND = 16_000  # of what is no WAV, roughly
FOR_EVER = 1000  # times, which is what loop="0" means


@dataclass(frozen=True, slots=True)
class Prompt:
    """Something to hear. Without a kind it is silence."""

    kind: str
    seconds: float
    times: int = 1
    about: dict[str, Any] = field(default_factory=dict)

    def play(self, turn: Turn, until: Condition = never) -> bool:
        """Whether `until` cut it short."""
        if not self.kind:
            return turn.wait(self.seconds, until)
        return any(turn.utter(self.kind, self.seconds, until, **self.about) for _ in range(self.times))


def prompt(turn: Turn, verb: Verb) -> Prompt:
    if verb.name == "Pause":
        return Prompt("", verb.number("length", 1))
    times = verb.number("loop", 1) or FOR_EVER
    if verb.name == "Say":
        about = {"text": verb.text, "language": verb.get("language", "en-US"), "voice": verb.get("voice", "man")}
        return Prompt("say", speaking_seconds(verb.text), times, about)
    if not verb.text:
        return Prompt("tones", 0.5, times, {"digits": verb.get("digits")})
    address = turn.source(verb.text).url
    return Prompt("music", playing_seconds(turn.call, address), times, {"url": address})


@performs("Say")
@performs("Play")
@performs("Pause")
def aloud(turn: Turn, verb: Verb) -> None:
    """Outside a Gather: what callers say or press meanwhile is lost."""
    prepared = prompt(turn, verb)
    if verb.name != "Pause":
        turn.call.answer()
    with turn.call.exchange.lock:
        prepared.play(turn)
        turn.call.ignore_all()


@performs("Redirect")
def redirect(turn: Turn, verb: Verb) -> Source:
    return turn.source(verb.text, verb.get("method", "POST"))


@performs("Hangup")
def hang_up(turn: Turn, verb: Verb) -> None:
    turn.call.answer()
    turn.call.end()
    raise Ended


@performs("Reject")
def reject(turn: Turn, verb: Verb) -> None:
    """Of a call that has been answered already, it does nothing."""
    if turn.call.is_answered:
        return
    turn.call.end("busy" if verb.get("reason") == "busy" else "no-answer")
    raise Ended


def playing_seconds(call: Call, address: str) -> float:
    """How long the file is; asked for once."""
    if not is_here(address):
        return TUNE
    known = call.exchange.tunes
    if address not in known:
        known[address] = _length(call.exchange.courier.ask(call.account_sid, address, "GET", {}), address)
    return known[address]


def _length(answer: Answer, address: str) -> float:
    if not answer.ok:
        raise Broken(RETRIEVAL_FAILED, answer.failure or f"HTTP {answer.status}", address)
    if not answer.content_type.startswith("audio/"):
        raise Broken(NO_CONTENT_TYPE, "Play of what is no sound", address)
    try:
        with wave.open(io.BytesIO(answer.body)) as file:
            return float(file.getnframes() / file.getframerate())
    except (wave.Error, EOFError):
        return max(1.0, len(answer.body) / BYTES_PER_SECOND)
