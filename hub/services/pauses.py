"""Channels that cannot send or receive at the moment.

A paused channel lets one message try every minute, or as seldom as the error says: so it comes back by itself once ops
have mended it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from channels.errors import SendError
from hub.db import db, now
from hub.live import tell_channel
from hub.models import Bookmark, ChannelState
from hub.shapes import SILENT_FOR

PROBE = timedelta(minutes=1)
LATELY = timedelta(seconds=5)  # more than lies between two sweeps: told twice does no harm


def pause(channel: str, error: SendError) -> timedelta:
    """Returns how long to wait before the next try."""
    wait = error.after or PROBE
    values = {"paused_until": now() + wait, "reason": error.reason, "code": error.code}
    row = insert(ChannelState).values(channel=channel, **values)
    db.session.execute(row.on_conflict_do_update(index_elements=["channel"], set_=values))
    tell_channel(channel)
    return wait


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
    paused = ChannelState.channel.in_(channels) & ChannelState.paused_until.is_not(None)
    lifted = db.session.scalars(
        update(ChannelState).where(paused).values(paused_until=None, reason="", code="").returning(ChannelState.channel)
    )
    for channel in lifted:
        tell_channel(channel)
