"""What the bot must get right (config/tests): questions with what they mean, and whole conversations."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from hub.knowledge.entries import Format
from hub.knowledge.wording import Language, PlainId, Strict, Words


def _meaning(text: str) -> str:
    if not text or text != text.strip():
        raise ValueError('write the id of an entry, "flow:<id>", "article:<id>", "person" or "none"')
    return text


def _local(at: datetime) -> datetime:
    if at.tzinfo is not None:
        raise ValueError("write the time of the hub's own clock, like 2026-11-11 20:00:00")
    return at


Meaning = Annotated[str, AfterValidator(_meaning)]
LocalTime = Annotated[datetime, AfterValidator(_local)]
Share = Annotated[float, Field(ge=0, le=1)]


class Case(Strict):
    """Each of these questions means this: an entry's id, flow:<id>, article:<id>, person, or none of them."""

    ask: list[str] = Field(min_length=1)
    means: Meaning
    language: Language | None = None  # none: as written


class Exchange(Strict):
    """What the customer says, and what must come of it. All that is named must hold."""

    customer: str
    says: Words | None = None  # is part of what the bot says
    choice: Meaning | None = None  # the answer is this one's
    asks: bool | None = None  # whether choices are offered
    hands_over: str | None = None  # the reason; "" is any
    misses: bool | None = None
    silent: bool | None = None

    @model_validator(mode="after")
    def _expects_something(self) -> Self:
        if self.model_fields_set <= {"customer"}:
            raise ValueError("say what must come of it: says, choice, asks, hands_over, misses or silent")
        return self


class Script(Strict):
    name: Words
    channel: str = ""
    form: Format = "rich"
    language: str = ""
    tags: list[str] = []
    at: LocalTime | None = None  # none: the suite's
    turn: list[Exchange] = Field(min_length=1)


class Suite(Strict):
    bot: PlainId | None = None  # none: the only one
    at: LocalTime | None = None  # when all of it is asked, for what holds at some hours or days only; none: now
    case: list[Case] = []
    script: list[Script] = []
    precision: Share = 0.0  # of what is answered, at least; below, the suite fails
    accuracy: Share = 0.0  # of the cases whose meaning is not "none"
    refused: Share = 0.0  # of the cases whose meaning is "none"

    @model_validator(mode="after")
    def _tells_scripts_apart(self) -> Self:
        names = [each.name for each in self.script]
        if doubled := {each for each in names if names.count(each) > 1}:
            raise ValueError(f"two scripts are called {', '.join(sorted(doubled))}")
        return self
