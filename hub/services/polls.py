"""Channels that are asked for what is new: each has one job, which is never done."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from channels.contract import Event, PolledChannel
from channels.errors import Misconfigured, SendError
from hub import current
from hub.db import db, now
from hub.jobs import claim, one_again, retry_later, ring
from hub.models import Arrival, Poll
from hub.services import arrivals, pauses


def begin() -> None:
    """Whatever config/ names is asked from now on."""
    polled = [channel.name for channel in _polled()]
    known = set(db.session.scalars(select(Poll.channel).where(Poll.channel.in_(polled))))
    for name in polled:
        if name not in known:
            values = {"lane": name, "channel": name, "state": "pending", "attempts": 0, "error": "", "error_code": ""}
            row = insert(Poll).values(**values, due_at=now(), created_at=now())
            db.session.execute(row.on_conflict_do_nothing())


def claim_due(limit: int) -> list[Poll]:
    return claim(Poll, Poll.channel.in_([channel.name for channel in _polled()]), limit=limit)


def polled(job_id: int, found: Iterable[Event] | SendError) -> None:
    """An error says so in the list of jobs until the next time goes well."""
    job = one_again(Poll, job_id)
    channel = current.channels()[job.channel]
    assert isinstance(channel, PolledChannel)
    pause = channel.poll_every
    if isinstance(found, SendError):
        job.error, job.error_code = found.reason or type(found).__name__, found.code
        pause = found.after or pause
        if isinstance(found, Misconfigured):
            pauses.pause(job.channel, found)
    else:
        job.error = job.error_code = ""
        job.attempts = 0
        arrivals.store(db.session.connection(), [arrivals.polled(channel, event) for event in found])
        ring(Arrival.kind)
    retry_later(job, pause)


def _polled() -> list[PolledChannel]:
    return [channel for channel in current.channels().values() if isinstance(channel, PolledChannel)]
