"""How well each channel works: how fast, how often it fails, and whether it is quieter than it ever is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel
from sqlalchemy import ColumnElement, and_, case, func, select, text

from hub import current
from hub.db import db, now
from hub.models import ChannelState, Delivery, DeliveryAttempt, Message
from hub.models.evidence import BY_HAND
from hub.queries import jobs, operations
from hub.queries.jobs import JobGroup
from hub.refusals import NotFound
from hub.shapes import ChannelHealth, ReceiverShape, Time

LATELY = timedelta(hours=1)
DAY, CELL = timedelta(hours=24), timedelta(minutes=5)
WEEK = timedelta(days=7)
ENOUGH = 50  # messages in a week, to know what is usual
QUIETER = 1.5  # times the longest silence of the week
FEW, MANY = 5, 0.05  # sends from which on a share says something, and the share of failures that is too much
STUCK = timedelta(minutes=5)
PATIENCE = "5s"
BAD = ("failed", "uncertain")
TROUBLES = (*BAD, "retrying")


class SilenceShape(BaseModel):
    since: Time
    longest_seconds: float  # that it was quiet in the last seven days


class VitalsShape(BaseModel):
    name: str
    label: str
    state: Literal["ok", "degraded", "down"]
    signs: list[Literal["paused", "deaf", "failing", "stuck", "silent"]]  # why it is not ok, the gravest first
    reason: str  # of a pause, or of not receiving, in the provider's words
    code: str
    paused_by_hand: bool
    next_try_at: Time | None  # of a pause that ends by itself
    receiver: ReceiverShape | None
    last_inbound_at: Time | None
    last_outbound_at: Time | None
    queued: int
    oldest_queued_at: Time | None
    sent: int  # in the last hour, with those that failed
    failed_share: float | None  # of them; None: too few to say
    seconds_p95: float | None  # from writing it down to the provider's answer, in the last hour
    silence: SilenceShape | None  # when it is unusual


class CellShape(BaseModel):
    at: Time
    received: int
    sent: int
    failed: int


class VitalsDetail(VitalsShape):
    cells: list[CellShape]  # of five minutes each, of the last day; those without anything are left out
    troubles: list[JobGroup]


def every() -> list[VitalsShape]:
    return _vitals(operations.channels())


def one(name: str) -> VitalsDetail:
    found = next((each for each in operations.channels() if each.name == name), None)
    if found is None:
        raise NotFound("channel")
    [vitals] = _vitals([found])
    troubles = [group for group in jobs.groups(TROUBLES) if group.channel == name]
    return VitalsDetail(**vitals.model_dump(), cells=_cells(name), troubles=troubles)


def _vitals(channels: Sequence[ChannelHealth]) -> list[VitalsShape]:
    db.session.execute(text(f"SET LOCAL statement_timeout = '{PATIENCE}'"))
    states = {row.channel: row for row in db.session.scalars(select(ChannelState))}
    sends, oldest = _sends(), _oldest_queued()
    return [
        _one(channel, states.get(channel.name), sends.get(channel.name), oldest.get(channel.name))
        for channel in channels
    ]


def _one(channel: ChannelHealth, state: ChannelState | None, sends: Any, oldest: datetime | None) -> VitalsShape:
    sent = sends.count if sends else 0
    share = sends.failed / sent if sent >= FEW else None
    silence = _silence(channel)
    signs = {
        "paused": channel.state == "paused",
        "deaf": channel.state == "deaf",
        "failing": share is not None and share > MANY,
        "stuck": oldest is not None and oldest < now() - STUCK,
        "silent": silence is not None,
    }
    found = [sign for sign, holds in signs.items() if holds]
    paused_until = state.paused_until if state else None
    by_hand = bool(state and paused_until and state.code == BY_HAND)
    return VitalsShape.model_validate(
        {
            "name": channel.name,
            "label": channel.label,
            "state": "down" if channel.state != "ok" else "degraded" if found else "ok",
            "signs": found,
            "reason": channel.reason,
            "code": state.code if state and paused_until else "",
            "paused_by_hand": by_hand,
            "next_try_at": None if by_hand else paused_until,
            "receiver": channel.receiver,
            "last_inbound_at": channel.last_inbound_at,
            "last_outbound_at": channel.last_outbound_at,
            "queued": channel.queued,
            "oldest_queued_at": oldest,
            "sent": sent,
            "failed_share": share,
            "seconds_p95": sends.seconds if sends else None,
            "silence": silence,
        }
    )


def _sends() -> dict[str, Any]:
    """Of the last hour, by channel: how many ended, how many of them badly, and how long the others took."""
    took = func.extract("epoch", DeliveryAttempt.ended_at - Message.created_at)
    ended = select(
        Delivery.channel,
        func.count(Delivery.id.distinct()).filter(Delivery.state.in_(("done", *BAD))).label("count"),
        func.count(Delivery.id.distinct()).filter(Delivery.state.in_(BAD)).label("failed"),
        func.percentile_cont(0.95).within_group(took).filter(DeliveryAttempt.outcome == "sent").label("seconds"),
    )
    lately = _carried(now() - LATELY)
    rows = ended.join(Message, Delivery.message_id == Message.id).outerjoin(DeliveryAttempt).where(lately)
    return {row.channel: row for row in db.session.execute(rows.group_by(Delivery.channel))}


def _carried(since: datetime) -> ColumnElement[bool]:
    """By channel and time, as the index has them."""
    names = list(current.channels())
    return and_(Message.channel.in_(names), Message.direction == "out", Message.created_at > since)


def _oldest_queued() -> dict[str, datetime]:
    queued = select(Delivery.channel, func.min(Delivery.created_at)).where(Delivery.state.in_(("pending", "running")))
    return dict(db.session.execute(queued.group_by(Delivery.channel)).all())


def _silence(channel: ChannelHealth) -> SilenceShape | None:
    """Providers that stop pushing say nothing: that is how one notices."""
    if channel.last_inbound_at is None:
        return None
    before = func.lag(Message.created_at).over(order_by=Message.created_at)
    theirs = (Message.channel == channel.name) & (Message.direction == "in") & (Message.created_at > now() - WEEK)
    gaps = select((Message.created_at - before).label("gap")).where(theirs).subquery()
    count, longest = db.session.execute(select(func.count(), func.max(gaps.c.gap))).one()
    if count < ENOUGH or now() - channel.last_inbound_at < QUIETER * longest:
        return None
    return SilenceShape(since=channel.last_inbound_at, longest_seconds=longest.total_seconds())


def _cells(channel: str) -> list[CellShape]:
    start = now() - DAY
    cell = func.date_bin(CELL, Message.created_at, start).label("at")
    bad = select(Delivery.id).where(Delivery.message_id == Message.id, Delivery.state.in_(BAD)).exists()
    out = Message.direction == "out"
    rows = db.session.execute(
        select(
            cell,
            func.count().filter(Message.direction == "in").label("received"),
            func.count().filter(out).label("sent"),
            func.sum(case((and_(out, bad), 1), else_=0)).label("failed"),
        )
        .where(Message.channel == channel, Message.direction.in_(("in", "out")), Message.created_at > start)
        .group_by(cell)
        .order_by(cell)
    )
    return [CellShape.model_validate(dict(row)) for row in rows.mappings()]
