"""Calls that are going on."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from hub.db import db
from hub.models import Call, Conversation, Message
from hub.shapes import LiveCallShape


def live(teams: Collection[str], agent_id: int) -> list[LiveCallShape]:
    """Of these teams, and those that this agent is on."""
    rows = (
        select(Call)
        .join(Call.message)
        .join(Message.conversation)
        .options(joinedload(Call.message).joinedload(Message.conversation).joinedload(Conversation.contact))
        .where(Call.state != "ended", Conversation.team.in_(teams) | (Call.agent_id == agent_id))
        .order_by(Call.queued_at, Call.id)
    )
    return [LiveCallShape.shown(call) for call in db.session.scalars(rows) if "call" in call.message.payload]
