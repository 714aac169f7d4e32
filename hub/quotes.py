"""What stands in messages that rows point at, now: who is erased is quoted no more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import select

from hub.db import db
from hub.models import Message


def texts_of(message_ids: Iterable[int]) -> dict[int, str]:
    """In one line each. Those that were erased are left out."""
    wanted = select(Message.id, Message.text).where(Message.id.in_({*message_ids}), Message.text != "")
    return {number: " ".join(text.split()) for number, text in db.session.execute(wanted)}


def quoted(message_ids: Iterable[int], texts: Mapping[int, str]) -> list[str]:
    return [texts[each] for each in message_ids if each in texts]
