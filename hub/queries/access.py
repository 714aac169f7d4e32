"""Who may read what. Supervisors read everything; agents what is their teams', or has come to them by name.

Who stands in no team's list works for all of them: lists are how a shop narrows what people see.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_, true

from hub import current
from hub.models import Agent, Conversation
from hub.refusals import NotFound
from hub.settings import EVERYONE


def readable(agent: Agent) -> ColumnElement[bool]:
    """The condition on conversations."""
    teams = teams_read(agent)
    if teams is None:
        return true()
    return or_(Conversation.team.in_(teams), Conversation.assignee_id == agent.id)


def may_read(agent: Agent, conversation: Conversation) -> bool:
    teams = teams_read(agent)
    return teams is None or conversation.team in teams or conversation.assignee_id == agent.id


def must_read(agent: Agent, conversation: Conversation) -> None:
    """What somebody may not read does not exist for them."""
    if not may_read(agent, conversation):
        raise NotFound("conversation")


def teams_read(agent: Agent) -> list[str] | None:
    """None: all of them."""
    listed = any(agent.email in members for members in current.settings().hub.teams.values())
    return None if agent.role != "agent" or not listed else [EVERYONE, *current.teams_of(agent.email)]
