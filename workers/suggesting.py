"""What the bot would answer where a person does, and what may be recommended."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app

from hub import current
from hub.db import now, transaction
from hub.knowledge import Knowledge, Language
from hub.queries import recommended
from hub.services import suggestions
from hub.services.suggestions import Wanted
from workers.app import bots
from workers.bots.recommending import Asked, Recommender, Uses
from workers.bots.suggesting import suggested

COUNTED_EVERY = 600.0  # seconds
UNDERSTOOD = 0.35  # how likely the first answer must be meant, for what goes together with it
USES = "uses of recommendations"


def suggest(limit: int) -> int:
    with transaction():
        wanted = suggestions.claim_due(limit)
    if not wanted:
        return 0
    bots()  # of the version in use
    beside: Mapping[int, Collection[str]] = {}
    if current.settings().knowledge.items:
        with transaction():
            beside, uses = recommended.used_beside(wanted), _uses()
    else:
        uses = Uses()
    made = {job_id: _made(each, beside.get(job_id, ()), uses) for job_id, each in wanted.items()}
    with transaction():
        suggestions.record(made)
    return len(wanted)


def _made(wanted: Wanted, used: Collection[str], uses: Uses) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    settings = current.settings()
    at = now().astimezone(ZoneInfo(settings.hub.timezone))
    answers = suggested(
        settings.knowledge,
        wanted.text,
        at=at,
        language=wanted.language,
        channel=wanted.channel,
        form=wanted.form,
    )
    if not settings.knowledge.items:
        return answers, []
    asked = Asked(
        text=wanted.text,
        at=at,
        channel=wanted.channel,
        tags=wanted.tags,
        hints=wanted.hints,
        language=wanted.language,
        used=used,
        means=[(each["id"], each["question"]) for each in answers if each["score"] >= UNDERSTOOD],
    )
    tongue: Language = "en" if settings.hub.language == "en" else "zh"
    return answers, _recommender(settings.knowledge).recommended(asked, uses, tongue)


def _uses() -> Uses:
    """Counted now and then: it is a matter of months."""
    counted: tuple[float, Uses] | None = current_app.extensions.get(USES)
    if counted is None or time.monotonic() - counted[0] >= COUNTED_EVERY:
        counted = time.monotonic(), Uses.count(recommended.used_together())
        current_app.extensions[USES] = counted
    return counted[1]


_made_of: dict[int, tuple[Knowledge, Recommender]] = {}


def _recommender(knowledge: Knowledge) -> Recommender:
    """Once a version. The one before is let go."""
    if id(knowledge) not in _made_of:
        _made_of.clear()
        made = Recommender(knowledge.items, [said for said, _ in knowledge.examples], knowledge.synonyms)
        _made_of[id(knowledge)] = knowledge, made  # held, so that nothing else gets its id
    return _made_of[id(knowledge)][1]
