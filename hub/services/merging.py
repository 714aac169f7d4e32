"""Two contacts turn out to be one person. What was moved is kept in the audit entry, so that it can be moved back."""

from __future__ import annotations

from sqlalchemy import select, update

from hub.db import db
from hub.models import Agent, Contact, Conversation, Identity, Message
from hub.refusals import Invalid, NotFound
from hub.services import audit, conversations
from hub.services.threads import note_event


def merge(kept_id: int, other_id: int, by: Agent) -> Contact:
    """Everything of the other contact becomes the first one's; matters both have open become one conversation."""
    if kept_id == other_id:
        raise Invalid("contact", "is the same contact")
    kept, other = _locked(kept_id, other_id)
    identities = _move(Identity, other, kept)
    joined = _join_open(kept, other)
    moved = _move(Conversation, other, kept)
    audit.record(by, "merge", kept, contact=other.id, identities=identities, conversations=moved, joined=joined)
    kept.name = kept.name or other.name
    return kept


def _locked(kept_id: int, other_id: int) -> tuple[Contact, Contact]:
    rows = select(Contact).where(Contact.id.in_((kept_id, other_id))).order_by(Contact.id).with_for_update()
    found = {row.id: row for row in db.session.scalars(rows)}
    if kept_id not in found:
        raise NotFound("contact")
    if other_id not in found:
        raise Invalid("contact", "there is no such contact")
    return found[kept_id], found[other_id]


def _move(model: type[Identity] | type[Conversation], other: Contact, kept: Contact) -> list[int]:
    moved = update(model).where(model.contact_id == other.id).values(contact_id=kept.id).returning(model.id)
    return sorted(db.session.scalars(moved.execution_options(synchronize_session=False)))


def _join_open(kept: Contact, other: Contact) -> dict[str, list[int]]:
    """At most one open conversation a thread: the other's messages go into the kept one's. Ids of what was moved."""
    both = conversations.unresolved([kept, other])
    joined = {}
    for (contact, thread), source in both.items():
        if contact is other and (target := both.get((kept, thread))):
            its = update(Message).where(Message.conversation_id == source.id)
            ids = db.session.scalars(its.values(conversation_id=target.id).returning(Message.id)).all()
            joined[f"{source.id} -> {target.id}"] = sorted(ids)
            target.last_position = max(target.last_position, source.last_position)
            target.unread += source.unread
            source.status, source.unread, source.waiting_since = "resolved", 0, None
            note_event(source, "merged", into=target.id)
            note_event(target, "merged", other=source.id)
    db.session.flush()
    return joined
