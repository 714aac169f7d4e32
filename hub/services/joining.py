"""Two conversations with one contact are about one matter, or one is about two; and back again.

Who merges keeps one conversation. The other one is resolved and leads to it: what answers its mails lands in the kept
one, and where it was the contact's open chat, the chat goes on there.

Who splits takes everything from one message on into a conversation of its own. The tail is what the customer talks
about now, so a chat goes on there while the tail is open; mails land with the message they answer. The tail of a chat
has a `thread` of its own: there is still one open conversation for each contact and thread.

A merge can be undone until the customer, or we, say something in the kept conversation: nobody could tell to which of
the two that belongs. Notes are no hindrance, they stay. A split can be undone as long as both are there: all that was
said in the tail, also since, goes back to its place.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from sqlalchemy import ARRAY, BigInteger, ColumnElement, any_, delete, func, literal, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from hub.db import db, now
from hub.live import tell_draft
from hub.models import Agent, BotTurn, Conversation, ConversationMerge, Draft, Follow, Message, Notification, Suggestion
from hub.refusals import Invalid, NotFound, Refusal
from hub.services import audit, conversations, merging, sla
from hub.services.moving import beside, combine, inbound, move, quietly, recount, stand, standing
from hub.services.threads import note_event

CHAT = "chat:"  # the thread of a chat's tail: it has no mails
WORK = (BotTurn, Suggestion, Notification)  # goes with its message


def merge(kept_id: int, other_id: int, by: Agent) -> ConversationMerge:
    if kept_id == other_id:
        raise Invalid("other", "is the same conversation")
    kept, other = _locked(kept_id, other_id)
    if kept.status == "resolved":
        raise Refusal("resolved", "This conversation is resolved. Reopen it first.")
    if other.merged_into_id:
        raise Refusal("merged", "The other conversation is merged already.")
    moved: dict[str, Any] = {
        "kept_was": standing(kept),
        "other_was": standing(other),
        "took_chat": [kept.takes_chat, other.takes_chat],
        "unread": other.unread,
        "context": {name: value for name, value in other.context.items() if name not in kept.context},
        "reply": [kept.reply_channel, kept.reply_identity_id],
    }
    moved |= _fold(other, kept)
    row = ConversationMerge(kind="merge", kept_id=kept.id, other_id=other.id, agent_id=by.id, moved=moved, last_id=0)
    _record(row, by)
    note_event(other, "merged_into", into=kept.id, merge=row.id, by=by.name)
    note_event(kept, "merged_in", other=other.id, merge=row.id, by=by.name)
    db.session.flush()
    row.last_id = db.session.scalar(select(func.max(Message.id))) or 0
    row.moved = {**moved, "kept_then": standing(kept)}
    return row


def split(conversation_id: int, from_message: int, subject: str, by: Agent) -> ConversationMerge:
    """Lines that say what happened to the conversation stay with it."""
    conversation = _locked(conversation_id)[0]
    if conversation.status == "resolved":
        raise Refusal("resolved", "This conversation is resolved. Reopen it first.")
    first = db.session.get(Message, from_message)
    if first is None or first.conversation_id != conversation.id:
        raise Invalid("from_message", "is not a message of this conversation")
    said = (Message.conversation_id == conversation.id) & (Message.kind != "event")
    if not db.session.scalar(select(select(Message.id).where(said, Message.position < first.position).exists())):
        raise Refusal("nothing_left", "There is nothing before this message: the conversation would be empty.")
    part = beside(conversation, conversation.contact)
    has_chat = conversation.takes_chat or conversation.thread == ""
    part.thread = f"{CHAT}{uuid4().hex}" if is_chat(conversation) else uuid4().hex
    part.takes_chat, part.created_at = has_chat, now()
    part.subject = subject or conversation.subject
    ids = move(conversation, part, (Message.position >= first.position) & (Message.kind != "event"))
    if not ids:
        raise Refusal("nothing_left", "Nothing was said from this line on.")
    _take_work(conversation, part)
    stand(part, standing(conversation), bot_was_silent=False)
    part.unread = min(conversation.unread, inbound(ids))
    conversation.unread -= part.unread
    _copy_followers(conversation, part)
    for half in (conversation, part):
        recount(half, half.reply_channel, half.reply_identity_id)
    row = ConversationMerge(
        kind="split",
        kept_id=conversation.id,
        other_id=part.id,
        agent_id=by.id,
        moved={"messages": ids},
        last_id=ids[-1],
    )
    _record(row, by)
    note_event(part, "split_from", other=conversation.id, merge=row.id, by=by.name)
    note_event(conversation, "split_off", into=part.id, merge=row.id, by=by.name)
    conversations.look_at_queue()
    return row


def undo(conversation_id: int, merge_id: int, by: Agent) -> ConversationMerge:
    row = db.session.get(ConversationMerge, merge_id)
    if row is None or conversation_id not in (row.kept_id, row.other_id):
        raise NotFound("merge")
    kept, other = _locked(row.kept_id, row.other_id)
    db.session.refresh(row, with_for_update=True)
    if row.undone_at:
        return row
    if row.kind == "merge":
        _take_apart(row, kept, other)
    else:
        _put_together(kept, other)
    row.undone_at = now()
    note_event(other, f"{row.kind}_undone", other=kept.id, by=by.name)
    note_event(kept, f"{row.kind}_undone", other=other.id, by=by.name)
    conversations.look_at_queue()
    audit.record(by, f"undo_{row.kind}", kept, other=other.id, merge=row.id)
    return row


def is_chat(conversation: Conversation) -> bool:
    """It has no mails' thread."""
    return not conversation.thread or conversation.thread.startswith(CHAT)


