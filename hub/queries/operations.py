"""What ops look at: the state of each channel."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import func, literal, select, union_all

from channels.contract import Channel, ReceivingChannel
from channels.voice import VoiceChannel
from hub import current
from hub.db import db, now
from hub.models import Bookmark, ChannelState, Delivery, Message
from hub.shapes import ChannelHealth, ChannelShape, ReceiverShape, TemplateShape

UNFINISHED = ("pending", "running", "waiting", "failed", "uncertain")


def channels() -> list[ChannelHealth]:
    settings = current.settings()
    states = {row.channel: row for row in db.session.scalars(select(ChannelState))}
    bookmarks = {row.channel: row for row in db.session.scalars(select(Bookmark))}
    last = _last_messages(settings.channels)
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


def _last_messages(channels: Iterable[str]) -> dict[tuple[str, str], datetime]:
    """When each channel last carried something, in and out: a look into an index for each, however many there are."""
    found = [
        select(literal(channel), literal(direction), Message.created_at)
        .where(Message.channel == channel, Message.direction == direction)
        .order_by(Message.created_at.desc())
        .limit(1)
        .subquery()
        for channel in channels
        for direction in ("in", "out")
    ]
    every = union_all(*(select(each) for each in found))
    return {(channel, direction): at for channel, direction, at in db.session.execute(every)}


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


def database_answers() -> bool:
    return db.session.scalar(select(literal(1))) == 1
