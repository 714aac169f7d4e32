"""What goes over from one conversation to another: messages with all that hangs on them, and how the other stands."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import selectinload

from hub.db import db, now
from hub.live import tell
from hub.models import Agent, Contact, Conversation, Identity, Message
from hub.shapes import rfc3339

WEAKEST_FIRST = ("bot", "snoozed", "waiting", "open")
# of a conversation, until somebody acts
STANDING = (
    *("status", "assignee_id", "team", "waiting_since", "snoozed_until"),
    *("owed_since", "unanswered_since", "first_answered_at"),
)
TOLD = 50  # moved messages of a thread, the newest: a page

Standing = dict[str, Any]


def combine(target: Conversation, source: Conversation) -> None:
    """A person's before the queue's, that before the snoozed and the bot's; who has it keeps it."""
    both = (target, source)
    status = max(both, key=lambda row: WEAKEST_FIRST.index(row.status))
    target.team, target.status = status.team, status.status
    target.assignee = target.assignee or source.assignee
    target.bot = target.bot or source.bot
    if target.status in ("open", "waiting"):
        target.status = "open" if target.assignee else "waiting"
    owed = [since for row in both if (since := row.owed_since or row.waiting_since)]
    waits = [row.waiting_since for row in both if row.waiting_since]
    target.waiting_since = min(waits, default=now()) if target.status == "waiting" else None
    target.owed_since = min(owed, default=None) if target.status == "open" else None
    until = [row.snoozed_until for row in both if row.snoozed_until]
    target.snoozed_until = min(until, default=None) if target.status == "snoozed" else None
    target.context = {**source.context, **target.context}
    target.unread += source.unread
    target.last_position = max(target.last_position, source.last_position)
    if _newest_in(source) > _newest_in(target):
        target.newest_in_at, target.newest_in_sequence = source.newest_in_at, source.newest_in_sequence
        target.reply_channel, target.reply_identity = source.reply_channel, source.reply_identity


def _newest_in(row: Conversation) -> tuple[float, int]:
    return (row.newest_in_at.timestamp() if row.newest_in_at else 0.0, row.newest_in_sequence)


def standing(row: Conversation) -> Standing:
    values = {name: getattr(row, name) for name in STANDING}
    return {name: rfc3339(value) if isinstance(value, datetime) else value for name, value in values.items()}


def stand(row: Conversation, was: Standing, bot_was_silent: bool) -> None:
    row.status, row.team = was["status"], was["team"]
    row.assignee = db.session.get(Agent, was["assignee_id"]) if was["assignee_id"] else None
    row.waiting_since, row.snoozed_until = _time(was["waiting_since"]), _time(was["snoozed_until"])
    for name in ("owed_since", "unanswered_since", "first_answered_at"):
        setattr(row, name, _time(was.get(name)))
    if row.status == "bot" and bot_was_silent:
        row.status, row.waiting_since = "waiting", now()


def _time(said: str | None) -> datetime | None:
    return datetime.fromisoformat(said) if said else None


def move(source: Conversation, target: Conversation, which: ColumnElement[bool]) -> list[int]:
    """Those of the source that are `which`; the inboxes are told of the newest. Their ids."""
    its = update(Message).where(Message.conversation_id == source.id, which).values(conversation_id=target.id)
    ids = sorted(db.session.scalars(quietly(its.returning(Message.id))))
    rows = (
        select(Message)
        .where(Message.id.in_(ids[-TOLD:]))
        .options(selectinload(Message.attachments), selectinload(Message.deliveries))
        .execution_options(populate_existing=True)
    )
    for row in db.session.scalars(rows):
        tell(row)
    return ids


def inbound(ids: Collection[int]) -> int:
    rows = select(Message.id).where(Message.id.in_(ids), Message.direction == "in")
    return len(db.session.scalars(rows).all())


def beside(target: Conversation, contact: Contact) -> Conversation:
    """A conversation of its own for what was said after the merge."""
    half = Conversation(
        contact=contact,
        thread=target.thread,
        subject=target.subject,
        status="resolved",
        team=target.team,
        priority=target.priority,
        needs=target.needs,
        labels=list(target.labels),
        disposition="",
        takes_chat=False,
        bot=target.bot,
        reply_channel=target.reply_channel,
        reply_identity=target.reply_identity,
        misses=0,
        bot_state={},
        bot_revision=0,
        unread=0,
        context={},
        last_position=0,
        newest_in_sequence=0,
        created_at=target.created_at,
    )
    db.session.add(half)
    db.session.flush()
    return half


def recount(row: Conversation, channel: str, identity_id: int) -> None:
    """What is known of the thread's end. Without a message of the contact's own, replies go to the channel given."""
    db.session.flush()
    its = select(Message).where(Message.conversation_id == row.id)
    last = db.session.scalar(its.order_by(Message.position.desc()).limit(1))
    newest = db.session.scalar(
        its.where(Message.direction == "in").order_by(Message.sent_at.desc(), Message.sequence.desc()).limit(1)
    )
    row.last_position = last.position if last else 0
    row.newest_in_at, row.newest_in_sequence = (newest.sent_at, newest.sequence) if newest else (None, 0)
    if newest and newest.identity and newest.identity.contact is row.contact:
        channel, identity_id = newest.channel, newest.identity.id
    row.reply_channel, row.reply_identity = channel, db.session.get_one(Identity, identity_id)


def quietly(statement: Any) -> Any:
    return statement.execution_options(synchronize_session=False)
