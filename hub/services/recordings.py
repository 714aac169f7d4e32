"""Recordings of calls: kept as long as ops say, then gone, here and at the provider."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from hub.db import db, now
from hub.models import Attachment, Call, CallAction, MediaFetch, Message
from hub.services import lines
from hub.services.threads import note_event

AT_ONCE = 100


def forget_at_provider(attachment_ids: Sequence[int]) -> None:
    """Of these files those that are recordings."""
    names = [line.name for line in lines.lines()]
    if not names or not attachment_ids:
        return
    rows = (
        select(MediaFetch.ref, func.max(Call.id))
        .join(Attachment, Attachment.id == MediaFetch.attachment_id)
        .join(Message, Message.id == Attachment.message_id)
        .join(Call, (Call.channel == MediaFetch.channel) & (Call.identity_id == Message.identity_id))
        .where(MediaFetch.channel.in_(names), MediaFetch.attachment_id.in_(attachment_ids), MediaFetch.ref != "")
        .group_by(MediaFetch.ref)
    )
    for ref, call_id in db.session.execute(rows).all():
        db.session.add(CallAction(lane=f"recording:{ref}", call_id=call_id, action="forget", ref=ref))


def outlived(channel: str) -> list[int]:
    """Messages whose recordings are older than this line keeps them, some of them."""
    kept = lines.settings_of(channel).keeps_recordings
    rows = (
        select(Message.id)
        .join(Attachment, Attachment.message_id == Message.id)
        .where(Message.channel == channel, Message.kind.in_(("call", "audio")), Message.direction != "note")
        .where(Attachment.state == "ready", Attachment.created_at < now() - kept)
        .order_by(Message.id)
        .limit(AT_ONCE)
    )
    return list(db.session.scalars(rows.distinct()))


def say_erased(message_ids: Sequence[int]) -> None:
    """Also what was written down of them."""
    for message in db.session.scalars(select(Message).where(Message.id.in_(message_ids))):
        gone = {name: value for name, value in message.payload.items() if name != "transcript"}
        message.payload, message.text = gone, ""
        note_event(message.conversation, "recording_erased")
