"""What agents are told besides the messages of their conversations: somebody needs them."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import ColumnElement, select, update

from hub import current
from hub.db import db, now
from hub.live import tell_notification
from hub.models import Agent, Conversation, Mention, Message, Notification
from hub.services import pushing

Kind = Literal["mention", "assigned", "reminder", "follow", "sla", "csat", "whisper", "taken_over"]


def notify(
    agent: Agent, kind: Kind, conversation: Conversation, message: Message | None = None, **facts: object
) -> Notification:
    """`facts` are for clients, which say it in their own words; what customers wrote does not belong there."""
    row = Notification(agent=agent, kind=kind, conversation=conversation, message=message, payload=facts)
    db.session.add(row)
    tell_notification(row)
    pushing.tell_of(row)
    return row


def supervisors_of(team: str) -> list[Agent]:
    """Who answers for the team; where it has nobody of its own, all who answer for anything."""
    rows = select(Agent).where(Agent.role.in_(("supervisor", "admin"))).order_by(Agent.id)
    supervisors = list(db.session.scalars(rows))
    return [row for row in supervisors if team in current.teams_of(row.email)] or supervisors


def see(agent: Agent, *which: ColumnElement[bool]) -> None:
    """They have looked at these: all of theirs, unless told which."""
    theirs = update(Notification).where(Notification.agent_id == agent.id, Notification.seen_at.is_(None), *which)
    db.session.execute(theirs.values(seen_at=now()), execution_options={"synchronize_session": False})


def see_conversation(agent: Agent, conversation_id: int) -> None:
    """They opened it: so they have seen what was to be seen there."""
    see(agent, Notification.conversation_id == conversation_id)
    notes = select(Message.id).where(Message.conversation_id == conversation_id)
    mentions = update(Mention).where(Mention.agent_id == agent.id, Mention.seen_at.is_(None))
    db.session.execute(
        mentions.where(Mention.message_id.in_(notes)).values(seen_at=now()),
        execution_options={"synchronize_session": False},
    )
