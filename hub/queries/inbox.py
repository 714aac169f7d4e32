"""The lists of conversations: mine, waiting, all, and any filter between."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext

from sqlalchemy import and_, func, select, true
from sqlalchemy.orm import joinedload, selectinload

from hub import current
from hub.db import db, now
from hub.models import Agent, Allowance, Contact, Conversation, Follow, Mention, Merge, Message
from hub.queries import filters, search
from hub.queries.access import mentioned, readable
from hub.queries.filters import Filter
from hub.refusals import NotFound
from hub.shapes import ContactShape, ConversationShape, MergeShape

COUNTED = 1000  # and more is shown as 999+

# everything a row of the list shows, in four queries whatever its length
WHOLE_ROW = (
    joinedload(Conversation.contact),
    joinedload(Conversation.reply_identity),
    joinedload(Conversation.assignee),
    joinedload(Conversation.last_message).options(selectinload(Message.attachments), selectinload(Message.deliveries)),
)


def conversations(
    reader: Agent, wanted: Filter, cursor: str | None, limit: int
) -> tuple[list[ConversationShape], str | None]:
    """One page, and the cursor of the next."""
    order = filters.order_of(wanted)
    with search.in_time() if wanted.q else nullcontext():
        chosen = select(Conversation).options(*WHOLE_ROW).where(readable(reader), *filters.conditions(wanted, reader))
        if cursor:
            chosen = chosen.where(order.after(cursor))
        rows = db.session.scalars(chosen.order_by(*order.by).limit(limit + 1)).all()
    page = rows[:limit]
    return shapes(page), order.cursor(page[-1]) if len(rows) > limit else None


def counts(reader: Agent) -> dict[str, int]:
    """Each up to COUNTED: nobody reads more of a badge, and a queue of thousands is not worth walking through."""
    wanted = {
        "mine": and_(Conversation.assignee_id == reader.id, Conversation.status.in_(("open", "snoozed"))),
        **{status: Conversation.status == status for status in ("waiting", "snoozed", "bot")},
        "all": Conversation.status != "resolved",
        "mentions": mentioned(reader.id, Mention.seen_at.is_(None)),
    }
    some = [
        select(Conversation.id).where(which, readable(reader)).limit(COUNTED).subquery() for which in wanted.values()
    ]
    row = db.session.execute(select(*(select(func.count()).select_from(each).scalar_subquery() for each in some))).one()
    return dict(zip(wanted, row, strict=True))


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


def contact(contact_id: int, reader: Agent | None) -> ContactShape:
    """Without the conversations that the reader may not read. None: the owner's own systems, who read all."""
    whole = (selectinload(Contact.identities),)
    row = db.session.get(Contact, contact_id, options=whole, populate_existing=True)
    if row is None:
        raise NotFound("contact")
    theirs = (
        select(Conversation)
        .options(*WHOLE_ROW)
        .where(Conversation.contact_id == contact_id, readable(reader) if reader else true())
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
