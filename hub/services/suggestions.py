"""What the bot would say where a person answers, and what may be recommended: shown beside the thread only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import joinedload

from hub import current
from hub.db import db, now
from hub.jobs import again, claim
from hub.knowledge import Format
from hub.live import tell_suggestion
from hub.models import Agent, BotTurn, Conversation, Message, Suggestion
from hub.refusals import Invalid, NotFound
from hub.services.fitting import form_of

REMEMBERED = 5  # earlier messages of the customer
AT_ONCE = 1_000  # that are forgotten


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A message that a person is about to answer."""

    text: str
    contact: int
    language: str
    channel: str
    form: Format
    tags: frozenset[str]
    hints: Mapping[str, Any]
    said: tuple[str, ...]  # what this customer wrote before, newest first


def want(conversation: Conversation, message: Message) -> None:
    """Where the shop knows anything. The one before it is not needed any more."""
    knowledge = current.settings().knowledge
    if message.kind != "text" or not message.text.strip() or not (knowledge.examples or knowledge.items):
        return
    db.session.add(
        Suggestion(
            lane=f"suggestion:{message.channel}:{message.identity_id}",
            conversation=conversation,
            message=message,
            answers=[],
            recommendations=[],
            edited=False,
        )
    )


def claim_due(limit: int) -> dict[int, Wanted]:
    conversation = joinedload(Suggestion.conversation)
    whole = (joinedload(Suggestion.message), conversation.joinedload(Conversation.contact))
    return {row.id: _wanted(row) for row in claim(Suggestion, limit=limit, options=whole)}


def _wanted(row: Suggestion) -> Wanted:
    conversation, message = row.conversation, row.message
    before = (
        select(Message.text)
        .where(Message.conversation_id == conversation.id, Message.author_kind == "contact", Message.text != "")
        .where(Message.position < message.position)
        .order_by(Message.position.desc())
        .limit(REMEMBERED)
    )
    channel = current.channels().get(message.channel)
    return Wanted(
        text=message.text,
        contact=conversation.contact_id,
        language=conversation.contact.language,
        channel=message.channel,
        form=form_of(channel.capabilities) if channel else "plain",
        tags=frozenset(conversation.contact.tags),
        hints=conversation.context,
        said=tuple(db.session.scalars(before)),
    )


def record(made: Mapping[int, tuple[Sequence[dict[str, Any]], Sequence[dict[str, Any]]]]) -> None:
    """Answers and recommendations, by the id of the job."""
    for row in again(Suggestion, made):
        row.state, (answers, recommendations) = "done", made[row.id]
        row.answers, row.recommendations = list(answers), list(recommendations)
        if answers or recommendations:
            tell_suggestion(row.conversation_id)


def newest(conversation_id: int) -> Suggestion | None:
    rows = select(Suggestion).where(Suggestion.conversation_id == conversation_id, Suggestion.state == "done")
    return db.session.scalar(rows.order_by(Suggestion.id.desc()).limit(1))


def used(suggestion_id: int, which: str, text: str, conversation: Conversation, agent: Agent) -> None:
    """An agent sends it, as it is or changed: whether suggestions are worth their place is measured by this."""
    row = db.session.get(Suggestion, suggestion_id)
    if row is None or row.conversation_id != conversation.id:
        raise NotFound("suggestion")
    taken = next((each for each in (*row.answers, *row.recommendations) if each["id"] == which), None)
    if taken is None:
        raise Invalid("suggestion", f"there is none called {which!r}")
    row.used, row.edited, row.used_by_id = which, taken["text"].strip() != text.strip(), agent.id


def rate(message: Message, rating: str | None, meant: str | None, agent: Agent) -> BotTurn:
    """Thumbs on what the bot said; `meant`: what it should have answered, the id of an entry, or "none"."""
    turn = db.session.scalar(select(BotTurn).where(BotTurn.answer_id == message.id).with_for_update())
    if turn is None:
        raise NotFound("answer of a bot")
    if meant not in (None, "none") and meant not in {meaning for _, meaning in current.settings().knowledge.examples}:
        raise Invalid("meant", f"nothing is called {meant!r}")
    turn.rating, turn.meant, turn.rated_by_id = rating, meant, agent.id if rating else None
    payload = {**message.payload, "rating": {"rating": rating, "meant": meant, "by": agent.name} if rating else None}
    message.payload = {name: value for name, value in payload.items() if value is not None}
    return turn


def forget(older_than: timedelta) -> int:
    """Done ones, a batch at a time so that nobody waits for the lock."""
    old = (Suggestion.state == "done") & (Suggestion.created_at < now() - older_than)
    batch = select(Suggestion.id).where(old).order_by(Suggestion.id).limit(AT_ONCE)
    return len(db.session.scalars(delete(Suggestion).where(Suggestion.id.in_(batch)).returning(Suggestion.id)).all())
