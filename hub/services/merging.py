"""Two contacts turn out to be one person, and sometimes they do not. What a merge moves is kept, to be moved back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, true, update

from hub.db import db, now
from hub.jobs import UNFINISHED
from hub.models import Agent, BotTurn, Contact, Conversation, Identity, Merge, Message
from hub.refusals import Invalid, NotFound, Refusal
from hub.services import audit, sla
from hub.services.moving import beside, combine, inbound, move, quietly, recount, stand, standing
from hub.services.threads import note_event, touch_quietly

Pair = dict[str, Any]  # two open conversations that became one, as `_join` keeps it


def locked(contact_ids: Collection[int]) -> dict[int, Contact]:
    """Ours alone until the commit. Whoever changes who somebody is, or opens a conversation, asks here first."""
    rows = (
        select(Contact)
        .where(Contact.id.in_(contact_ids))
        .order_by(Contact.id)  # everybody locks in the same order
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in db.session.scalars(rows)}


def lock_turns(contact: Contact) -> None:
    """Before the conversations: that is the order in which the bots' answers are recorded."""
    theirs = (Conversation.contact_id == contact.id) & BotTurn.state.in_(UNFINISHED)
    turns = select(BotTurn.id).join(Conversation, BotTurn.conversation_id == Conversation.id).where(theirs)
    db.session.execute(turns.order_by(BotTurn.id).with_for_update(of=BotTurn))


def merge(kept_id: int, other_id: int, by: Agent | None) -> Contact:
    """Everything of the other contact becomes the first one's; matters both have open become one conversation.

    Without an agent: somebody vouched for it.
    """
    if kept_id == other_id:
        raise Invalid("contact", "is the same contact")
    kept, other = _both(kept_id, other_id)
    lock_turns(other)
    open_ones, theirs = _conversations(kept, other)
    identities = _identities(other)
    if not identities and not theirs and _merges(kept, other, Merge.undone_at.is_(None)):
        return kept
    kept_was = {
        "name": kept.name,
        "language": kept.language,
        "facts": kept.facts,
        "tags": kept.tags,
        "attributes": kept.attributes,
    }
    joined = [
        _join(source, open_ones[source.thread], by)
        for source in theirs
        if source.status != "resolved" and source.thread in open_ones
    ]
    _give(kept, identities, theirs)
    _write_as(kept)
    kept.name, kept.language = kept.name or other.name, kept.language or other.language
    kept.facts = {**other.facts, **kept.facts}
    kept.tags = list(dict.fromkeys((*kept.tags, *other.tags)))
    kept.attributes = {**other.attributes, **kept.attributes}
    _changed([*theirs, *open_ones.values()])
    moved = {"identities": _ids(identities), "conversations": _ids(theirs), "joined": joined, "kept_was": kept_was}
    row = Merge(kept_id=kept.id, other_id=other.id, agent_id=by.id if by else None, moved=moved)
    db.session.add(row)
    db.session.flush()
    pairs = [f"{pair['source']} -> {pair['target']}" for pair in joined]
    audit.record(by, "merge", kept, merge=row.id, contact=other.id, identities=_ids(identities), joined=pairs)
    return kept


def join(contacts: Collection[Contact]) -> None:
    """Somebody vouched that they are one person: the oldest stays. What an agent took apart, only an agent joins."""
    kept, *others = sorted(contacts, key=lambda contact: contact.id)
    for other in others:
        if not _merges(kept, other, Merge.undone_at.is_not(None)):
            merge(kept.id, other.id, by=None)


def of_contact(contact_id: int, merge_id: int) -> Merge:
    row = db.session.get(Merge, merge_id)
    if row is None or row.kept_id != contact_id:
        raise Invalid("merge", "is not a merge of this contact")
    return row


def undo(merge_id: int, by: Agent) -> Contact:
    """What the merge moved goes back, and so does all that came from those identities since."""
    row = db.session.get(Merge, merge_id)
    if row is None:
        raise NotFound("merge")
    kept, other = _both(row.kept_id, row.other_id)
    db.session.refresh(row, with_for_update=True)
    if row.undone_at:
        return kept
    if db.session.scalar(select(_of(Merge.other_id == kept.id, Merge.id > row.id, Merge.undone_at.is_(None)).exists())):
        raise Refusal("merged_on", "This contact was merged into another one later. Undo that merge first.")
    _go_apart(row, kept, other)
    _forget(kept, other, row.moved["kept_was"])
    row.undone_at = now()
    audit.record(by, "unmerge", kept, merge=row.id, contact=other.id)
    return kept


