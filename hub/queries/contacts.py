"""One contact over all channels: what was said and what happened, and who may be the same person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel
from sqlalchemy import ColumnElement, and_, or_, select, tuple_
from sqlalchemy.orm import joinedload, selectinload

from channels.contract import Address
from hub.db import db
from hub.models import Agent, Contact, Conversation, Identity, Message
from hub.queries import cursors
from hub.queries.access import readable
from hub.shapes import READABLE, MessageShape, Ref
from hub.words import question

# events that tell how it went on, and not who pressed what
TELLING = (
    *("handed_over", "resolved", "reopened", "came_back", "merged", "unmerged", "erased", "followed", "left"),
    *("contact_blocked", "opted_out", "opted_in", "missed_call", "survey_answered"),
)
MOST_ALIKE = 5

Sort = Literal["messages", "notes", "calls", "events"]
SORTS: dict[str, ColumnElement[bool]] = {
    "messages": and_(Message.direction != "note", Message.kind != "call"),
    "notes": and_(Message.direction == "note", Message.kind != "event"),
    "calls": Message.kind == "call",
    "events": and_(Message.kind == "event", Message.payload["event"].astext.in_(TELLING)),
}


class TimelineEntry(BaseModel):
    message: MessageShape
    conversation: Ref  # its name is the subject, where it has one


class Alike(BaseModel):
    """Somebody who may be the same person."""

    contact: Ref
    reason: Literal["address", "name"]
    detail: str  # an address of theirs


def timeline(
    contact_id: int, reader: Agent, sorts: Sequence[Sort], channel: str | None, cursor: str | None, limit: int
) -> tuple[list[TimelineEntry], str | None]:
    """Newest first, of the conversations that the reader may read."""
    wanted = (
        select(Message)
        .join(Message.conversation)
        .where(Conversation.contact_id == contact_id, readable(reader))
        .where(or_(*(SORTS[sort] for sort in sorts or SORTS)))
        .options(joinedload(Message.conversation), selectinload(Message.attachments), selectinload(Message.deliveries))
    )
    if channel:
        wanted = wanted.where(Message.channel == channel)
    if cursor:
        wanted = wanted.where(tuple_(Message.created_at, Message.id) < tuple_(*cursors.place(cursor, int)))
    rows = db.session.scalars(wanted.order_by(Message.created_at.desc(), Message.id.desc()).limit(limit + 1)).all()
    page = rows[:limit]
    entries = [
        TimelineEntry(
            message=MessageShape.of(row), conversation=Ref(id=row.conversation_id, name=row.conversation.subject)
        )
        for row in page
    ]
    return entries, cursors.cursor(page[-1].created_at, page[-1].id) if len(rows) > limit else None


def alike(contact_id: int, reader: Agent) -> list[Alike]:
    """Who has an address that was noted of this one, or the very same name. Nobody is merged by it."""
    me = db.session.get_one(Contact, contact_id)
    known = select(Conversation.id).where(Conversation.contact_id == Contact.id, readable(reader)).exists()
    others = select(Contact.id, Contact.name, Identity.value).join(Contact.identities)
    others = others.where(Contact.id != contact_id, known).order_by(Contact.id).limit(MOST_ALIKE)
    noted = [Address(scheme, text) for text in _noted(me) for scheme in READABLE]
    found = {}
    if noted:
        same = tuple_(Identity.scheme, Identity.value).in_([(each.scheme, each.value) for each in noted])
        for row in db.session.execute(others.where(same)):
            found[row.id] = Alike(contact=Ref(id=row.id, name=row.name), reason="address", detail=row.value)
    if len(me.name) > 1:
        for row in db.session.execute(others.where(Contact.has(question(me.name)), Contact.name == me.name)):
            found.setdefault(row.id, Alike(contact=Ref(id=row.id, name=row.name), reason="name", detail=row.value))
    return list(found.values())[:MOST_ALIKE]


def _noted(contact: Contact) -> list[str]:
    """What agents wrote, as an address would be kept."""
    texts = [value.strip() for value in contact.attributes.values() if isinstance(value, str)]
    return [text.lower() if "@" in text else text.replace(" ", "") for text in texts]
