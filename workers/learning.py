"""What bots had no right answer to, put together for people once a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hub import current
from hub.db import now, transaction
from hub.knowledge import Knowledge, normalise
from hub.queries.learning import Settled, Unanswered, settled, unanswered
from hub.services import learning, versions
from hub.services.learning import Found
from workers.bots.clustering import Cluster, Question, alike, clusters
from workers.bots.spaces import Space, space_of
from workers.bots.suggesting import WORTH_SHOWING
from workers.bots.understanding import understanding_of

WEEK = timedelta(days=7)
NEAREST = 3


def learn() -> int:
    """How many groups of questions there are for people to look at."""
    at = now()
    with transaction():
        knowledge = versions.refreshed().knowledge
        asked, decided = unanswered(at - 2 * WEEK), settled()
    told = [text for text, _ in knowledge.examples]
    texts = [*(each.text for each in asked), *(text for each in decided for text in each.texts), *told]
    space = space_of([*dict.fromkeys(texts)], knowledge.synonyms)
    new = _new(asked, decided, knowledge, space)
    found = [
        _found(bot, cluster, this_week)
        for bot, this_week, theirs in _by_bot(new, at)
        for cluster in clusters(theirs, space, lambda text: _nearest(knowledge, text))
        if not this_week.isdisjoint(cluster.questions)
    ]
    with transaction():
        learning.replace_open(found)
    return len(found)


def _new(
    asked: Sequence[Unanswered], decided: Sequence[Settled], knowledge: Knowledge, space: Space
) -> list[Unanswered]:
    """Nobody has decided about them, or questions like them, and the bot has not learned them meanwhile."""
    known = {normalise(text) for text, _ in knowledge.examples}
    seen = {number for each in decided for number in each.messages}
    left = [
        each
        for each in asked
        if each.message not in seen and (each.answered_wrongly or normalise(each.text) not in known)
    ]
    for until in sorted({each.until for each in decided}):
        earlier = [each for each in left if each.at <= until]
        said = [text for each in decided if each.until == until for text in each.texts]
        old = alike([each.text for each in earlier], said, space)
        gone = {each.message for each, is_old in zip(earlier, old, strict=True) if is_old}
        left = [each for each in left if each.message not in gone]
    return left


def _by_bot(asked: Sequence[Unanswered], at: datetime) -> list[tuple[str, frozenset[int], list[Question]]]:
    """Each with those of this week; those of the week before tell whether it becomes more."""
    found = []
    for bot in sorted({each.bot for each in asked}):
        theirs = [each for each in asked if each.bot == bot]
        this_week = frozenset(each.message for each in theirs if each.at > at - WEEK)
        found.append((bot, this_week, [Question(each.message, each.text) for each in theirs]))
    return found


def _found(bot: str, cluster: Cluster, this_week: frozenset[int]) -> Found:
    size = len(this_week.intersection(cluster.questions))
    return Found(
        bot=bot,
        size=size,
        before=cluster.size - size,
        examples=cluster.examples,
        messages=cluster.questions,
        nearest=cluster.nearest,
    )


def _nearest(knowledge: Knowledge, text: str) -> list[Mapping[str, Any]]:
    on = now().astimezone(ZoneInfo(current.settings().hub.timezone)).date()
    found = understanding_of(knowledge).meanings(text, on)
    near = [each for each in found[:NEAREST] if each.score >= WORTH_SHOWING]
    return [{"id": each.id, "question": each.question, "score": each.score} for each in near]
