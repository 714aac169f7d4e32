"""Agents that a note calls by name."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from hub.db import db
from hub.models import Agent, Mention, Message
from hub.refusals import Invalid
from hub.services.notifications import notify


def mention(note: Message, agent_ids: Collection[int], by: Agent) -> None:
    """They are told, and may read the conversation from now on."""
    called = db.session.scalars(select(Agent).where(Agent.id.in_(agent_ids)).order_by(Agent.id)).all()
    if unknown := set(agent_ids) - {agent.id for agent in called}:
        raise Invalid("mentions", f"there is no agent {min(unknown)}")
    for agent in called:
        db.session.add(Mention(message=note, agent_id=agent.id))
        if agent.id != by.id:
            notify(agent, "mention", note.conversation, note, by=by.name)
    note.payload = {**note.payload, "mentions": [{"id": agent.id, "name": agent.name} for agent in called]}
