"""One conversation, page by page, and what may be answered in it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel
from sqlalchemy import Select, select
from sqlalchemy.orm import selectinload

from channels.contract import Capabilities
from channels.voice import VoiceChannel
from hub import current, letters
from hub.db import db, now
from hub.models import Allowance, Call, Conversation, Identity, Message
from hub.refusals import Invalid, NotFound
from hub.shapes import ConversationShape, MessageShape

Reason = Literal["window_closed", "allowance_used", "unreachable", "opted_out", "passive", "no_call", "no_channel"]


class MediaShape(BaseModel):
    bytes: int
    mimes: list[str] | None  # None: any


class ReplyShape(BaseModel):
    """What the composer may offer."""

    channel: str
    label: str
    allowed: bool
    # where a reply is allowed all the same, it waits or takes a way of `fallback`
    reason: Reason | None
    fallback: list[str]
    text_bytes: int | None
    media: dict[str, MediaShape]
    links: bool
    cards: bool
    menus: bool
    typing: bool
    receipts: bool
    threaded: bool
    to: str
    subject: str  # where threaded: what an answer to all would have
    cc: list[str]
    callable: bool  # they have a number, and we have a line


class ParticipantShape(BaseModel):
    address: str
    name: str
    kind: Literal["customer", "wrote", "copied"]


class ConversationDetail(ConversationShape):
    reply: ReplyShape
    participants: list[ParticipantShape]  # of a thread
    followed: bool  # by who asks


def messages(
    conversation_id: int, after: int | None, before: int | None, limit: int
) -> tuple[list[MessageShape], int | None]:
    """One page, oldest first, and the message to go on from: backwards by default, forwards after `after`."""
    wanted = _said_in(conversation_id)
    if before is not None:
        wanted = wanted.where(Message.position < _position(conversation_id, before, "before"))
    if after is not None:
        wanted = wanted.where(Message.position > _position(conversation_id, after, "after"))
        page, following = _page(wanted.order_by(Message.position.asc(), Message.id.asc()), limit)
    else:
        page, following = _page(wanted.order_by(Message.position.desc(), Message.id.desc()), limit)
        page.reverse()
    return [MessageShape.of(row) for row in page], following


def messages_around(
    conversation_id: int, message_id: int, limit: int
) -> tuple[list[MessageShape], int | None, int | None]:
    """A page with this message in its middle, oldest first, and the messages to go on from: backwards and forwards."""
    wanted, here = _said_in(conversation_id), _position(conversation_id, message_id, "around")
    newest_first = wanted.where(Message.position <= here).order_by(Message.position.desc(), Message.id.desc())
    until, older = _page(newest_first, limit // 2 + 1)
    oldest_first = wanted.where(Message.position > here).order_by(Message.position.asc(), Message.id.asc())
    since, newer = _page(oldest_first, max(1, limit // 2))
    return [MessageShape.of(row) for row in (*reversed(until), *since)], older, newer


def _said_in(conversation_id: int) -> Select[Message]:
    whole = (selectinload(Message.attachments), selectinload(Message.deliveries))
    return select(Message).options(*whole).where(Message.conversation_id == conversation_id)


def _page(wanted: Select[Message], limit: int) -> tuple[list[Message], int | None]:
    """And its last one, if there are more."""
    rows = list(db.session.scalars(wanted.limit(limit + 1)))
    page = rows[:limit]
    return page, page[-1].id if page and len(rows) > limit else None


def message(message_id: int) -> Message:
    row = db.session.get(Message, message_id)
    if row is None:
        raise NotFound("message")
    return row


def participants(row: Conversation) -> list[ParticipantShape]:
    return [ParticipantShape.model_validate(each) for each in letters.participants(row)]


def reply_options(row: Conversation) -> ReplyShape:
    settings, channel = current.settings(), current.channels().get(row.reply_channel)
    if channel is None:
        return ReplyShape(
            channel=row.reply_channel,
            label=row.reply_channel,
            allowed=False,
            reason="no_channel",
            fallback=[],
            text_bytes=None,
            media={},
            links=False,
            cards=False,
            menus=False,
            typing=False,
            receipts=False,
            threaded=False,
            to="",
            subject="",
            cc=[],
            callable=_is_callable(row),
        )
    can = channel.capabilities
    reason = _refusal(row, can)
    config = settings.channels[row.reply_channel].file
    to = row.reply_identity.value if can.threaded else ""
    heading = letters.filled(letters.USUAL, row, to, letters.answered(row)) if can.threaded else {}
    # nobody can be notified where they cannot be reached
    fallback = [way for way in config.fallback if way != "notice" or row.reply_identity.reachable]
    return ReplyShape(
        channel=row.reply_channel,
        label=config.label,
        allowed=reason in (None, "passive") or bool(fallback),
        reason=reason,
        fallback=fallback,
        text_bytes=can.text_bytes,
        media={kind: MediaShape(bytes=limit.bytes, mimes=_sorted(limit.mimes)) for kind, limit in can.media.items()},
        links=can.links,
        cards=can.cards,
        menus=can.menus,
        typing=can.typing,
        receipts=can.receipts,
        threaded=can.threaded,
        to=to,
        subject=heading.get("subject", ""),
        cc=heading.get("cc", []),
        callable=_is_callable(row),
    )


def _sorted(mimes: frozenset[str] | None) -> list[str] | None:
    return None if mimes is None else sorted(mimes)


def _refusal(row: Conversation, can: Capabilities) -> Reason | None:
    if can.answers_inline:
        return "passive"
    if can.spoken:
        return None if _is_listening(row) else "no_call"
    if row.reply_identity.opted_out:
        return "opted_out"
    if not row.reply_identity.reachable:
        return "unreachable"
    if not can.allowances:
        return None
    live = db.session.scalars(
        select(Allowance.left).where(Allowance.identity_id == row.reply_identity_id, Allowance.until > now())
    ).all()
    if not live:
        return "window_closed"
    return None if sum(live) else "allowance_used"


def _is_callable(row: Conversation) -> bool:
    schemes = {channel.scheme for channel in current.channels().values() if isinstance(channel, VoiceChannel)}
    if not schemes:
        return False
    numbers = select(Identity.id).where(Identity.contact_id == row.contact_id, Identity.scheme.in_(schemes))
    return db.session.scalar(numbers.limit(1)) is not None


def _is_listening(row: Conversation) -> bool:
    listens = (Call.identity_id == row.reply_identity_id) & Call.state.in_(("bot", "queued"))
    return db.session.scalar(select(Call.id).where(listens).limit(1)) is not None


def _position(conversation_id: int, message_id: int, field: str) -> Any:
    row = select(Message.position).where(Message.id == message_id, Message.conversation_id == conversation_id)
    position = db.session.scalar(row)
    if position is None:
        raise Invalid(field, "is not a message of this conversation")
    return position
