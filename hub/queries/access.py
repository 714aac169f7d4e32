"""Who may read what. Supervisors read everything; agents what is their teams', or has come to them by name: what they
were given, are mentioned in, or follow.

Who stands in no team's list works for all of them: lists are how a shop narrows what people see.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_, select, true

from hub import current
from hub.db import db
from hub.models import Agent, Conversation, Follow, Mention, Message
from hub.refusals import NotFound
from hub.settings import EVERYONE


def readable(agent: Agent) -> ColumnElement[bool]:
    """The condition on conversations."""
    teams = teams_read(agent)
    if teams is None:
        return true()
    return or_(
        Conversation.team.in_(teams), Conversation.assignee_id == agent.id, mentioned(agent.id), followed(agent.id)
    )


def mentioned(agent_id: int, *which: ColumnElement[bool]) -> ColumnElement[bool]:
    theirs = select(Message.conversation_id).join(Mention, Mention.message_id == Message.id)
    return Conversation.id.in_(theirs.where(Mention.agent_id == agent_id, *which))


def followed(agent_id: int) -> ColumnElement[bool]:
    return Conversation.id.in_(select(Follow.conversation_id).where(Follow.agent_id == agent_id))


def may_read(agent: Agent, conversation: Conversation) -> bool:
    teams = teams_read(agent)
    if teams is None or conversation.team in teams or conversation.assignee_id == agent.id:
        return True
    called = or_(mentioned(agent.id), followed(agent.id))
    return db.session.scalar(select(Conversation.id).where(Conversation.id == conversation.id, called)) is not None


def must_read(agent: Agent, conversation: Conversation) -> None:
    """What somebody may not read does not exist for them."""
    if not may_read(agent, conversation):
        raise NotFound("conversation")


def teams_read(agent: Agent) -> list[str] | None:
    """None: all of them."""
    listed = any(agent.email in members for members in current.settings().hub.teams.values())
    return None if agent.role != "agent" or not listed else [EVERYONE, *current.teams_of(agent.email)]
