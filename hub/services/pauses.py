"""Channels that cannot send at the moment, because something is wrong with our account.

A paused channel lets one message try every minute, so it comes back by itself once ops have mended it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from channels.errors import SendError
from hub.db import db, now
from hub.live import tell_channel
from hub.models import ChannelState
from hub.shapes import ChannelShape

PROBE = timedelta(minutes=1)


def pause(channel: str, error: SendError) -> timedelta:
    """Returns how long to wait before the next try."""
    values = {"paused_until": now() + PROBE, "reason": error.reason, "code": error.code}
    row = insert(ChannelState).values(channel=channel, **values)
    db.session.execute(row.on_conflict_do_update(index_elements=["channel"], set_=values))
    tell_channel(ChannelShape(name=channel, state="paused", reason=error.reason))
    return PROBE


def lift(channels: Collection[str]) -> None:
    """Something got through there."""
    if not channels:
        return
    paused = ChannelState.channel.in_(channels) & ChannelState.paused_until.is_not(None)
    lifted = db.session.scalars(
        update(ChannelState).where(paused).values(paused_until=None, reason="", code="").returning(ChannelState.channel)
    )
    for channel in lifted:
        tell_channel(ChannelShape(name=channel, state="ok", reason=""))
