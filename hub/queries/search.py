"""What was ever said, and who said it, by words.

PostgreSQL cannot tell how often words stand together, so it is not asked to choose. What is in few messages is found
by its words; of what is in many only the newest are wanted, so these are looked through in windows of their ids, each
larger than the one before.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from psycopg.errors import QueryCanceled
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    any_,
    bindparam,
    func,
    intersect,
    or_,
    select,
    text,
    true,
    tuple_,
    union,
)
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import InstrumentedAttribute, aliased, joinedload, selectinload

from hub.db import db
from hub.excerpts import Asked
from hub.hits import ContactHit, MessageHit
from hub.models import Agent, Attachment, Contact, Conversation, Identity, Message
from hub.queries import access, cursors
from hub.refusals import Refusal
from hub.words import question, questions_for_people

Sort = Literal["newest", "relevance"]
SECONDS = 3.0  # then it says so
FIRST_WINDOW, GROWTH = 8_000, 5
LOOKED_THROUGH = 40_000  # messages: a larger window is read by its words after all
RANKED = 100  # of the newest that fit
PEOPLE_FIRST = 5  # before the messages, where both are wanted
MANY = 5_000  # messages: what is in more of them is soon found again, whichever way one walks
CLOCKS_DIFFER = timedelta(minutes=1)  # ids are given in the order of time, but for transactions side by side


@dataclass(frozen=True, slots=True)
class Filter:
    """Of messages and their conversations; what is None does not matter."""

    channel: str | None = None
    direction: str | None = None
    attachment: bool = False
    since: datetime | None = None
    until: datetime | None = None
    statuses: Sequence[str] = ()
    team: str | None = None
    labels: Sequence[str] = ()
    assignee_id: int | None = None

    def of_messages(self) -> Iterator[ColumnElement[bool]]:
        if self.channel:
            yield Message.channel == self.channel
        if self.direction:
            yield Message.direction == self.direction
        if self.since:
            yield Message.created_at >= self.since
        if self.until:
            yield Message.created_at < self.until
        if self.attachment:
            kept = select(Attachment.id).where(Attachment.message_id == Message.id, Attachment.medium != "source")
            yield kept.exists()

    def of_conversations(self) -> Iterator[ColumnElement[bool]]:
        if self.statuses:
            yield Conversation.status.in_(self.statuses)
        if self.team:
            yield Conversation.team == self.team
        if self.labels:
            yield Conversation.labels.contains(self.labels)
        if self.assignee_id is not None:
            yield Conversation.assignee_id == self.assignee_id


def everything(
    asked: str, agent: Agent, wanted: Filter, cursor: str | None, limit: int, sort: Sort
) -> tuple[list[ContactHit | MessageHit], str | None]:
    """The people first, a few of them; then the messages."""
    found: list[ContactHit | MessageHit] = []
    if cursor is None:
        found += people(asked, agent, wanted, None, PEOPLE_FIRST)[0]
    said, following = messages(asked, agent, wanted, cursor, limit, sort)
    return [*found, *said], following


def messages(
    asked: str, agent: Agent, wanted: Filter, cursor: str | None, limit: int, sort: Sort
) -> tuple[list[MessageHit], str | None]:
    """One page, and the cursor of the next. By relevance: of the newest hundred the best, and no more."""
    ranked = sort == "relevance"
    with in_time() as left:
        ids = _newest(_asked(asked), agent, wanted, cursor, RANKED if ranked else limit + 1, left)
        rows = _whole(ids if ranked else ids[:limit])
    looked_for = Asked(asked)
    hits = [MessageHit.of(row, looked_for) for row in rows]
    if ranked:
        return sorted(hits, key=lambda hit: -hit.fit)[:limit], None
    last = rows[-1] if len(ids) > limit else None
    return hits, cursors.cursor(last.created_at, last.id) if last else None


def people(
    asked: str, agent: Agent, wanted: Filter, cursor: str | None, limit: int
) -> tuple[list[ContactHit], str | None]:
    """Whose conversation was active last comes first. Whom one may not read with anybody is not there."""
    _asked(asked)
    latest = (
        select(Conversation)
        .where(Conversation.contact_id == Contact.id, access.readable(agent), *wanted.of_conversations())
        .order_by(Conversation.last_activity_at.desc())
        .limit(1)
        .lateral()
    )
    conversation = aliased(Conversation, latest)
    at = func.coalesce(conversation.last_activity_at, Contact.created_at)
    named = _named(asked).cte().prefix_with("MATERIALIZED")
    rows = (
        select(Contact, conversation, at)
        .join(named, named.c[0] == Contact.id)
        .outerjoin(conversation, true())
        .options(selectinload(Contact.identities), joinedload(conversation.reply_identity))
        .order_by(at.desc(), Contact.id.desc())
        .limit(limit + 1)
    )
    if access.teams_read(agent) is None and not [*wanted.of_conversations()]:
        rows = rows.where(select(Identity.id).where(Identity.contact_id == Contact.id).exists())
    else:
        rows = rows.where(conversation.id.is_not(None))
    if wanted.channel:
        rows = rows.where(conversation.reply_channel == wanted.channel)
    if cursor:
        rows = rows.where(tuple_(at, Contact.id) < tuple_(*cursors.place(cursor, int)))
    with in_time():
        found = db.session.execute(rows).all()
    looked_for = Asked(asked)
    hits = [ContactHit.of(contact, row, looked_for) for contact, row, _ in found[:limit]]
    ended = found[limit - 1] if len(found) > limit else None
    return hits, cursors.cursor(ended[2], ended[0].id) if ended else None


def mentioned(asked: str) -> ColumnElement[bool]:
    """The condition on conversations: somebody said it there, or it names the customer."""
    sought = question(asked)
    if not sought:
        return Conversation.id.in_(())
    named = Conversation.contact_id.in_(_named(asked))
    said = db.session.scalars(select(Message.conversation_id).where(Message.has(sought)).limit(MANY + 1)).all()
    theirs = db.session.scalars(select(Conversation.id).where(named).limit(MANY + 1)).all()
    if len(said) <= MANY and len(theirs) <= MANY:
        return _one_of(Conversation.id, {*said, *theirs})
    # not EXISTS, which PostgreSQL may answer by reading all that was ever said
    spoken = select(Message.id).where(Message.conversation_id == Conversation.id, Message.holds(sought))
    return or_(spoken.limit(1).scalar_subquery().is_not(None), named)


def _one_of(column: InstrumentedAttribute[int], ids: Collection[int]) -> ColumnElement[bool]:
    """As one parameter, however many they are."""
    return column == any_(bindparam(None, list(ids), type_=ARRAY(BigInteger)))


@contextmanager
def in_time() -> Iterator[float]:
    """Refuses where PostgreSQL takes too long. Until when it may take, by the monotonic clock."""
    until = time.monotonic() + SECONDS
    try:
        db.session.execute(text(f"SET LOCAL statement_timeout = {int(SECONDS * 1000)}"))
        yield until
        db.session.execute(text("SET LOCAL statement_timeout = DEFAULT"))
    except OperationalError as error:
        if not isinstance(error.orig, QueryCanceled):
            raise
        db.session.rollback()
        raise _too_broad() from None


def _too_broad() -> Refusal:
    return Refusal("search_too_broad", "Too much fits: add a word, or narrow it by channel, person or time.", 422)


def _asked(asked: str) -> str:
    if sought := question(asked):
        return sought
    raise Refusal("nothing_to_search", "Search for a character, a word, or a number.", 422)


def _newest(sought: str, agent: Agent, wanted: Filter, cursor: str | None, limit: int, until: float) -> list[int]:
    """The ids of the newest that fit."""
    ceiling = _end(cursor)
    if wanted.until:
        ceiling = min(ceiling, _first_since(wanted.until + CLOCKS_DIFFER, ceiling))
    lowest = _first_since(wanted.since - CLOCKS_DIFFER, ceiling) if wanted.since else 0
    rare = db.session.scalars(select(Message.id).where(Message.has(sought)).limit(MANY + 1)).all()
    if len(rare) <= MANY:
        which = _one_of(Message.id, rare)
        return list(db.session.scalars(_within(lowest, ceiling, which, agent, wanted, limit)))
    found: list[int] = []
    size = FIRST_WINDOW
    while ceiling > lowest and len(found) < limit:
        if time.monotonic() > until:
            raise _too_broad()
        floor = max(lowest, ceiling - size)
        which = Message.holds(sought) if size <= LOOKED_THROUGH else Message.has(sought)
        found += db.session.scalars(_within(floor, ceiling, which, agent, wanted, limit - len(found)))
        ceiling, size = floor, size * GROWTH
    return found


def _end(cursor: str | None) -> int:
    if cursor is None:
        return (db.session.scalar(select(func.max(Message.id))) or 0) + 1
    _, last = cursors.place(cursor, int)
    return int(str(last))


def _within(
    floor: int, ceiling: int, which: ColumnElement[bool], agent: Agent, wanted: Filter, limit: int
) -> Select[int]:
    # materialised: else PostgreSQL may walk through all ids and read each message, in the hope of an early end
    fit = (
        select(Message.id, Message.conversation_id)
        .where(Message.id >= floor, Message.id < ceiling, which, *wanted.of_messages())
        .order_by(Message.id.desc())
        .cte()
        .prefix_with("MATERIALIZED")
    )
    # one by one from the newest on: a join would first read all conversations there are
    its = select(Conversation.id).where(
        Conversation.id == fit.c.conversation_id, access.readable(agent), *wanted.of_conversations()
    )
    return select(fit.c.id).join(its.limit(1).lateral(), true()).order_by(fit.c.id.desc()).limit(limit)


def _first_since(at: datetime, ceiling: int) -> int:
    """The lowest id of what was said from then on: looked up as in a dictionary."""
    low, high = 0, ceiling
    while low < high:
        middle = (low + high) // 2
        said = select(Message.created_at).where(Message.id >= middle, Message.id < high).order_by(Message.id).limit(1)
        when = db.session.scalar(said)
        if when is None or when >= at:
            high = middle
        else:
            low = middle + 1
    return low


def _whole(ids: Sequence[int]) -> list[Message]:
    conversation = joinedload(Message.conversation)
    rows = (
        select(Message)
        .where(Message.id.in_(ids))
        .options(
            selectinload(Message.attachments),
            conversation.joinedload(Conversation.contact),
            conversation.joinedload(Conversation.reply_identity),
            conversation.joinedload(Conversation.assignee),
        )
        .order_by(Message.id.desc())
    )
    return list(db.session.scalars(rows))


def _named(asked: str) -> Select[Any]:
    """The ids of contacts that every word names: by the name, or by one of the addresses."""
    each = [
        union(select(Contact.id).where(Contact.has(word)), select(Identity.contact_id).where(Identity.has(word)))
        for word in questions_for_people(asked)
    ]
    both = (intersect(*map(select, (one.subquery() for one in each))) if len(each) > 1 else each[0]).subquery()
    return select(both)
