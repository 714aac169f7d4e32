"""Puts a question to its bot, and what the bot made of it into the hub's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import cast
from zoneinfo import ZoneInfo

from channels.contract import Kind
from hub import current
from hub.db import now
from hub.services.bot_turns import Question, Verdict
from workers.bots.bot import Bot, Thought
from workers.bots.contract import Line, Turn


def think(bots: Mapping[str, Bot], question: Question, version: str = "") -> Verdict:
    """May raise Later, if it is asked `at_once`."""
    bot = bots.get(question.bot)
    if bot is None:
        return Verdict(outcome="handed_over", reason="no_bot")
    if question.greet:
        return Verdict(outcome="greeted", text=bot.file.greeting)
    return _verdict(bot.think(_turn(question), question.state), question, version)


def leaves_to_people(bots: Mapping[str, Bot], question: Question, version: str = "") -> Verdict | None:
    """What needs no thinking: this customer wants a person, or must have one."""
    bot = bots.get(question.bot)
    thought = bot.leaves_to_people(_turn(question), question.state) if bot and not question.greet else None
    return _verdict(thought, question, version) if thought else None


def _turn(question: Question) -> Turn:
    return Turn(
        text=question.text,
        kind=cast(Kind, question.kind),
        history=tuple(Line(author, text) for author, text in question.history),  # type: ignore[arg-type]
        language=question.language,
        channel=question.channel,
        form=question.form,
        name=question.name,
        tags=question.tags,
        hints=question.hints,
        conversation=question.conversation,
        id=question.id,
        at=now().astimezone(ZoneInfo(current.settings().hub.timezone)),
        at_once=question.at_once,
    )


def _verdict(thought: Thought, question: Question, version: str) -> Verdict:
    return Verdict(
        outcome=thought.outcome,
        text=thought.text,
        reason=thought.reason,
        candidates=tuple(asdict(each) for each in thought.candidates),
        steps=tuple(asdict(each) for each in thought.steps),
        choice=thought.choice,
        choices=thought.choices,
        slots=thought.slots,
        sources=thought.sources,
        state=thought.state,
        revision=question.revision,
        version=version,
    )
