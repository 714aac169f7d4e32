"""Forgets a person, or some of what is known of them.

What remains is that there was a conversation, when, how it ended, and who answered.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, case, delete, func, literal, null, or_, select, true, update
from sqlalchemy.dialects.postgresql import JSONB

from channels.contract import Personal
from hub import current, files
from hub.db import db
from hub.jobs import UNFINISHED
from hub.models import (
    Agent,
    Arrival,
    AuditEntry,
    BotTurn,
    Call,
    CallLeg,
    CallScript,
    Contact,
    Conversation,
    Delivery,
    Identity,
    Merge,
    Message,
    MessageReference,
    ProfileFetch,
    Suggestion,
    Survey,
)
from hub.services import arrivals, attachments, audit, drafts
from hub.services.arrivals import lane_of
from hub.services.merging import lock_turns, locked
from hub.services.threads import note_event

ERASED = {"erased": True}  # the payload of a message of which nothing else is left
# not of the person; the title is a macro's
TOLD_BY_EVENTS = ("event", "agent", "by", "to", "team", "reason", "until", "into", "other", "merge", "what", "title")
TELLING = ("block", "change", "note", "tag")  # what is audited of a contact, with words about the person
MEDIA = ("image", "audio", "video", "file")
# under which names facts and hints keep it
NAMES: dict[Personal, tuple[str, ...]] = {
    "name": ("name", "nickname", "remark"),
    "phone": ("phone", "mobile", "tel"),
    "email": ("email",),
    "address": ("address", "country", "province", "city"),
    "location": ("location", "latitude", "longitude", "precision"),
}


@dataclass(frozen=True, slots=True)
class Person:
    """All that is theirs, locked."""

    contacts: list[Contact]  # with those that were merged into it
    identities: list[Identity]
    conversations: list[Conversation]

    @property
    def in_their_conversations(self) -> ColumnElement[bool]:
        """With what they wrote in the threads of others."""
        elsewhere = Message.identity_id.in_([row.id for row in self.identities]) & (Message.direction == "in")
        return Message.conversation_id.in_([row.id for row in self.conversations]) | elsewhere


def erase(contact: Contact, what: Iterable[Personal], by: Agent | None) -> None:
    """Cannot be undone. Whoever is erased and writes again is somebody new."""
    parts = sorted({*what})
    if "everything" in parts:
        parts = ["everything"]
    db.session.flush()
    person = _person(contact)
    for part in parts:
        for forget in FORGETS.get(part, ()):
            forget(person)
        _forget_named(person, NAMES.get(part, ()))
    db.session.flush()
    for conversation in person.conversations:
        active_at = conversation.last_activity_at
        note_event(conversation, "erased", what=parts, by=by.name if by else None)
        conversation.last_activity_at = active_at
    audit.record(by, "erase", contact, what=parts)


def _person(contact: Contact) -> Person:
    """Jobs before contacts before conversations: workers lock them in this order too."""
    theirs = select(Identity.id).where(Identity.contact_id == contact.id)
    profiles = select(ProfileFetch.id).where(ProfileFetch.identity_id.in_(theirs), ProfileFetch.state.in_(UNFINISHED))
    db.session.execute(profiles.order_by(ProfileFetch.id).with_for_update())
    contacts = locked({contact.id, *_merged_into(contact)})
    lock_turns(contact)
    rows = select(Conversation).where(Conversation.contact_id == contact.id).order_by(Conversation.id)
    addresses = select(Identity).where(Identity.contact_id == contact.id).order_by(Identity.id)
    fresh = {"populate_existing": True}
    return Person(
        list(contacts.values()),
        list(db.session.scalars(addresses.execution_options(**fresh))),
        list(db.session.scalars(rows.with_for_update().execution_options(**fresh))),
    )


def _merged_into(contact: Contact) -> set[int]:
    """The contacts that became this one: they still have the names they had."""
    found: set[int] = set()
    nearest = {contact.id}
    while nearest:
        merged = select(Merge.other_id).where(Merge.kept_id.in_(nearest), Merge.undone_at.is_(None))
        nearest = {*db.session.scalars(merged)} - found - {contact.id}
        found |= nearest
    return found


# what there is to forget


def _forget_names(person: Person) -> None:
    for contact in person.contacts:
        contact.name, contact.named = "", False
    said = person.in_their_conversations & (Message.author_kind == "contact")
    _set(update(Message).where(said).values(author_name=""))
    _forget_before_merges(person)


def _forget_facts(person: Person) -> None:
    for contact in person.contacts:
        contact.language, contact.facts, contact.tags, contact.attributes = "", {}, [], {}
    for conversation in person.conversations:
        conversation.context = {}


def _forget_named(person: Person, names: Collection[str]) -> None:
    if not names:
        return
    for contact in person.contacts:
        contact.facts = {name: value for name, value in contact.facts.items() if name not in names}
        contact.attributes = {name: value for name, value in contact.attributes.items() if name not in names}
    for conversation in person.conversations:
        conversation.context = {name: value for name, value in conversation.context.items() if name not in names}
    _forget_before_merges(person)


def _forget_before_merges(person: Person) -> None:
    """How things stood before a merge also tells of the person."""
    ids = [contact.id for contact in person.contacts]
    nothing: dict[str, Any] = {"name": "", "language": "", "facts": {}, "tags": [], "attributes": {}}
    for row in db.session.scalars(select(Merge).where(or_(Merge.kept_id.in_(ids), Merge.other_id.in_(ids)))):
        was = nothing if row.kept_id in ids else row.moved["kept_was"]
        joined = [{**pair, "context": {}} for pair in row.moved["joined"]]
        row.moved = {**row.moved, "kept_was": was, "joined": joined}


def _forget_audited(person: Person) -> None:
    """That something was changed stays, and by whom; not what they were called and what was noted of them."""
    theirs = AuditEntry.subject.in_([f"{Contact.__tablename__} {contact.id}" for contact in person.contacts])
    _set(update(AuditEntry).where(theirs, AuditEntry.action.in_(TELLING)).values(detail={}))


def _forget_messages(person: Person) -> None:
    of_event = (
        select(func.jsonb_object_agg(_each.c.key, _each.c.value))
        .select_from(_each)
        .where(_each.c.key.in_(TOLD_BY_EVENTS))
        .scalar_subquery()
    )
    payload = case((Message.kind == "event", func.coalesce(of_event, literal({}, JSONB))), else_=literal(ERASED, JSONB))
    _set(update(Message).where(person.in_their_conversations).values(text="", payload=payload, words=""))
    theirs = select(Message.id).where(person.in_their_conversations)
    _set(delete(MessageReference).where(MessageReference.message_id.in_(theirs)))
    for conversation in person.conversations:
        conversation.subject = ""
    unsent = Delivery.state.in_(("pending", "waiting"))
    _set(
        update(Delivery)
        .where(Delivery.message_id.in_(theirs))
        .values(
            text="",
            payload={},
            state=case((unsent, "cancelled"), else_=Delivery.state),
            error_code=case((unsent, "erased"), else_=Delivery.error_code),
        )
    )


_each = func.jsonb_each(Message.payload).table_valued("key", "value")


def _forget_turns(person: Person) -> None:
    ids = [row.id for row in person.conversations]
    state = case((BotTurn.state.in_(UNFINISHED), "cancelled"), else_=BotTurn.state)
    theirs = update(BotTurn).where(BotTurn.conversation_id.in_(ids))
    _set(theirs.values(candidates=[], steps=[], error="", lane="erased", state=state))
    unfinished = Suggestion.conversation_id.in_(ids) & Suggestion.state.in_(UNFINISHED)
    _set(update(Suggestion).where(unfinished).values(state="cancelled"))


def _forget_ratings(person: Person) -> None:
    """The score stays; what they said about it does not, and nobody asks them any more."""
    for conversation in person.conversations:
        conversation.csat = {**conversation.csat, "comment": ""} if conversation.csat else None
    theirs = update(Survey).where(Survey.conversation_id.in_([row.id for row in person.conversations]))
    _set(theirs.values(comment="", state=case((Survey.state == "pending", "cancelled"), else_=Survey.state)))


def _forget_notes(person: Person) -> None:
    """What bots noted of them, and agents began to write: numbers and addresses stand in there under any name."""
    drafts.forget(person.conversations)
    for conversation in person.conversations:
        conversation.bot_state, conversation.bot_revision = {}, conversation.bot_revision + 1


def _forget_locations(person: Person) -> None:
    _forget_content(person.in_their_conversations & (Message.kind == "location"))
    has_place = Arrival.event["payload"].has_key("latitude")
    _forget_arrivals(person.identities, or_(Arrival.event["kind"].astext == "location", has_place))


def _forget_files(person: Person) -> None:
    came = person.in_their_conversations & (Message.direction == "in")
    attachments.forget(came)
    _forget_content(came & Message.kind.in_(MEDIA))  # addresses of pictures, and what was heard in a recording
    _forget_arrivals(person.identities, Arrival.event["attachments"][0].is_not(None))


def _forget_all_files(person: Person) -> None:
    attachments.forget(person.in_their_conversations)


def _forget_calls(person: Person) -> None:
    """What was said in them by machines, and the numbers we rang."""
    theirs = select(Call.id).where(Call.identity_id.in_([row.id for row in person.identities]))
    legs = select(CallLeg.id).where(CallLeg.call_id.in_(theirs))
    _set(delete(CallScript).where(CallScript.leg_id.in_(legs)))
    _set(update(CallLeg).where(CallLeg.call_id.in_(theirs), CallLeg.party == "customer").values(to=""))


def _forget_content(which: ColumnElement[bool]) -> None:
    _set(update(Message).where(which).values(text="", payload=ERASED, words=""))


def _forget_identities(*schemes: str) -> Callable[[Person], None]:
    """All of them, or those of these schemes."""

    def forget(person: Person) -> None:
        chosen = [row for row in person.identities if not schemes or row.scheme in schemes]
        _forget_arrivals(chosen, true())
        _forget_receipts(chosen)
        fetches = ProfileFetch.identity_id.in_([row.id for row in chosen]) & ProfileFetch.state.in_(UNFINISHED)
        _set(update(ProfileFetch).where(fetches).values(state="cancelled"))
        _set(update(BotTurn).where(BotTurn.lane.in_(_lanes(chosen))).values(lane="erased"))
        for row in chosen:
            row.value, row.reachable = f"erased:{uuid4().hex}", False

    return forget


def _forget_arrivals(identities: Sequence[Identity], which: ColumnElement[bool]) -> None:
    _empty(identities, Arrival.lane.in_(_lanes(identities)) & which)


def _forget_receipts(identities: Sequence[Identity]) -> None:
    """They have no sender, but the push names whom the message went to."""
    sent = select(Delivery.provider_id).where(Delivery.identity_id.in_([row.id for row in identities]))
    _empty(identities, (Arrival.event["event"].astext == "receipt") & Arrival.event["provider_id"].astext.in_(sent))


def _empty(identities: Sequence[Identity], which: ColumnElement[bool]) -> None:
    """Of an arrival remains that it came. One that is being taken in at this moment comes after the erasure."""
    found = select(Arrival.id).where(which).with_for_update(skip_locked=True).cte("found")
    raw = select(Arrival.request["kept"].astext).where(Arrival.id.in_(select(found.c.id)))
    kept = {digest for digest in db.session.scalars(raw) if digest} if identities else set()
    names_them = or_(*(Arrival.key.contains(row.value, autoescape=True) for row in identities))
    values: dict[str, Any] = {
        "event": null(),
        "request": {},
        "body": b"",
        "lane": "erased",
        "key": case((names_them, func.concat("erased:", func.gen_random_uuid())), else_=Arrival.key),
        "state": case((Arrival.state != "done", "cancelled"), else_="done"),
        "error": "",
    }
    if identities:
        _set(update(Arrival).where(Arrival.id.in_(select(found.c.id))).values(values))
        files.remove(kept - arrivals.used_files(kept))


def _lanes(identities: Iterable[Identity]) -> list[str]:
    return [lane_of(channel, row.value) for row in identities for channel in current.channels()]


def _resolve(person: Person) -> None:
    """Nobody can be answered there any more."""
    for row in person.conversations:
        row.status, row.unread, row.waiting_since, row.snoozed_until = "resolved", 0, None, None


def _set(statement: Any) -> None:
    db.session.execute(statement.execution_options(synchronize_session=False))


FORGETS: dict[str, tuple[Callable[[Person], None], ...]] = {
    "everything": (
        _resolve,
        _forget_names,
        _forget_facts,
        _forget_audited,
        _forget_messages,
        _forget_turns,
        _forget_notes,
        _forget_ratings,
        _forget_all_files,
        _forget_calls,
        _forget_identities(),
    ),
    "name": (_forget_names, _forget_notes, _forget_audited),
    "phone": (_forget_notes, _forget_audited, _forget_calls, _forget_identities("tel")),
    "email": (_forget_notes, _forget_audited, _forget_identities("email")),
    "location": (_forget_locations,),
    "files": (_forget_files,),
}
