"""Where a message stands in its thread.

Providers repeat and delay: of two messages of a customer the second may reach us first. So a thread is not ordered by
arrival. A message normally goes to the end; a late one goes before the customer's own messages that it precedes.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from hub.db import db, now
from hub.live import tell
from hub.models import Conversation, Message

STEP = 1024  # between neighbours, in microseconds: room for those that come late
LOOK_BACK = 50  # nobody is later than this many messages


def append(conversation: Conversation, message: Message) -> Message:
    """Put the message into the thread and tell the inboxes."""
    message.conversation_id = conversation.id
    neighbours = db.session.execute(
        select(Message.position, Message.direction, Message.identity_id, Message.sent_at, Message.sequence)
        .where(Message.conversation_id == conversation.id)
        .order_by(Message.position.desc())
        .limit(LOOK_BACK)
    ).all()
    later = [
        row.position
        for row in neighbours
        if message.direction == row.direction == "in"
        and row.identity_id == message.identity_id
        and (row.sent_at, row.sequence) > (message.sent_at, message.sequence)
    ]
    if later:
        before = max((row.position for row in neighbours if row.position < min(later)), default=min(later) - 2 * STEP)
        message.position = (before + min(later)) // 2
    else:
        end = neighbours[0].position + STEP if neighbours else 0
        message.position = max(end, _microseconds(now()))
    db.session.add(message)
    db.session.flush()
    if not later:
        conversation.last_message = message
    tell(message)
    touch(conversation)
    return message


def note_event(conversation: Conversation, event: str, **details: object) -> Message:
    """A line of the timeline: what happened to the conversation, in words that clients translate."""
    return append(
        conversation,
        Message(
            direction="note",
            author_kind="system",
            channel=conversation.reply_channel,
            kind="event",
            payload={"event": event, **details},
            attachments=[],
            deliveries=[],
        ),
    )


def touch(conversation: Conversation) -> None:
    conversation.updated_at = conversation.last_activity_at = now()
    tell(conversation)


def _microseconds(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)
