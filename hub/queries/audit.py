"""Who did what, newest first."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlalchemy import or_, select

from hub.db import db
from hub.models import Agent, AuditEntry
from hub.shapes import Time


class AuditShape(BaseModel):
    id: int
    at: Time
    agent: str | None  # None: the hub itself, or a command
    agent_id: int | None
    action: str
    subject: str
    name: str  # of the agent that it is about, if it is about one
    detail: dict[str, Any]


def trail(
    agent_id: int | None, action: str, subject: str, cursor: int | None, limit: int
) -> tuple[list[AuditShape], int | None]:
    """`subject`: "conversation 12", or "conversation" for all of them."""
    wanted = select(AuditEntry, Agent.name).outerjoin(Agent, Agent.id == AuditEntry.agent_id)
    if agent_id is not None:
        wanted = wanted.where(AuditEntry.agent_id == agent_id)
    if action:
        wanted = wanted.where(AuditEntry.action == action)
    if subject:
        every = AuditEntry.subject.startswith(f"{subject} ", autoescape=True)
        wanted = wanted.where(or_(AuditEntry.subject == subject, every))
    if cursor is not None:
        wanted = wanted.where(AuditEntry.id < cursor)
    rows = db.session.execute(wanted.order_by(AuditEntry.id.desc()).limit(limit + 1)).all()
    names = _names([row.subject for row, _ in rows])
    page = [
        AuditShape(
            id=row.id,
            at=row.at,
            agent=name,
            agent_id=row.agent_id,
            action=row.action,
            subject=row.subject,
            name=names.get(row.subject, ""),
            detail=row.detail,
        )
        for row, name in rows[:limit]
    ]
    return page, page[-1].id if len(rows) > limit else None


def _names(subjects: list[str]) -> dict[str, str]:
    ids = {int(number) for kind, _, number in (each.partition(" ") for each in subjects) if kind == "agent"}
    found = select(Agent.id, Agent.name).where(Agent.id.in_(ids))
    return {f"agent {number}": name for number, name in db.session.execute(found)} if ids else {}
