"""Where a message stands in its thread.

Providers repeat and delay: of two messages of a customer the second may reach us first. So a thread is not ordered by
arrival. A message normally goes to the end; a late one goes before the customer's own messages that it precedes.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm.attributes import set_committed_value

from hub.db import db, now
from hub.live import tell
from hub.models import Conversation, Message
from hub.services import sla

STEP = 1024  # between neighbours, in microseconds: room for those that come late
LOOK_BACK = 50  # nobody is later than this many messages
QUIET = frozenset({"opt_out", "own", "loop", "auto_reply", "spam", "old"})  # wakes nobody


def append(conversation: Conversation, message: Message) -> Message:
    """Put the message into the thread and tell the inboxes."""
    message.conversation = conversation
    came_in_order = True
    if message.direction == "in":
        newest = (conversation.newest_in_at, conversation.newest_in_sequence)
        this = (message.sent_at, message.sequence)
        if conversation.newest_in_at is None or this >= newest:
            conversation.newest_in_at, conversation.newest_in_sequence = this
        else:
            came_in_order = False
    if came_in_order:
        conversation.last_position += STEP
        message.position = conversation.last_position = max(conversation.last_position, _microseconds(now()))
        set_committed_value(conversation, "last_message", message)
    else:
        message.position = _place_of_late(conversation, message)
    db.session.add(message)
    tell(message)
    _note_turn(conversation, message)
    touch(conversation)
    return message


def note_event(conversation: Conversation, event: str, **details: object) -> Message:
    """A line of the timeline: what happened to the conversation, in words that clients translate."""
    return append(conversation, _line(conversation, event, details))


def note_aside(conversation: Conversation, event: str, **details: object) -> Message:
    """A line that is no news: the conversation keeps its place in the list, and what was said last still is."""
    message = _line(conversation, event, details)
    message.conversation = conversation
    message.position = max(conversation.last_position + 1, _microseconds(now()))
    db.session.add(message)
    tell(message)
    touch_quietly(conversation)
    return message


def _line(conversation: Conversation, event: str, details: dict[str, object]) -> Message:
    return Message(
        direction="note",
        author_kind="system",
        author_name="",
        channel=conversation.reply_channel,
        kind="event",
        text="",
        payload={"event": event, **details},
        sent_at=now(),
        attachments=[],
        deliveries=[],
    )


def touch(conversation: Conversation) -> None:
    """Something about it changed."""
    conversation.updated_at = conversation.last_activity_at = now()
    sla.follow(conversation)
    tell(conversation)


def touch_quietly(conversation: Conversation) -> None:
    """Changed, but nothing happened: it keeps its place in the list."""
    at = conversation.last_activity_at
    touch(conversation)
    conversation.last_activity_at = at


def _note_turn(conversation: Conversation, message: Message) -> None:
    """Whose turn it is. A call is answered by who talks to the customer, not by ringing them."""
    if message.direction == "in" and conversation.status not in ("bot", "resolved"):
        if message.payload.get("no_answer") not in QUIET:
            conversation.unanswered_since = conversation.unanswered_since or now()
    elif message.direction == "out" and message.author_kind == "agent" and message.kind != "call":
        sla.answered(conversation, message)


def _place_of_late(conversation: Conversation, message: Message) -> int:
    db.session.flush()
    neighbours = db.session.execute(
        select(Message.position, Message.direction, Message.identity_id, Message.sent_at, Message.sequence)
        .where(Message.conversation_id == conversation.id, Message.id != message.id)
        .order_by(Message.position.desc())
        .limit(LOOK_BACK)
    ).all()
    later = [
        row.position
        for row in neighbours
        if row.direction == "in"
        and row.identity_id == message.identity_id
        and (row.sent_at, row.sequence) > (message.sent_at, message.sequence)
    ]
    place = min(later, default=conversation.last_position + STEP)
    before = max((row.position for row in neighbours if row.position < place), default=place - 2 * STEP)
    return (before + place) // 2


def _microseconds(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)
