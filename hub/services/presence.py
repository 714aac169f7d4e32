"""Whether agents are there: what they choose, and what their open inboxes show."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from hub import current
from hub.db import db, now
from hub.desk.presence import SEEN_LASTS, Status, status_of
from hub.live import tell_presence
from hub.models import Agent, AgentPresence
from hub.services import lines


def seen(agent: Agent, idle: timedelta) -> bool:
    """Their inbox is open; the last key or click in it was `idle` ago. Whether they have just come."""
    active_at = now() - idle
    row = _row(agent, active_at)
    row.seen_at, row.active_at = now(), max(row.active_at, active_at)
    return _tell(row, _in_call())


def choose(agent: Agent, status: Status) -> bool:
    row = _row(agent, now())
    row.chosen, row.seen_at, row.active_at = status, now(), now()
    return _tell(row, _in_call())


def leave(agent: Agent) -> None:
    """They signed out: nobody need wait until the inbox is missed."""
    if row := db.session.get(AgentPresence, agent.id, with_for_update=True):
        row.seen_at = now() - SEEN_LASTS
        _tell(row, _in_call())


def notice() -> None:
    """Time has passed: who was there may no longer be, and calls have begun and ended."""
    calling, away_after = _in_call(), current.settings().present.away_after
    changed = [
        row.agent_id
        for row in db.session.scalars(select(AgentPresence))
        if status_of(row, now(), away_after, in_call=row.agent_id in calling) != row.status
    ]
    again = select(AgentPresence).where(AgentPresence.agent_id.in_(changed)).order_by(AgentPresence.agent_id)
    fresh = again.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    for row in db.session.scalars(fresh) if changed else ():
        _tell(row, calling)


def _row(agent: Agent, active_at: datetime) -> AgentPresence:
    """Ours alone until the commit."""
    unknown = {"chosen": "online", "status": "offline", "seen_at": now(), "active_at": active_at}
    db.session.execute(insert(AgentPresence).values(agent_id=agent.id, **unknown).on_conflict_do_nothing())
    return db.session.get_one(AgentPresence, agent.id, with_for_update=True, populate_existing=True)


def _tell(row: AgentPresence, calling: Collection[int | None]) -> bool:
    """Whether they may be given something now that could not be before."""
    status = status_of(row, now(), current.settings().present.away_after, in_call=row.agent_id in calling)
    if status == row.status:
        return False
    row.status = status
    tell_presence(row.agent_id, status)
    return status == "online"


def _in_call() -> Collection[int | None]:
    return lines.busy() if lines.lines() else ()