def _both(kept_id: int, other_id: int) -> tuple[Contact, Contact]:
    db.session.flush()
    found = locked({kept_id, other_id})
    if kept_id not in found:
        raise NotFound("contact")
    if other_id not in found:
        raise Invalid("contact", "there is no such contact")
    return found[kept_id], found[other_id]


def _conversations(one: Contact, whole: Contact) -> tuple[dict[str, Conversation], list[Conversation]]:
    """The open ones of one contact by their threads, and all of the other; locked."""
    rows = (
        select(Conversation)
        .where(
            or_(
                and_(Conversation.contact_id == one.id, Conversation.status != "resolved"),
                Conversation.contact_id == whole.id,
            )
        )
        .order_by(Conversation.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = db.session.scalars(rows).all()
    open_ones = {row.thread: row for row in found if row.contact_id == one.id}
    return open_ones, [row for row in found if row.contact_id == whole.id]


def _identities(contact: Contact) -> list[Identity]:
    rows = (
        select(Identity).where(Identity.contact_id == contact.id).order_by(Identity.id).with_for_update(key_share=True)
    )
    return list(db.session.scalars(rows.execution_options(populate_existing=True)))


def _merges(one: Contact, another: Contact, condition: ColumnElement[bool]) -> bool:
    pair = (one.id, another.id)
    wanted = _of(Merge.kept_id.in_(pair), Merge.other_id.in_(pair), condition)
    return bool(db.session.scalar(select(wanted.exists())))


def _of(*conditions: ColumnElement[bool]) -> Any:
    return select(Merge.id).where(*conditions)


def _ids(rows: Iterable[Identity | Conversation]) -> list[int]:
    return [row.id for row in rows]


def _give(to: Contact, identities: Iterable[Identity], rows: Iterable[Conversation]) -> None:
    for identity in identities:
        identity.contact = to
    for row in rows:
        row.contact = to


def _write_as(contact: Contact) -> None:
    """The author of what a contact said is that contact, also in other people's conversations."""
    db.session.flush()
    theirs = select(Identity.id).where(Identity.contact_id == contact.id)
    said = Message.identity_id.in_(theirs) & (Message.author_kind == "contact")
    db.session.execute(quietly(update(Message).where(said).values(author_id=contact.id)))


def _changed(rows: Iterable[Conversation]) -> None:
    for row in rows:
        touch_quietly(row)


# two open conversations become one


def _join(source: Conversation, target: Conversation, by: Agent | None) -> Pair:
    pair: Pair = {
        "source": source.id,
        "target": target.id,
        "source_was": standing(source),
        "target_was": standing(target),
        "unread": source.unread,
        "context": {key: value for key, value in source.context.items() if key not in target.context},
        "reply": [target.reply_channel, target.reply_identity_id],
    }
    combine(target, source)
    sla.join(target, source)
    source.status, source.unread, source.waiting_since, source.snoozed_until = "resolved", 0, None, None
    pair["messages"] = move(source, target, true())
    turns = update(BotTurn).where(BotTurn.conversation_id == source.id).values(conversation_id=target.id)
    pair["turns"] = sorted(db.session.scalars(quietly(turns.returning(BotTurn.id))))
    name = by.name if by else None
    note_event(source, "merged", into=target.id, by=name)
    note_event(target, "merged", other=source.id, by=name)
    db.session.flush()
    pair["target_then"] = standing(target)
    return pair


# one conversation becomes two again


def _go_apart(row: Merge, kept: Contact, other: Contact) -> None:
    """Each conversation goes to whom it was with, or was opened by; what the other one said there leaves it."""
    lock_turns(kept)
    others_open, rows = _conversations(other, kept)
    identities = [identity for identity in _identities(kept) if identity.id in row.moved["identities"]]
    theirs = Message.identity_id.in_(_ids(identities))
    ours = Message.identity_id.is_not(None) & ~theirs
    pairs: dict[int, Pair] = {pair["target"]: pair for pair in row.moved["joined"]}
    spoke_ours, spoke_theirs = _spoken(rows, ours), _spoken(rows, theirs)
    going = [
        each
        for each in rows
        if each.id in row.moved["conversations"]
        or (each.created_at >= row.at and each.id not in spoke_ours and each.reply_identity in identities)
    ]
    for each in going:
        if each.status != "resolved" and others_open.setdefault(each.thread, each) is not each:
            _close(each)
    _give(other, identities, going)
    db.session.flush()  # an open conversation leaves its contact before another one opens there
    kept_open = {each.thread: each for each in rows if each not in going and each.status != "resolved"}
    sources = {each.id: each for each in going}
    halves = []
    for target in rows:
        goes, pair = target in going, pairs.get(target.id)
        if not pair and target.id not in (spoke_ours if goes else spoke_theirs):
            continue
        contact, open_there, strangers = (kept, kept_open, ours) if goes else (other, others_open, theirs)
        source = (pair and sources.get(pair["source"])) or beside(target, contact)
        opens = target.status != "resolved" and open_there.setdefault(target.thread, source) is source
        _part(target, source, pair, strangers, since=row.at, opens=opens)
        halves.append(source)
    _write_as(kept)
    _write_as(other)
    _changed([*rows, *halves])


def _spoken(rows: Sequence[Conversation], whose: ColumnElement[bool]) -> set[int]:
    """The conversations that have messages from or to these identities."""
    theirs = select(Message.conversation_id).where(Message.conversation_id.in_(_ids(rows)), whose).distinct()
    return set(db.session.scalars(theirs))


def _close(row: Conversation) -> None:
    row.status, row.unread, row.waiting_since, row.snoozed_until = "resolved", 0, None, None
    note_event(row, "unmerged")


def _part(
    target: Conversation,
    source: Conversation,
    pair: Pair | None,
    strangers: ColumnElement[bool],
    *,
    since: datetime,
    opens: bool,
) -> None:
    """The strangers' messages leave the target. Where nobody acted since, both stand as before the merge."""
    untouched = pair is not None and standing(target) == pair["target_then"]
    silenced = _bot_was_silent(target, since)
    came, turns = (pair["messages"], pair["turns"]) if pair else ([], [])
    ids = move(target, source, or_(strangers, Message.id.in_(came)))
    theirs = or_(BotTurn.id.in_(turns), BotTurn.message_id.in_(ids))
    asked = update(BotTurn).where(BotTurn.conversation_id == target.id, theirs).values(conversation_id=source.id)
    db.session.execute(quietly(asked))
    unread = min(target.unread, (pair["unread"] if pair else 0) + inbound(set(ids).difference(came)))
    target.unread -= unread
    if opens:
        stand(source, pair["source_was"] if pair and untouched else standing(target), silenced)
        source.unread = unread
    if pair and untouched:
        stand(target, pair["target_was"], silenced)
    if pair:
        target.context = {key: value for key, value in target.context.items() if pair["context"].get(key) != value}
    recount(source, source.reply_channel, source.reply_identity_id)
    recount(target, *(pair["reply"] if pair else (target.reply_channel, target.reply_identity_id)))
    note_event(source, "unmerged", other=target.id)
    note_event(target, "unmerged", other=source.id)


def _bot_was_silent(row: Conversation, since: datetime) -> bool:
    """It was asked, and left the answer to people."""
    silent = (BotTurn.conversation_id == row.id) & (BotTurn.outcome == "silent") & (BotTurn.claimed_at >= since)
    return bool(db.session.scalar(select(select(BotTurn.id).where(silent).exists())))


def _forget(kept: Contact, other: Contact, was: dict[str, Any]) -> None:
    """What the contact knew from the other one only."""
    if kept.name == other.name:
        kept.name = was["name"]
    if kept.language == other.language:
        kept.language = was["language"]
    kept.facts = {
        key: value for key, value in kept.facts.items() if key in was["facts"] or other.facts.get(key) != value
    }
    kept.tags = [tag for tag in kept.tags if tag in was.get("tags", ()) or tag not in other.tags]
    noted = was.get("attributes", {})
    kept.attributes = {
        name: value for name, value in kept.attributes.items() if name in noted or other.attributes.get(name) != value
    }
