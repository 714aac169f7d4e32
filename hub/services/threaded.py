"""Channels whose messages carry their own thread: which conversation one belongs to, and what goes out with it.

A thread is found by what its messages name, never by the subject alone: strangers share subjects.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import timedelta

from sqlalchemy import func, or_, select, text
from sqlalchemy.orm import joinedload, selectinload

from channels.contract import InboundMessage
from hub import current, files, letters
from hub.db import db, now
from hub.models import Attachment, Conversation, ConversationMerge, Delivery, Identity, Message, MessageReference
from hub.services import conversations

REOPENS_FOR = timedelta(days=30)  # an answer that comes later begins a conversation of its own
AUTOMATIC, AUTOMATIC_WITHIN = 5, timedelta(hours=1)  # answers by a machine to one customer
FLOOD, FLOOD_WITHIN = 20, timedelta(minutes=10)  # messages of one sender
MOST_REFERENCES = 100
# One at a time, in the same order for everybody; before any other lock
LOCK = text("""
    SELECT pg_advisory_xact_lock(hashtextextended(thread, 0))
    FROM (SELECT jsonb_array_elements_text(CAST(:threads AS jsonb)) AS thread ORDER BY 1) AS sorted
""")


# in


def lock(events: Iterable[object]) -> None:
    """Messages of one thread from several people are taken in one after the other."""
    threads = {event.thread for event in events if isinstance(event, InboundMessage) and event.thread}
    if threads:
        db.session.execute(LOCK, {"threads": json.dumps(sorted(threads))})


def is_known(event: InboundMessage) -> bool:
    """The same message by another of our addresses."""
    known = select(Message.id).where(Message.provider_id == event.provider_id, Message.channel.in_(_threaded()))
    db.session.flush()
    return bool(db.session.scalar(select(known.exists())))


def conversation_of(event: InboundMessage, sender: Identity) -> Conversation | None:
    """The thread's own, else that of the nearest message it answers, else the one it names: locked."""
    db.session.flush()
    inside = _in_thread(event.thread)
    if inside and (part := _part_of(event)):
        inside = part
    for found in (inside, _answered(event), _named(event, sender)):
        if found is not None:
            row = _where_it_went(found)
            is_over = row.status == "resolved" and (row.last_activity_at < now() - REOPENS_FOR or _chats_elsewhere(row))
            return None if is_over else row
    return None


def _part_of(event: InboundMessage) -> int | None:
    """Agents took a part of the thread into a conversation of its own: mails go to the part that they answer."""
    names = event.references[:MOST_REFERENCES]
    split = (ConversationMerge.kind == "split") & ConversationMerge.undone_at.is_(None)
    halves = or_(
        ConversationMerge.kept_id == Message.conversation_id, ConversationMerge.other_id == Message.conversation_id
    )
    rows = (
        select(MessageReference.name, Message.conversation_id)
        .join(MessageReference.message)
        .where(MessageReference.name.in_(names), select(ConversationMerge.id).where(split, halves).exists())
        .order_by(Message.id.desc())  # of those that have the name the oldest is the message itself
    )
    known = {row.name: row.conversation_id for row in db.session.execute(rows)}
    return next((known[name] for name in names if name in known), None)


def _where_it_went(number: int) -> Conversation:
    """The conversation that it was merged into, and that one; locked alone, for merges lock both in order."""
    while True:
        while into := db.session.scalar(select(Conversation.merged_into_id).where(Conversation.id == number)):
            number = into
        row = conversations.locked(number)
        if row.merged_into_id is None:
            return row


def _chats_elsewhere(row: Conversation) -> bool:
    """Mails went into a chat that is over, and the customer has begun another one."""
    newer = (Conversation.contact_id == row.contact_id) & (Conversation.thread == row.thread)
    open_one = select(Conversation.id).where(newer, Conversation.status != "resolved", Conversation.id != row.id)
    return bool(db.session.scalar(select(open_one.exists())))


def _in_thread(thread: str) -> int | None:
    rows = select(Conversation.id).where(Conversation.thread == thread)
    unresolved_first = (Conversation.status == "resolved", Conversation.last_activity_at.desc())
    return db.session.scalar(rows.order_by(*unresolved_first).limit(1))


