"""Puts a question to its bot, and the bot's answer into the hub's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import cast

from channels.contract import Kind
from hub import current
from hub.services.bot_turns import Question, Verdict
from workers.bots.contract import Bot, HandOver, Line, Say, Turn


def think(bots: Mapping[str, Bot], question: Question) -> Verdict:
    if question.bot not in bots:
        return Verdict(outcome="handed_over", reason="no_bot")
    if question.greet:
        return Verdict(outcome="greeted", text=current.settings().bots[question.bot].file.greeting)
    turn = Turn(
        text=question.text,
        kind=cast(Kind, question.kind),
        history=tuple(Line(author, text) for author, text in question.history),  # type: ignore[arg-type]
        language=question.language,
        channel=question.channel,
    )
    match bots[question.bot].answer(turn):
        case Say(text=text, candidates=candidates, choice=choice, choices=choices):
            evidence = tuple(asdict(candidate) for candidate in candidates)
            return Verdict(outcome="said", text=text, candidates=evidence, choice=choice, choices=choices)
        case HandOver(reason=reason, text=text, candidates=candidates):
            evidence = tuple(asdict(candidate) for candidate in candidates)
            return Verdict(outcome="handed_over", text=text, reason=reason, candidates=evidence)
    return Verdict(outcome="missed")
