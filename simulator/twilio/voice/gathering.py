"""Gather: listens for keys and speech, also while its prompts are played."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.twilio.voice.calls import Call, Input, Source
from simulator.twilio.voice.documents import Turn, performs
from simulator.twilio.voice.prompts import prompt
from simulator.twilio.voice.twiml import Verb

PAUSE_OF_SPEECH = 0.8  # seconds of silence after which speechTimeout="auto" takes a sentence for ended
MOST_DIGITS = 1000


@dataclass(frozen=True, slots=True)
class Ear:
    """What is listened for."""

    keys: bool
    speech: bool
    barges: bool
    digits: int
    ends_with: str
    patience: int
    pause: float

    def takes(self, heard: Input) -> bool:
        return self.keys if heard.key else self.speech

    def interrupts(self, heard: Input) -> bool:
        """Keys always end a prompt that is listened through; speech only where it may."""
        return self.keys if heard.key else self.speech and self.barges


def ear_of(verb: Verb) -> Ear:
    listens, patience = verb.words("input", "dtmf"), verb.number("timeout", 5)
    pause = verb.get("speechTimeout", str(patience))
    return Ear(
        keys="dtmf" in listens,
        speech="speech" in listens,
        barges=verb.flag("bargeIn", True),
        digits=verb.number("numDigits", MOST_DIGITS),
        ends_with=verb.get("finishOnKey", "#"),
        patience=patience,
        pause=PAUSE_OF_SPEECH if pause == "auto" else float(pause),
    )


@performs("Gather")
def gather(turn: Turn, verb: Verb) -> Source | None:
    call, ear = turn.call, ear_of(verb)
    prepared = [prompt(turn, child) for child in verb.children]
    call.answer()
    with call.exchange.lock:
        _overhear(call, ear)
        for each in prepared:
            if each.play(turn, lambda: any(ear.interrupts(heard) for heard in call.inputs)):
                break
            if not ear.barges:
                _overhear(call, ear)
        heard = _listen(turn, ear)
    if heard:
        return turn.action(verb, **heard)
    if not verb.flag("actionOnEmptyResult"):
        return None
    return turn.action(verb, **({"Digits": ""} if ear.keys else {}), **({"SpeechResult": ""} if ear.speech else {}))


def _overhear(call: Call, ear: Ear) -> None:
    """What nobody listens for."""
    lost = [heard for heard in call.inputs if not ear.interrupts(heard)]
    for heard in lost:
        call.inputs.remove(heard)
    call.ignore(*lost)


def _listen(turn: Turn, ear: Ear) -> dict[str, str] | None:
    """Whichever comes first, keys or speech; nothing when the time is over."""
    call, clock = turn.call, turn.call.exchange.clock
    digits, said, ends = "", list[Input](), clock.now() + ear.patience
    while turn.wait(ends - clock.now(), lambda: call.inputs):
        heard = call.inputs.popleft()
        if not ear.takes(heard) or (said if heard.key else digits):
            call.ignore(heard)
        elif not heard.key:
            said.append(heard)
            turn.wait(heard.ends - clock.now())
            ends = clock.now() + ear.pause
        elif heard.key == ear.ends_with:
            break
        else:
            digits, ends = digits + heard.key, clock.now() + ear.patience
            if len(digits) >= ear.digits:
                break
    if digits:
        return {"Digits": digits}
    if not said:
        return None
    spoken, confidence = " ".join(heard.text for heard in said), said[-1].confidence
    return {"SpeechResult": spoken} | ({} if confidence is None else {"Confidence": f"{confidence:.4f}"})
