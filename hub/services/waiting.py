"""Replies that wait for the customer: they go out when the customer writes again, or in the answer to that push."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import joinedload
from sqlalchemy.sql.base import ExecutableOption

from channels.contract import Address, OutboundMessage
from hub import current
from hub.db import db, now
from hub.jobs import UNFINISHED, ring
from hub.live import tell
from hub.models import Arrival, BotTurn, Delivery, DeliveryAttempt, Identity
from hub.services import allowances, deliveries

BETWEEN_TEXTS = "\n\n"
WHOLE = (joinedload(Delivery.message), joinedload(Delivery.identity))


def for_customers(identity_ids: Collection[int]) -> list[Delivery]:
    """What waits for them; ours alone until the commit, and asked for before the allowances: so does who sends."""
    # not with their identities: those are in hand, and changed
    return _waiting(Delivery.identity_id.in_(identity_ids), joinedload(Delivery.message))


def release(rows: Collection[Delivery]) -> None:
    """They wrote: what waited for that goes first, as far as the new allowance reaches."""
    theirs: dict[int, list[Delivery]] = {}
    for row in rows:
        if row.identity.reachable:
            theirs.setdefault(row.identity_id, []).append(row)
    purses = allowances.purses(theirs) if theirs else {}
    for identity_id, waiting in theirs.items():
        purse = [row for row in purses[identity_id] if row.left]
        for delivery in waiting:
            channel = current.channels().get(delivery.channel)
            if channel is None or channel.capabilities.answers_inline or channel.capabilities.spoken:
                continue
            if channel.capabilities.allowances:
                if not purse:
                    break
                delivery.spent = allowances.take_one(purse)
            delivery.state, delivery.due_at, delivery.error, delivery.error_code = "pending", now(), "", ""
            ring(Delivery.kind)
            tell(delivery.message)


def has_answer(channel: str, sender: Address, lane: str, push: str) -> bool:
    """Whether there is something to say, and nothing of this lane is still taken in or thought about. One query."""
    thinking = or_(
        *(select(job.id).where(job.lane == lane, job.state.in_(UNFINISHED)).exists() for job in (Arrival, BotTurn))
    )
    waits = select(Delivery.id).join(Delivery.identity).where(_to(sender), _waits_on(channel)).exists()
    return bool(db.session.scalar(select(~thinking & or_(waits, _answered(channel, push).exists()))))


def answer_inline(channel: str, sender: Address, push: str) -> OutboundMessage | None:
    """What the response to this push carries: the oldest that waits, with the texts that follow it.

    A push that is repeated is given the same answer again: of several the provider takes one.
    """
    if rows := _in_order(_answered(channel, push), *WHOLE):
        return _together(rows)
    rows = _waiting(Delivery.identity.has(_to(sender)) & _waits_on(channel), *WHOLE)
    carried = rows[: _fitting(rows, current.channels()[channel].capabilities.text_bytes)]
    for delivery in carried:
        delivery.state, delivery.error, delivery.error_code = "done", "", ""
        delivery.provider_id, delivery.attempts = push, delivery.attempts + 1
        db.session.add(DeliveryAttempt(delivery_id=delivery.id, started_at=now(), outcome="sent"))
        tell(delivery.message)
    return _together(carried) if carried else None


def _to(sender: Address) -> ColumnElement[bool]:
    return (Identity.scheme == sender.scheme) & (Identity.value == sender.value)


def _waits_on(channel: str) -> ColumnElement[bool]:
    return (Delivery.state == "waiting") & (Delivery.channel == channel)


def _answered(channel: str, push: str) -> Select[Delivery]:
    return select(Delivery).where(Delivery.channel == channel, Delivery.provider_id == push)


def _waiting(theirs: ColumnElement[bool], *options: ExecutableOption) -> list[Delivery]:
    rows = select(Delivery).where(Delivery.state == "waiting", theirs)
    return _in_order(rows.with_for_update(of=Delivery), *options)


def _in_order(rows: Select[Delivery], *options: ExecutableOption) -> list[Delivery]:
    found = rows.order_by(Delivery.id).options(*options).execution_options(populate_existing=True)
    return list(db.session.scalars(found))


def _fitting(rows: Sequence[Delivery], limit: int | None) -> int:
    """How many of them one answer can say."""
    count, size = 0, -len(BETWEEN_TEXTS)
    for row in rows:
        size += len(BETWEEN_TEXTS) + len(row.text.encode())
        if count and (row.payload or not row.text or (limit and size > limit)):
            break
        count += 1
        if row.payload:
            break
    return count


def _together(rows: Sequence[Delivery]) -> OutboundMessage:
    first = deliveries.outbound(rows[0], Path(), current.settings().hub)
    return replace(first, text=BETWEEN_TEXTS.join(row.text for row in rows)) if first.text else first