def _locked(*ids: int) -> list[Conversation]:
    """Contact, bots' turns, conversations: everybody locks in this order."""
    rows = {
        row.id: row.contact_id
        for row in db.session.execute(select(Conversation.id, Conversation.contact_id).where(Conversation.id.in_(ids)))
    }
    if ids[0] not in rows:
        raise NotFound("conversation")
    if len(rows) < len(ids):
        raise Invalid("other", "there is no such conversation")
    for contact in merging.locked(set(rows.values())).values():
        merging.lock_turns(contact)
    found = conversations.locked_all(ids)
    if len({row.contact_id for row in found.values()}) > 1:
        raise Refusal("other_contact", "These are two customers: merge them first, if they are one person.")
    return [found[number] for number in ids]


def _record(row: ConversationMerge, by: Agent) -> None:
    db.session.add(row)
    db.session.flush()
    kept = db.session.get_one(Conversation, row.kept_id)
    audit.record(by, f"{row.kind}_conversations", kept, other=row.other_id, merge=row.id)


def _fold(source: Conversation, target: Conversation) -> dict[str, Any]:
    """All of one goes into the other. What went over."""
    if source.status != "resolved":
        target.takes_chat = target.takes_chat or source.takes_chat or (source.thread == "" and target.thread != "")
        combine(target, source)
        sla.join(target, source)
    source.status, source.unread, source.waiting_since, source.snoozed_until = "resolved", 0, None, None
    source.takes_chat, source.merged_into_id = False, target.id
    ids = move(source, target, true())
    turns = update(BotTurn).where(BotTurn.conversation_id == source.id, BotTurn.message_id.is_(None))
    greetings = db.session.scalars(quietly(turns.values(conversation_id=target.id).returning(BotTurn.id)))
    moved = {"messages": ids, "turns": sorted(greetings), "followers": _copy_followers(source, target)}
    _take_work(source, target)
    _take_drafts(source, target)
    recount(target, target.reply_channel, target.reply_identity_id)
    conversations.look_at_queue()
    return moved


