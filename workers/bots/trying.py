"""Tries a bot on what it must get right (config/tests), and says what it did: before customers do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from hub.knowledge import Exchange, Language, Script, Suite, language_of
from hub.settings import BotConfig
from workers.bots.bot import Bot, Thought
from workers.bots.contract import Candidate, Later, Line, Turn
from workers.bots.reports import CaseResult, Report, ScriptResult, StepResult, SuiteReport

FLOW_DONE = "flow_done"  # reason of a hand-over
HANDED_OVER = "a person has the conversation"
ASKS_OTHERS = "asks_others"


def _thought(bot: Bot, turn: Turn, state: Mapping[str, Any]) -> Thought:
    """Nobody is asked, and nothing is ordered, for a trial: what would ask others is not known here."""
    try:
        return bot.think(replace(turn, trial=True), state)
    except Later:
        return Thought(outcome="missed", reason=ASKS_OTHERS, state=state)


class Conversation:
    """A customer's turns one after the other, as the hub passes them on."""

    def __init__(self, bot: Bot, turn: Turn, *, live: bool = False):
        """`turn`: what all of them have in common. `live`: others are asked, and ordered, as for a customer."""
        self._bot, self._turn, self._live = bot, turn, live
        self._state: Mapping[str, Any] = {}
        self._history: tuple[Line, ...] = ()
        self._misses = 0
        self.is_over = False  # a person has it

    def say(self, text: str) -> Thought:
        if self.is_over:
            return Thought(outcome="silent", reason=HANDED_OVER)
        turn = replace(
            self._turn, text=text, history=self._history, id=f"{self._turn.conversation}/{len(self._history)}"
        )
        thought = self._bot.think(turn, self._state) if self._live else _thought(self._bot, turn, self._state)
        self._state = json.loads(json.dumps(thought.state))  # another process thinks about the next turn
        said = (Line("bot", thought.text),) if thought.text else ()
        self._history = (*self._history, Line("contact", text), *said)
        self._misses = self._misses + 1 if thought.outcome == "missed" else 0
        if self._misses >= self._bot.file.hand_over.misses:
            thought = replace(thought, outcome="handed_over", reason="not_understood")
        self.is_over = thought.outcome == "handed_over"
        return thought


def bot_of(suite: Suite, bots: Mapping[str, Bot | BotConfig]) -> str:
    """Raises LookupError."""
    if suite.bot in bots:
        return str(suite.bot)
    if suite.bot is None and len(bots) == 1:
        return next(iter(bots))
    known = ", ".join(sorted(bots))
    raise LookupError(f"there is no bot {suite.bot!r}; known: {known}" if suite.bot else f"write bot = one of {known}")


def try_all(bots: Mapping[str, Bot], suites: Mapping[str, Suite], at: datetime) -> Report:
    """`at`: now, in the hub's time zone. Raises LookupError if a suite's bot is not there."""
    named = {name: bot_of(suite, bots) for name, suite in suites.items()}
    return Report(
        suites=tuple(try_suite(bots[named[name]], suite, at, name, named[name]) for name, suite in suites.items())
    )


def try_suite(bot: Bot, suite: Suite, at: datetime, name: str = "", bot_name: str = "") -> SuiteReport:
    at = suite.at.replace(tzinfo=at.tzinfo) if suite.at else at
    floors = {"precision": suite.precision, "accuracy": suite.accuracy, "refused_share": suite.refused}
    return SuiteReport(
        suite=name,
        bot=bot_name,
        cases=_cases(bot, suite, at),
        scripts=tuple(_played(bot, script, at) for script in suite.script),
        floors={figure: floor for figure, floor in floors.items() if floor},
    )


def _cases(bot: Bot, suite: Suite, at: datetime) -> tuple[CaseResult, ...]:
    asked = ((text, case.means, case.language) for case in suite.case for text in case.ask)
    return tuple(_case(bot, text, means, language, at) for text, means, language in asked)


def _case(bot: Bot, text: str, means: str, language: Language | None, at: datetime) -> CaseResult:
    thought = _thought(bot, Turn(text=text, language=language or "", at=at, conversation="trial", id=text), {})
    best = thought.candidates[0] if thought.candidates else Candidate("", "", 0.0)
    offered = tuple(each.id for each in thought.candidates if each.question in thought.choices)
    meant = _meant(thought)
    return CaseResult(
        text=text,
        means=means,
        language=language or language_of(text),
        outcome="said" if thought.outcome == "asked" and meant else thought.outcome,
        reason=thought.reason,
        got=meant,
        best=best.id,
        score=best.score,
        offered=offered if thought.outcome == "asked" and not meant else (),
        engine=thought.steps[-1].engine if thought.steps else "",
    )


def _meant(thought: Thought) -> str:
    """A dialogue that has begun asks for something, and one that ends with a person leaves no answer behind."""
    if thought.outcome == "handed_over":
        return thought.candidates[0].id if thought.reason == FLOW_DONE and thought.candidates else ""
    if thought.choice or not thought.steps:
        return thought.choice
    notes = thought.state.get("notes", {}).get(thought.steps[-1].engine, {})
    return f"flow:{notes['flow']}" if "flow" in notes and thought.outcome != "missed" else ""


def _played(bot: Bot, script: Script, at: datetime) -> ScriptResult:
    at = script.at.replace(tzinfo=at.tzinfo) if script.at else at
    told = Turn(text="", channel=script.channel, language=script.language, tags=frozenset(script.tags), at=at)
    conversation = Conversation(bot, replace(told, form=script.form, conversation=script.name))
    return ScriptResult(name=script.name, steps=tuple(_step(conversation, each) for each in script.turn))


def _step(conversation: Conversation, exchange: Exchange) -> StepResult:
    expected = ", ".join(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in _expected(exchange))
    try:
        thought = conversation.say(exchange.customer)
    except TypeError as error:  # of an engine from outside
        return StepResult(customer=exchange.customer, expected=expected, came=f"its notes: {error}", passed=False)
    passed = all(_holds(thought, name, value) for name, value in _expected(exchange))
    return StepResult(customer=exchange.customer, expected=expected, came=_came(thought), passed=passed)


def _expected(exchange: Exchange) -> list[tuple[str, Any]]:
    named = {name: getattr(exchange, name) for name in Exchange.model_fields if name in exchange.model_fields_set}
    return [(name, value) for name, value in named.items() if name != "customer" and value is not None]


def _holds(thought: Thought, name: str, value: Any) -> bool:
    match name:
        case "says":
            return str(value) in "\n".join((thought.text, *thought.choices))
        case "choice":
            return bool(_meant(thought) == value)
        case "hands_over":
            return thought.outcome == "handed_over" and value in ("", thought.reason)
        case "asks":
            return (thought.outcome == "asked") is value
        case "misses":
            return (thought.outcome == "missed") is value
    return (thought.outcome == "silent") is value


def _came(thought: Thought) -> str:
    what = thought.reason or _meant(thought)
    words = " / ".join(filter(None, (*thought.text.splitlines(), *thought.choices)))
    return " ".join(filter(None, (thought.outcome, f"({what})" if what else "", words)))