def _answered(event: InboundMessage) -> int | None:
    names = (event.message_id, *event.references[:MOST_REFERENCES])
    rows = (
        select(MessageReference.name, Message.conversation_id)
        .join(MessageReference.message)
        .where(MessageReference.name.in_(names))
        .order_by(Message.id)
    )
    known = {row.name: row.conversation_id for row in db.session.execute(rows)}
    return next((known[name] for name in names if name in known), None)


def _named(event: InboundMessage, sender: Identity) -> int | None:
    """Anybody can write a number: only who takes part in the conversation is believed."""
    if event.conversation is None or event.payload.get("forged"):
        return None
    row = db.session.get(Conversation, event.conversation)
    taking_part = {each["address"] for each in letters.participants(row)} if row else set()
    return event.conversation if sender.value in taking_part else None


def remember(message: Message, event: InboundMessage) -> None:
    """By what later messages will refer to this one, also those that only know what it refers to."""
    for name in dict.fromkeys((event.message_id, *event.references[:MOST_REFERENCES])):
        if name:
            db.session.add(MessageReference(message=message, name=name))


def marks(event: InboundMessage) -> dict[str, str]:
    """What an answer will need to know of it."""
    return {"message_id": event.message_id, "no_answer": event.no_answer}


def source(event: InboundMessage) -> list[Attachment]:
    """The raw message, to be kept and downloaded as long as the message itself."""
    if not event.kept:
        return []
    name = f"{event.payload.get('subject', '')[:80].strip() or 'message'}.eml"
    size = files.size_of(event.kept)
    return [Attachment(medium="source", name=name, mime="message/rfc822", size=size, sha256=event.kept, state="ready")]


def is_flooding(sender: Identity) -> bool:
    """More than a person writes: a machine that answers ours, or an attack."""
    since = now() - FLOOD_WITHIN
    count = select(func.count()).where(
        Message.identity_id == sender.id, Message.direction == "in", Message.created_at > since
    )
    return (db.session.scalar(count) or 0) >= FLOOD


def latest_of(sender: Identity) -> Conversation | None:
    """Where a flood is kept together."""
    rows = (
        select(Conversation.id)
        .where(Conversation.contact_id == sender.contact_id, Conversation.thread != "")
        .where(~Conversation.thread.startswith("chat:"))
        .where(Conversation.status != "resolved")
        .order_by(Conversation.last_activity_at.desc())
        .limit(1)
    )
    found = db.session.scalar(rows)
    return conversations.locked(found) if found else None


def is_answered_enough(conversation: Conversation) -> bool:
    """Two machines that answer each other stop here."""
    theirs = select(Conversation.id).where(Conversation.contact_id == conversation.contact.id)
    count = select(func.count()).where(
        Message.conversation_id.in_(theirs),
        Message.author_kind == "bot",
        Message.created_at > now() - AUTOMATIC_WITHIN,
    )
    return (db.session.scalar(count) or 0) >= AUTOMATIC


# out


def load_letters(deliveries: Collection[Delivery]) -> None:
    """All that a letter needs of them, so that it is written without the database."""
    wanted = {row.id for row in deliveries if _is_whole(row.channel)}
    if wanted:
        rows = (
            select(Delivery)
            .where(Delivery.id.in_(wanted))
            .options(
                joinedload(Delivery.identity),
                joinedload(Delivery.attachment),
                joinedload(Delivery.answers),
                joinedload(Delivery.message).options(
                    selectinload(Message.attachments), joinedload(Message.conversation)
                ),
            )
            .execution_options(populate_existing=True)
        )
        db.session.scalars(rows).unique().all()


def note_sent(delivery: Delivery) -> None:
    """What answers to it will name its provider_id."""
    if delivery.provider_id and delivery.channel in _threaded():
        known = db.session.get(MessageReference, (delivery.message_id, delivery.provider_id))
        if known is None:
            db.session.add(MessageReference(message_id=delivery.message_id, name=delivery.provider_id))


def _is_whole(channel: str) -> bool:
    known = current.channels().get(channel)
    return known is not None and known.capabilities.whole


def _threaded() -> list[str]:
    return [name for name, channel in current.channels().items() if channel.capabilities.threaded]
