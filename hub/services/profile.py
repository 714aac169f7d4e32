"""What agents change about themselves."""

from __future__ import annotations

from hub.db import db
from hub.live import tell_access
from hub.models import AccessToken, Agent
from hub.refusals import NotFound
from hub.services import agents, audit


def rename(agent: Agent, name: str) -> None:
    audit.record(agent, "rename", agent, before=agent.name, name=name)
    agent.name = name


def change_password(agent: Agent, password: str, keep: str) -> None:
    """Whoever knew the old one is out, in every browser but this."""
    agents.set_password(agent, password)
    agents.end_sessions(agent, but=keep)
    audit.record(agent, "change_password", agent)


def revoke(agent: Agent, token_id: int) -> None:
    row = db.session.get(AccessToken, token_id)
    if row is None or row.agent_id != agent.id:
        raise NotFound("token")
    audit.record(agent, "revoke", row, kind=row.kind, name=row.name)
    db.session.delete(row)
    tell_access()
