"""Who did what."""

from __future__ import annotations

from typing import Any

from hub.db import Base, db
from hub.models import Agent, AuditEntry


def record(agent: Agent | None, action: str, subject: Base, **detail: Any) -> None:
    name = f"{subject.__tablename__} {subject.id}"  # type: ignore[attr-defined]
    db.session.add(AuditEntry(agent_id=agent.id if agent else None, action=action, subject=name, detail=detail))
