"""Bots think: at once while a question is taken in, or afterwards, where they have to ask somebody."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache

from flask import Flask

from hub import current
from hub.db import transaction
from hub.jobs import one_again
from hub.models import BotTurn
from hub.services import bot_turns
from hub.services.bot_turns import Question, Verdict
from workers.app import bots, hub
from workers.thinking import leaves_to_people, think

log = logging.getLogger(__name__)
SETTLED = ("said", "handed_over", "silent", "greeted")  # what is not worth waiting for more
THOUGHTS_AT_ONCE = 8  # side by side, so that one slow bot does not stop the others


def answer_at_once(turns: Sequence[BotTurn]) -> None:
    """In the transaction that takes the question in. What is left waits for `answer`."""
    decided = []
    known, version = bots()
    free = bot_turns.next_in_lane(turns)
    for turn in turns:
        question = bot_turns.question(turn, at_once=True)
        verdict = None
        with suppress(Exception):  # `answer` meets it again, and says so
            # an engine that is still thinking about what was said before keeps nobody from a person
            verdict = think(known, question, version) if turn in free else leaves_to_people(known, question, version)
        if verdict and (verdict.outcome in SETTLED or not bot_turns.wait_for_more(turn)):
            decided.append((turn, turn.conversation, verdict))
    bot_turns.settle(decided)


def answer(limit: int) -> int:
    with transaction():
        questions = bot_turns.claim_due(limit)
    if not questions:
        return 0
    _, version = bots()
    thoughts = {}
    for turn_id, question in questions.items():
        _show_typing(question)
        thoughts[turn_id] = _thinkers().submit(_thought, hub(), question, version)
    verdicts = {}
    for turn_id, thought in thoughts.items():
        try:
            verdicts[turn_id] = thought.result()
        except Exception as error:
            _failed(turn_id, error)
    if verdicts:
        with transaction():
            bot_turns.record(verdicts)
    return len(questions)


def _thought(app: Flask, question: Question, version: str) -> Verdict:
    with app.app_context():
        return think(bots()[0], question, version)


@cache
def _thinkers() -> ThreadPoolExecutor:
    """Of this process: made when it first thinks, after the fork."""
    return ThreadPoolExecutor(THOUGHTS_AT_ONCE)


def _show_typing(question: Question) -> None:
    """Who asks others takes a while."""
    channel = current.channels().get(question.channel)
    if channel and channel.capabilities.typing and not question.greet:
        current.show_typing(channel.name, question.asker.scheme, question.asker.value)


def _failed(turn_id: int, error: Exception) -> None:
    log.error("bot turn %s failed", turn_id, exc_info=error)
    with transaction():
        bot_turns.try_again(one_again(BotTurn, turn_id), error)
