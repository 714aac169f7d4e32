"""Answers for agents to insert: the same understanding as the bot's, with its confidence, and nothing decided."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hub.knowledge import Format, Knowledge, language_of, normalise
from workers.bots.asking import PERSON_WORDS, asking_for
from workers.bots.knowledge import answer_to
from workers.bots.understanding import understanding_of

SHOWN = 3
WORTH_SHOWING = 0.15  # below, it is rather noise
ASKS_FOR_PERSON = asking_for(PERSON_WORDS)


def suggested(
    knowledge: Knowledge, text: str, *, at: datetime, language: str, channel: str, form: Format
) -> list[dict[str, Any]]:
    """Best first: {id, question, text, score, url}. Dialogues suggest nothing: an agent asks for themselves."""
    beside = ASKS_FOR_PERSON.sub(" ", normalise(text)).strip()  # they have the person already
    if not beside:
        return []
    found = understanding_of(knowledge).meanings(beside, at.date(), language)
    spoken = language_of(text, language)
    worth = [each for each in found if each.score >= WORTH_SHOWING and not each.id.startswith("flow:")]
    return [
        {
            "id": each.id,
            "question": each.question,
            "text": answer_to(knowledge, each.id, channel, form, spoken),
            "score": each.score,
        }
        for each in worth[:SHOWN]
    ]
