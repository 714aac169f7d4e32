"""What ops look at: the state of each channel, and every job that is not done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, cast, func, literal, null, select, tuple_, union_all
from sqlalchemy.sql import Select

from channels.contract import Channel, ReceivingChannel
from channels.voice import VoiceChannel
from hub import current
from hub.db import db, now
from hub.models import (
    Arrival,
    Attachment,
    Bookmark,
    BotTurn,
    Call,
    CallAction,
    ChannelState,
    Delivery,
    MediaFetch,
    Message,
    Poll,
    ProfileFetch,
    Reconciliation,
    Transcription,
)
from hub.queries import cursors
from hub.shapes import ChannelHealth, ChannelShape, JobShape, ReceiverShape, TemplateShape

UNFINISHED = ("pending", "running", "waiting", "failed", "uncertain")


def channels() -> list[ChannelHealth]:
    settings = current.settings()
    states = {row.channel: row for row in db.session.scalars(select(ChannelState))}
    bookmarks = {row.channel: row for row in db.session.scalars(select(Bookmark))}
    last = {
        (channel, direction): at
        for channel, direction, at in db.session.execute(
            select(Message.channel, Message.direction, func.max(Message.created_at))
            .where(Message.direction.in_(("in", "out")))
            .group_by(Message.channel, Message.direction)
        )
    }
    count = func.count()
    counts = {
        (channel, state): number
        for channel, state, number in db.session.execute(
            select(Delivery.channel, Delivery.state, count)
            .where(Delivery.state.in_(UNFINISHED))
            .group_by(Delivery.channel, Delivery.state)
        )
    }
    healths = []
    for name, config in settings.channels.items():
        receives = issubclass(config.channel, ReceivingChannel)
        receiver = ReceiverShape.of(bookmarks.get(name), now()) if receives else None
        healths.append(
            ChannelHealth(
                **ChannelShape.of(name, states.get(name), receiver).model_dump(),
                label=config.file.label,
                **_abilities(current.channels()[name]),
                receiver=receiver,
                last_inbound_at=last.get((name, "in")),
                last_outbound_at=last.get((name, "out")),
                queued=sum(counts.get((name, state), 0) for state in ("pending", "running", "waiting")),
                failed=counts.get((name, "failed"), 0) + counts.get((name, "uncertain"), 0),
            )
        )
    return healths


def _abilities(channel: Channel) -> dict[str, Any]:
    """What inboxes offer there."""
    can = channel.capabilities
    forms = can.templates.items()
    return {
        "begins": can.begins,
        "threaded": can.threaded,
        "segments": can.segments,
        "free_text": can.free_text,
        "templates": [TemplateShape(name=name, text=form.text, fields=list(form.fields)) for name, form in forms],
        "spoken": can.spoken,
        "calls": isinstance(channel, VoiceChannel),
    }


def jobs(states: Sequence[str], cursor: str | None, limit: int) -> tuple[list[JobShape], str | None]:
    """Newest first over all kinds of jobs, and the cursor of the next page."""
    # where each kind of job finds its conversation
    found_by: list[tuple[Any, Any]] = [
        (Arrival, null()),
        (BotTurn, BotTurn.conversation_id),
        (CallAction, _conversation_of(_card_of(CallAction.call_id))),
        (Delivery, _conversation_of(Delivery.message_id)),
        (MediaFetch, _conversation_of(_message_of(MediaFetch.attachment_id))),
        (Poll, null()),
        (ProfileFetch, null()),
        (Reconciliation, _conversation_of(_carried_by(Reconciliation.delivery_id))),
        (Transcription, _conversation_of(_message_of(Transcription.attachment_id))),
    ]
    every = union_all(
        *(_columns(model, conversation).where(model.state.in_(states)) for model, conversation in found_by)
    )
    listed = every.subquery()
    wanted = select(listed)
    place = (listed.c.created_at, listed.c.kind, listed.c.id)
    if cursor:
        wanted = wanted.where(tuple_(*place) < tuple_(*cursors.place(cursor, str, int)))
    newest_first = wanted.order_by(*(column.desc() for column in place))
    rows = db.session.execute(newest_first.limit(limit + 1)).mappings().all()
    page = [JobShape(**{**row, "id": f"{row['kind']}-{row['id']}"}) for row in rows[:limit]]
    last = rows[limit - 1] if len(rows) > limit else None
    return page, cursors.cursor(last["created_at"], last["kind"], last["id"]) if last else None


def database_answers() -> bool:
    return db.session.scalar(select(literal(1))) == 1


def _columns(model: Any, conversation: Any) -> Select[Any]:
    return select(
        model.id,
        literal(model.kind).label("kind"),
        model.state,
        model.lane,
        model.attempts,
        model.error,
        model.error_code,
        model.due_at,
        model.created_at,
        cast(conversation, BigInteger).label("conversation_id"),
    )


def _conversation_of(message_id: Any) -> Any:
    return select(Message.conversation_id).where(Message.id == message_id).scalar_subquery()


# of the very job: two queries deep, SQLAlchemy would take any


def _carried_by(delivery_id: Any) -> Any:
    found = select(Delivery.message_id).where(Delivery.id == delivery_id)
    return found.correlate(delivery_id.class_).scalar_subquery()


def _card_of(call_id: Any) -> Any:
    return select(Call.message_id).where(Call.id == call_id).correlate(call_id.class_).scalar_subquery()


def _message_of(attachment_id: Any) -> Any:
    found = select(Attachment.message_id).where(Attachment.id == attachment_id)
    return found.correlate(attachment_id.class_).scalar_subquery()
