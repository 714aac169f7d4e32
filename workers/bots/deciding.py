"""What is made of how sure the bot is: it answers, asks which was meant, or has not understood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field, model_validator

from workers.bots.contract import Candidate, EngineSettings


class Decision(EngineSettings):
    """The table of the bot's file. Scores run from 0 to 1."""

    answer_from: float = Field(default=0.7, gt=0, le=1)  # it answers
    ask_from: float = Field(default=0.35, gt=0, le=1)  # it asks which was meant; below, it has not understood
    margin: float = Field(default=0.15, ge=0, le=1)  # by less than this, the second best may be meant too
    choices: int = Field(default=3, ge=1, le=5)  # it asks about

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ask_from > self.answer_from:
            raise ValueError("ask_from must not be above answer_from")
        return self


@dataclass(frozen=True, slots=True)
class Decided:
    does: Literal["answer", "ask", "pass"]
    about: tuple[Candidate, ...] = ()  # the one that is answered, or those that are asked about


def decide(candidates: Sequence[Candidate], by: Decision) -> Decided:
    """`candidates`: best first."""
    if not candidates or candidates[0].score < by.ask_from:
        return Decided("pass")
    best, *others = candidates
    is_close = bool(others) and others[0].score >= by.ask_from and best.score - others[0].score < by.margin
    if best.score >= by.answer_from and not is_close:
        return Decided("answer", (best,))
    likely = [each for each in others if each.score >= by.ask_from / 3]
    return Decided("ask", (best, *likely)[: by.choices])