def _take_apart(row: ConversationMerge, kept: Conversation, other: Conversation) -> None:
    moved, came = row.moved, Message.id == any_(_array(row.moved["messages"]))
    if db.session.scalar(select(ConversationMerge.said_since()).where(ConversationMerge.id == row.id)):
        raise Refusal("said_since", "Something was said since. Split the conversation where the other matter begins.")
    still = select(func.count()).where(Message.conversation_id == kept.id, came)
    if other.merged_into_id != kept.id or db.session.scalar(still) != len(moved["messages"]):
        raise Refusal("moved_on", "A part of it was moved on since. Undo that first.")
    untouched = standing(kept) == moved["kept_then"]
    kept.takes_chat, other.takes_chat = moved["took_chat"]
    other.merged_into_id = None
    if moved["other_was"]["status"] != "resolved":
        try:
            with db.session.begin_nested():
                stand(other, moved["other_was"], bot_was_silent=False)
        except IntegrityError:
            raise Refusal("another_open", "The customer has a newer conversation that is still open.") from None
    if untouched:
        stand(kept, moved["kept_was"], bot_was_silent=False)
    move(kept, other, came)
    _take_work(kept, other)
    greetings = update(BotTurn).where(BotTurn.id.in_(moved["turns"])).values(conversation_id=other.id)
    db.session.execute(quietly(greetings))
    follows = (Follow.conversation_id == kept.id) & Follow.agent_id.in_(moved["followers"])
    db.session.execute(delete(Follow).where(follows))
    other.unread = min(kept.unread, moved["unread"])
    kept.unread -= other.unread
    kept.context = {name: value for name, value in kept.context.items() if moved["context"].get(name) != value}
    recount(kept, *moved["reply"])
    recount(other, other.reply_channel, other.reply_identity_id)


def _put_together(kept: Conversation, part: Conversation) -> None:
    if kept.status == "resolved":
        raise Refusal("resolved", "This conversation is resolved. Reopen it first.")
    if part.merged_into_id:
        raise Refusal("moved_on", "A part of it was moved on since. Undo that first.")
    has_chat, took_chat = kept.thread == "", kept.takes_chat
    _fold(part, kept)
    kept.takes_chat = took_chat if has_chat else kept.takes_chat


def _take_work(source: Conversation, target: Conversation) -> None:
    """What bots owe, suggested or were told of goes where its message went."""
    for model in WORK:
        about = func.coalesce(model.message_id, model.answer_id) if model is BotTurn else model.message_id
        moved = (model.conversation_id == source.id) & (about == Message.id) & (Message.conversation_id == target.id)
        db.session.execute(quietly(update(model).where(moved).values(conversation_id=target.id)))


def _copy_followers(source: Conversation, target: Conversation) -> list[int]:
    """Who did not follow the target yet."""
    theirs = select(literal(target.id, BigInteger), Follow.agent_id, literal(now())).where(
        Follow.conversation_id == source.id
    )
    rows = insert(Follow).from_select(["conversation_id", "agent_id", "created_at"], theirs).on_conflict_do_nothing()
    return sorted(db.session.scalars(rows.returning(Follow.agent_id)))


def _take_drafts(source: Conversation, target: Conversation) -> None:
    """Nobody looks for them where the conversation is over; who has begun something in the target keeps that."""
    theirs = aliased(Draft)
    has_one = select(theirs.mode).where(
        theirs.conversation_id == target.id, theirs.agent_id == Draft.agent_id, theirs.mode == Draft.mode
    )
    rows = update(Draft).where(Draft.conversation_id == source.id, ~has_one.exists())
    taken = rows.values(conversation_id=target.id).returning(Draft.agent_id, Draft.mode, Draft.updated_at)
    for agent_id, mode, updated_at in db.session.execute(quietly(taken)).all():
        tell_draft(agent_id, source.id, mode)
        tell_draft(agent_id, target.id, mode, updated_at)


def _array(ids: list[int]) -> ColumnElement[Any]:
    """One parameter, however many there are."""
    return literal(ids, ARRAY(BigInteger))
