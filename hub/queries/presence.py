"""Who is there, and how much they have in hand."""

from __future__ import annotations

from pydantic import BaseModel
from sqlalchemy import select

from hub import current
from hub.db import db
from hub.desk.hands import Hands, hands
from hub.desk.routing import Routing
from hub.models import Agent, AgentPresence


class PresenceShape(BaseModel):
    id: int  # of the agent
    name: str
    status: str  # online, busy, away, offline
    open: int  # conversations in hand
    load: int  # per cent of what they can carry


class OwnPresence(BaseModel):
    chosen: str
    status: str


def everyone() -> list[PresenceShape]:
    theirs = select(Agent, AgentPresence.status).outerjoin(AgentPresence, AgentPresence.agent_id == Agent.id)
    rows = db.session.execute(theirs.where(Agent.disabled_at.is_(None)).order_by(Agent.name)).all()
    rules = current.settings().routing or Routing()
    full = hands(rules, {agent.id: agent.email for agent, _ in rows})
    return [_shape(agent, status or "offline", full.get(agent.id, Hands())) for agent, status in rows]


def _shape(agent: Agent, status: str, has: Hands) -> PresenceShape:
    return PresenceShape(id=agent.id, name=agent.name, status=status, open=has.open, load=round(100 * has.load))


def own(agent: Agent) -> OwnPresence:
    row = db.session.get(AgentPresence, agent.id)
    return OwnPresence(chosen=row.chosen if row else "online", status=row.status if row else "offline")
