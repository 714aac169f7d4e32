"""Filters of the list that agents keep under a name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from hub.db import db
from hub.models import Agent, SavedView
from hub.refusals import Invalid, NotFound, Refusal
from hub.services import audit

MOST = 50  # of one agent


def keep(agent: Agent, name: str, wanted: Mapping[str, Any], *, shared: bool) -> SavedView:
    newest = select(func.count(), func.max(SavedView.position)).where(SavedView.agent_id == agent.id)
    count, position = db.session.execute(newest).one()
    if count >= MOST:
        raise Invalid("name", f"{MOST} views are enough: delete one first")
    row = SavedView(agent=agent, name=name, filter=dict(wanted), shared=shared, position=(position or 0) + 1)
    db.session.add(row)
    db.session.flush()
    audit.record(agent, "save_view", row, shared=shared)
    return row


def change(row: SavedView, by: Agent, **changes: Any) -> None:
    _check_owner(row, by)
    for name, value in changes.items():
        setattr(row, name, value)
    audit.record(by, "change_view", row)


def forget(row: SavedView, by: Agent) -> None:
    _check_owner(row, by)
    db.session.delete(row)
    audit.record(by, "delete_view", row)


def _check_owner(row: SavedView, by: Agent) -> None:
    """A shared one is its maker's, and a supervisor's to keep in order."""
    if row.agent_id == by.id:
        return
    if not row.shared:
        raise NotFound("view")
    if by.role == "agent":
        raise Refusal(
            "not_your_view", f"{row.agent.name} made this view: ask them to change it.", 403, by=row.agent.name
        )
