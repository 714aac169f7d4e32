"""The lists of conversations: mine, waiting, all, and any filter between."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_
from sqlalchemy.orm import joinedload, selectinload

from hub import current
from hub.db import db, now
from hub.models import Allowance, Contact, Conversation, Follow, Identity, Merge, Message
from hub.queries import cursors
from hub.refusals import NotFound
from hub.shapes import ContactShape, ConversationShape, MergeShape

# everything a row of the list shows, in four queries whatever its length
WHOLE_ROW = (
    joinedload(Conversation.contact),
    joinedload(Conversation.reply_identity),
    joinedload(Conversation.assignee),
    joinedload(Conversation.last_message).options(selectinload(Message.attachments), selectinload(Message.deliveries)),
)


def conversations(
    statuses: Sequence[str],
    assignee_id: int | None,
    unassigned: bool,
    team: str | None,
    channel: str | None,
    words: str | None,
    cursor: str | None,
    limit: int,
    urgent_first: bool = False,
) -> tuple[list[ConversationShape], str | None]:
    """One page, and the cursor of the next. Newest activity first; people who wait stand in their queue's order.

    `urgent_first`: only those to whom something promised is running out, and what is due first, first.
    """
    queue = list(statuses) == ["waiting"]
    by_time = Conversation.waiting_since if queue else Conversation.last_activity_at
    order, ascending = (Conversation.sla_due_at, True) if urgent_first else (by_time, queue)
    wanted = select(Conversation).options(*WHOLE_ROW)
    if statuses:
        wanted = wanted.where(Conversation.status.in_(statuses))
    if assignee_id is not None:
        wanted = wanted.where(Conversation.assignee_id == assignee_id)
    if unassigned:
        wanted = wanted.where(Conversation.assignee_id.is_(None))
    if team:
        wanted = wanted.where(Conversation.team == team)
    if channel:
        wanted = wanted.where(Conversation.reply_channel == channel)
    if words:
        wanted = wanted.where(_mentions(words))
    if urgent_first:
        wanted = wanted.where(Conversation.sla_due_at.is_not(None))
    if cursor:
        here, there = tuple_(order, Conversation.id), tuple_(*cursors.place(cursor, int))
        wanted = wanted.where(here > there if ascending else here < there)
    by = (order.asc(), Conversation.id.asc()) if ascending else (order.desc(), Conversation.id.desc())
    rows = db.session.scalars(wanted.order_by(*by).limit(limit + 1)).all()
    page = rows[:limit]
    more = len(rows) > limit
    last = page[-1] if page else None
    if not (more and last):
        return shapes(page), None
    return shapes(page), cursors.cursor(getattr(last, order.key), last.id)


def counts(agent_id: int) -> dict[str, int]:
    mine = and_(Conversation.assignee_id == agent_id, Conversation.status.in_(("open", "snoozed")))
    row = db.session.execute(
        select(
            func.count().filter(mine),
            func.count().filter(Conversation.status == "waiting"),
            func.count(),
        ).where(Conversation.status != "resolved")
    ).one()
    return {"mine": row[0], "waiting": row[1], "all": row[2]}


def conversation(conversation_id: int) -> Conversation:
    row = db.session.get(Conversation, conversation_id, options=WHOLE_ROW)
    if row is None:
        raise NotFound("conversation")
    return row


def is_followed(conversation_id: int, agent_id: int) -> bool:
    return db.session.get(Follow, (conversation_id, agent_id)) is not None


def shape(row: Conversation) -> ConversationShape:
    return shapes([row])[0]


def shapes(rows: Sequence[Conversation]) -> list[ConversationShape]:
    identities = [row.reply_identity_id for row in rows]
    allowances: dict[int, list[Allowance]] = {}
    for allowance in db.session.scalars(select(Allowance).where(Allowance.identity_id.in_(identities))):
        allowances.setdefault(allowance.identity_id, []).append(allowance)
    at = now()
    return [ConversationShape.of(row, allowances.get(row.reply_identity_id, []), at) for row in rows]


def contact(contact_id: int) -> ContactShape:
    whole = (selectinload(Contact.identities),)
    row = db.session.get(Contact, contact_id, options=whole, populate_existing=True)
    if row is None:
        raise NotFound("contact")
    theirs = (
        select(Conversation)
        .options(*WHOLE_ROW)
        .where(Conversation.contact_id == contact_id)
        .order_by(Conversation.last_activity_at.desc())
        .limit(50)
    )
    merges = (
        select(Merge)
        .options(joinedload(Merge.agent), joinedload(Merge.other))
        .where(Merge.kept_id == contact_id)
        .order_by(Merge.id.desc())
    )
    return ContactShape.of(
        row,
        shapes(db.session.scalars(theirs).all()),
        [MergeShape.of(merge) for merge in db.session.scalars(merges)],
        {channel.scheme: name for name, channel in reversed(current.channels().items())},
    )


def _mentions(words: str) -> ColumnElement[bool]:
    pattern = "%" + words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    said = select(Message.id).where(Message.conversation_id == Conversation.id, Message.text.ilike(pattern))
    people = (
        select(Contact.id)
        .join(Identity)
        .where(Contact.id == Conversation.contact_id, or_(Contact.name.ilike(pattern), Identity.value.ilike(pattern)))
    )
    return or_(Conversation.subject.ilike(pattern), said.exists(), people.exists())
