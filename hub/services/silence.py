"""Agents who do not answer: a reminder, then the conversation goes back to the queue. As config/routing.toml tells."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload

from hub import current
from hub.db import db, now
from hub.desk.routing import Routing
from hub.models import Conversation
from hub.services import conversations, routing
from hub.services.notifications import notify
from hub.services.threads import note_event

AT_ONCE = 100


def act() -> None:
    rules = current.settings().routing
    if not rules or not rules.silence.remind_after:
        return
    late = Conversation.owed_since < now() - rules.silence.remind_after
    for conversation in _silent(rules, late & Conversation.reminded_at.is_(None)):
        conversation.reminded_at = now()
        owner = conversation.assignee
        assert conversation.owed_since and owner
        waited = int((now() - conversation.owed_since).total_seconds())
        line = note_event(conversation, "reminded", agent=owner.name, agent_id=owner.id, waited=waited)
        notify(owner, "reminder", conversation, line, waited=waited)
    if rules.silence.return_after:
        for conversation in _silent(rules, Conversation.reminded_at < now() - rules.silence.return_after):
            conversations.give_back(conversation)


def _silent(rules: Routing, late: ColumnElement[bool]) -> list[Conversation]:
    """Nobody is reminded at night."""
    rows = (
        select(Conversation)
        .options(joinedload(Conversation.assignee))
        .where(Conversation.status == "open", Conversation.owed_since.is_not(None), late)
        .where(Conversation.assignee_id.is_not(None))
        .order_by(Conversation.id)
        .limit(AT_ONCE)
        .with_for_update(of=Conversation, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return [row for row in db.session.scalars(rows) if routing.is_open(rules, row.team, now())]
