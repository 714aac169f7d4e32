"""Who may read a conversation, and so who hears of it.

Supervisors read everything; agents what is their teams', or has come to them by name: what they were given, are
mentioned in, or follow. Who stands in no team's list works for all of them: lists are how a shop narrows what people
see.

An event is told to topics, and an agent listens to topics: they hear it where the two meet.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select, union_all

from hub import current
from hub.db import db
from hub.models import Agent, Conversation, Follow, Mention, Message
from hub.settings import EVERYONE

Topics = frozenset[str]
EVERYBODY: Topics = frozenset({"everybody"})
ALL_TEAMS = "teams"  # of those who read everything


def of_agent(agent_id: int) -> str:
    return f"agent:{agent_id}"


def of_team(team: str) -> str:
    return f"team:{team}"


def teams_read(agent: Agent) -> list[str] | None:
    """None: all of them."""
    listed = any(agent.email in members for members in current.settings().hub.teams.values())
    return None if agent.role != "agent" or not listed else [EVERYONE, *current.teams_of(agent.email)]


def topics(agent: Agent) -> Topics:
    """What this agent listens to."""
    teams = teams_read(agent)
    read = [ALL_TEAMS] if teams is None else map(of_team, teams)
    return EVERYBODY | {of_agent(agent.id), *read}


def audience(team: str, assignee_id: int | None) -> Topics:
    """Who hears of a conversation that is theirs."""
    return frozenset({ALL_TEAMS, of_team(team), *([of_agent(assignee_id)] if assignee_id else [])})


def audiences(conversation_ids: Collection[int]) -> dict[int, Topics]:
    """As the rows stand in this transaction, with those who are mentioned or follow."""
    follow = select(Follow.agent_id).where(Follow.conversation_id == Conversation.id)
    mentioned = select(Mention.agent_id).join(Mention.message).where(Message.conversation_id == Conversation.id)
    columns = (Conversation.id, Conversation.team, Conversation.assignee_id)
    called = func.array(union_all(follow.correlate(Conversation), mentioned.correlate(Conversation)).scalar_subquery())
    rows = db.session.execute(select(*columns, called).where(Conversation.id.in_(conversation_ids)))
    return {number: audience(team, assignee_id).union(map(of_agent, ids)) for number, team, assignee_id, ids in rows}


def may_read(agent: Agent, conversation: Conversation) -> bool:
    return not topics(agent).isdisjoint(audiences([conversation.id])[conversation.id])
