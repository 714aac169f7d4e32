"""Colleagues."""

from __future__ import annotations

from sqlalchemy import func, or_, select

from hub.db import db, now
from hub.models import AccessToken, Agent
from hub.pinyin import likeness


def find(agent_id: int) -> Agent | None:
    """Whom work can be given to."""
    agent = db.session.get(Agent, agent_id)
    return None if agent is None or agent.disabled_at else agent


def by_email(email: str) -> Agent | None:
    return db.session.scalar(select(Agent).where(Agent.email == email.strip().lower()))


def everyone(words: str = "") -> list[Agent]:
    """Who works here now, by their names; those found by some words, best first."""
    rows = list(db.session.scalars(select(Agent).where(Agent.disabled_at.is_(None)).order_by(Agent.name)))
    found = {row.id: max(likeness(words, row.name), likeness(words, row.email.partition("@")[0])) for row in rows}
    return sorted((row for row in rows if found[row.id]), key=lambda row: -found[row.id])


def tokens(agent: Agent) -> list[AccessToken]:
    """Where this agent is signed in, and the programs that act for them; what was used last comes first."""
    mine = select(AccessToken).where(AccessToken.agent_id == agent.id, AccessToken.kind.in_(("session", "api")))
    living = or_(AccessToken.expires_at.is_(None), AccessToken.expires_at > now())
    newest = func.coalesce(AccessToken.used_at, AccessToken.created_at).desc()
    return list(db.session.scalars(mine.where(living).order_by(newest, AccessToken.id)))
