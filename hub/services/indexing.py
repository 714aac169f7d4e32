"""The words that search finds rows by, where they are not written with the row itself."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import selectinload

from hub.db import db
from hub.models import Contact, Identity, Message

AT_ONCE = 500


def read_again(which: ColumnElement[bool]) -> None:
    """Something was changed past these messages."""
    db.session.flush()
    _write(_messages(which))


def catch_up() -> int:
    """Of the rows that were there before the search some, the newest first. How many they were."""
    for people in (select(Contact).where(Contact.words.is_(None)), select(Identity).where(Identity.words.is_(None))):
        if rows := db.session.scalars(people.limit(AT_ONCE).with_for_update(skip_locked=True)).all():
            return _write(rows)
    newest = select(Message.id).where(Message.words.is_(None)).order_by(Message.id.desc()).limit(AT_ONCE)
    ids = db.session.scalars(newest.with_for_update(skip_locked=True)).all()
    return _write(_messages(Message.id.in_(ids))) if ids else 0


def _messages(which: ColumnElement[bool]) -> Sequence[Message]:
    rows = select(Message).where(which).options(selectinload(Message.attachments))
    return db.session.scalars(rows.execution_options(populate_existing=True)).all()


def _write(rows: Sequence[Contact | Identity | Message]) -> int:
    if rows:
        db.session.execute(update(type(rows[0])), [{"id": row.id, "words": row.read()} for row in rows])
    return len(rows)
