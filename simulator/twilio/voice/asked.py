"""Request bodies of the telephone's /_sim API."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from simulator.asked import Asked, Word
from simulator.twilio.voice.people import ACTS, Step

Party = Annotated[str, StringConstraints(pattern=r"^(\+?[0-9]{3,15}|client:[A-Za-z0-9_]{1,121}|anonymous)$")]
Keys = Annotated[str, StringConstraints(pattern=r"^[0-9*#]{1,32}$")]
Said = Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True)]
Confidence = Annotated[float, Field(ge=0, le=1)]
MORE = frozenset({"timeout", "interrupts", "confidence"})


def _step(written: Any) -> Step:
    """{"hear": "欢迎", "timeout": 5} is the step of that name, with its value."""
    if not isinstance(written, dict) or len(acts := written.keys() - MORE) != 1 or not acts <= ACTS.keys():
        raise ValueError(f"a step has one of {', '.join(ACTS)}, and perhaps {', '.join(sorted(MORE))}")
    [act] = acts
    return Step(act, written[act], **{name: value for name, value in written.items() if name in MORE})


def _sayable(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    for step in steps:
        if step.act in ("wait", "answer") and not isinstance(step.value, (int, float)):
            raise ValueError(f"{step.act}: seconds")
        if step.act in ("hear", "say", "press", "notice") and not (isinstance(step.value, str) and step.value):
            raise ValueError(f"{step.act}: a text")
    return steps


Steps = Annotated[tuple[Annotated[Step, BeforeValidator(_step)], ...], Field(max_length=100), AfterValidator(_sayable)]


class CallAsked(Asked):
    from_: Party = Field(alias="from")
    to: Party
    steps: Steps | None = None  # none: a person does what they like, by the acts below


class ScriptAsked(Asked):
    steps: Steps | None = None  # none: it rings, and a person answers or not
    name: Annotated[str, StringConstraints(max_length=100)] = ""


class SayAsked(Asked):
    text: Said
    confidence: Confidence | None = 0.92


class PressAsked(Asked):
    digits: Keys


class ReportFaultAsked(Asked):
    kind: Literal["duplicate", "overtaken", "late", "lost"]
    matches: tuple[Word, ...] = ()
    seconds: Annotated[float, Field(ge=0, le=120)] = 1.0
    times: Annotated[int, Field(ge=1)] = 1


class PaceAsked(Asked):
    factor: Annotated[float, Field(gt=0, le=1000)]
