"""Colleagues."""

from __future__ import annotations

from sqlalchemy import select

from hub.db import db
from hub.models import Agent


def find(agent_id: int) -> Agent | None:
    return db.session.get(Agent, agent_id)


def by_email(email: str) -> Agent | None:
    return db.session.scalar(select(Agent).where(Agent.email == email.strip().lower()))


def everyone() -> list[Agent]:
    return list(db.session.scalars(select(Agent).order_by(Agent.name)))
