"""A bot: its manners, then its engines, asked one after the other until one answers."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Literal

from hub.knowledge import Knowledge
from hub.settings import BotFile
from workers.bots.contract import Answer, Candidate, Engine, Failed, HandOver, Later, Pass, Say, Turn
from workers.bots.manners import Manners
from workers.bots.wording import chosen, is_none

log = logging.getLogger(__name__)
LONGEST = 20.0  # seconds for all engines together: who waits longer wants a person


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one engine made of the turn: "why this answer"."""

    engine: str
    made: str  # said, asked, handed_over, passed, failed
    why: str = ""
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Thought:
    """What a bot made of a turn."""

    outcome: Literal["said", "asked", "handed_over", "missed", "silent"]
    text: str = ""
    reason: str = ""  # of the hand-over, or of the miss
    choice: str = ""
    choices: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...] = ()  # of the engine that decided, else the likeliest of all
    steps: tuple[Step, ...] = ()
    slots: Mapping[str, str] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    state: Mapping[str, Any] = field(default_factory=dict)  # what this bot has to know at its next turn here


@dataclass(frozen=True, slots=True)
class Bot:
    file: BotFile
    engines: tuple[tuple[str, Engine], ...]  # by what they are called in the trace
    knowledge: Knowledge
    manners: Manners

    def leaves_to_people(self, turn: Turn, state: Mapping[str, Any]) -> Thought | None:
        """Whatever else is going on. Takes no time."""
        answer = self.manners.leave_to_people(turn)
        return _handed_over(answer, "manners", (), state) if answer else None

    def think(self, turn: Turn, state: Mapping[str, Any]) -> Thought:
        """Raises Later if the turn is asked `at_once` and somebody else has to be asked."""
        if thought := self.leaves_to_people(turn, state):
            return thought
        offered: Sequence[str] = state.get("choices", ())
        if is_none(turn.text, offered):
            return _missed((Step(engine="choices", made="passed", why="none_of_these"),), (), state, "none_of_these")
        turn = replace(turn, text=chosen(offered, turn.text))
        steps: list[Step] = []
        until = time.monotonic() + LONGEST
        for name, engine in self.engines:
            notes = state.get("notes", {}).get(name, {})
            answer = _asked(name, engine, replace(turn, notes=notes), steps, until)
            match answer:
                case Say():
                    return self._said(answer, name, steps, state)
                case HandOver():
                    return _handed_over(answer, name, steps, state)
        found = max((step.candidates for step in steps), key=lambda each: each[0].score if each else -1, default=())
        if any(step.made == "failed" for step in steps):
            return _handed_over(HandOver(reason="bot_failed", candidates=found), "", steps, state)
        return _missed(steps, found, state, "not_understood")

    def _said(self, say: Say, name: str, steps: Sequence[Step], state: Mapping[str, Any]) -> Thought:
        slots = {**state.get("slots", {}), **say.slots}
        last = sha256(say.text.encode()).hexdigest()[:16] if say.choice else ""
        if last and last == state.get("last"):
            step = Step(engine=name, made="passed", why="repeated", candidates=say.candidates)
            entry = self.knowledge.entry.get(say.choice)
            if entry and entry.is_small_talk:
                return Thought(outcome="silent", steps=(*steps, step), state=state)
            return _missed((*steps, step), say.candidates, state, "repeated")
        notes = {**state.get("notes", {}), name: dict(say.notes or {})}
        kept = {
            "notes": {engine: noted for engine, noted in notes.items() if noted},
            "choices": list(say.choices),
            "last": last,
            "slots": slots,
        }
        asks = bool(say.choices) and not say.choice
        made: Literal["asked", "said"] = "asked" if asks else "said"
        return Thought(
            outcome=made,
            text=say.text,
            choice=say.choice,
            choices=say.choices,
            candidates=say.candidates,
            steps=(*steps, Step(engine=name, made=made, candidates=say.candidates)),
            slots=slots,
            sources=say.sources,
            state={key: value for key, value in kept.items() if value},
        )


def _asked(name: str, engine: Engine, turn: Turn, steps: list[Step], until: float) -> Say | HandOver | None:
    if time.monotonic() > until:
        steps.append(Step(engine=name, made="failed", why="no_time_left"))
        return None
    try:
        answer: Answer | None = engine.answer(turn)
    except Later:
        raise
    except Failed as failure:  # it is somebody else's, and logged where it was met
        steps.append(Step(engine=name, made="failed", why=failure.why))
        return None
    except Exception as error:  # the others may know
        log.exception("bot engine %s failed", name)
        steps.append(Step(engine=name, made="failed", why=type(error).__name__))
        return None
    if isinstance(answer, Say | HandOver):
        return answer
    found = answer or Pass()
    steps.append(Step(engine=name, made="passed", why=found.why, candidates=found.candidates))
    return None


def _handed_over(answer: HandOver, name: str, steps: Sequence[Step], state: Mapping[str, Any]) -> Thought:
    step = Step(engine=name, made="handed_over", why=answer.reason, candidates=answer.candidates)
    slots = {**state.get("slots", {}), **answer.slots}
    return Thought(
        outcome="handed_over",
        text=answer.text,
        reason=answer.reason,
        candidates=answer.candidates,
        steps=(*steps, step) if name else tuple(steps),
        slots=slots,
        state={"slots": slots} if slots else {},
    )


def _missed(steps: Sequence[Step], found: tuple[Candidate, ...], state: Mapping[str, Any], reason: str) -> Thought:
    """Dialogues go on; what was offered is not offered any more."""
    kept = {name: value for name, value in state.items() if name != "choices"}
    return Thought(outcome="missed", reason=reason, candidates=found, steps=tuple(steps), state=kept)
