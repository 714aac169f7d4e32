"""Channels that cannot send or receive at the moment.

A paused channel lets one message try every minute, or as seldom as the error says: so it comes back by itself once ops
have mended it. One that a person has paused stays so until a person lets it go on.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.dialects.postgresql import insert

from channels.errors import SendError
from hub.db import db, now
from hub.jobs import ring
from hub.live import tell_channel
from hub.models import Agent, AuditEntry, Bookmark, ChannelState, Delivery
from hub.models.evidence import BY_HAND
from hub.shapes import SILENT_FOR

PROBE = timedelta(minutes=1)
FOR_GOOD = timedelta(days=3650)
LATELY = timedelta(seconds=5)  # more than lies between two sweeps: told twice does no harm


def pause(channel: str, error: SendError) -> timedelta:
    """Returns how long to wait before the next try."""
    wait = error.after or PROBE
    values = {"paused_until": now() + wait, "reason": error.reason, "code": error.code}
    _set(channel, values, unless=ChannelState.code == BY_HAND)
    return wait


def pause_by_hand(channel: str, reason: str, by: Agent) -> None:
    _set(channel, {"paused_until": now() + FOR_GOOD, "reason": reason, "code": BY_HAND})
    db.session.add(AuditEntry(agent_id=by.id, action="pause", subject=f"channel {channel}", detail={"reason": reason}))


def resume(channel: str, by: Agent) -> None:
    """Whatever paused it: the next message shows whether it is well."""
    _set(channel, {"paused_until": None, "reason": "", "code": ""})
    db.session.add(AuditEntry(agent_id=by.id, action="resume", subject=f"channel {channel}", detail={}))
    due = update(Delivery).where(Delivery.channel == channel, Delivery.state == "pending", Delivery.due_at > now())
    db.session.execute(due.values(due_at=now()))
    ring(Delivery.kind)


def _set(channel: str, values: dict[str, Any], unless: ColumnElement[bool] | None = None) -> None:
    row = insert(ChannelState).values(channel=channel, **values)
    row = row.on_conflict_do_update(index_elements=["channel"], set_=values, where=None if unless is None else ~unless)
    db.session.execute(row)
    tell_channel(channel)


def miss_receivers() -> None:
    """Of a process that is gone nobody hears, so inboxes are told once it has been silent for too long."""
    silent = now() - SILENT_FOR
    missed = select(Bookmark.channel).where(Bookmark.heard_at.between(silent - LATELY, silent))
    for channel in db.session.scalars(missed):
        tell_channel(channel)


def lift(channels: Collection[str]) -> None:
    """Something got through there."""
    if not channels:
        return
    ends_by_itself = ChannelState.paused_until.is_not(None) & (ChannelState.code != BY_HAND)
    paused = ChannelState.channel.in_(channels) & ends_by_itself
    lifted = db.session.scalars(
        update(ChannelState).where(paused).values(paused_until=None, reason="", code="").returning(ChannelState.channel)
    )
    for channel in lifted:
        tell_channel(channel)
