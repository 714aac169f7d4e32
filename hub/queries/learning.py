"""What bots did not understand, and what agents propose to teach them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, cast

from pydantic import BaseModel
from sqlalchemy import ColumnElement, Select, and_, any_, func, or_, select, tuple_
from sqlalchemy.orm import joinedload

from hub.db import db, now
from hub.knowledge.variants import LONGEST
from hub.models import BotTurn, Conversation, Message, Proposal, QuestionCluster
from hub.queries import cursors
from hub.quotes import quoted, texts_of
from hub.refusals import NotFound
from hub.shapes import Ref, Time

# a person took over, because the bot could not help; who asked for one, swore or had a tag was not misunderstood
NOT_HELPED = ("not_understood", "none_of_these", "repeated")
AT_MOST = 20_000  # questions, the newest
SETTLED_FOR = timedelta(days=90)

ClusterState = Literal["open", "proposed", "dismissed"]
ProposalState = Literal["open", "taken", "dismissed"]


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question that a bot had no right answer to."""

    message: int
    bot: str
    text: str
    at: datetime
    answered_wrongly: bool  # says an agent; else it was not understood


@dataclass(frozen=True, slots=True)
class Settled:
    """Questions that were proposed, or are not worth an answer."""

    messages: Sequence[int]
    texts: Sequence[str]  # the examples
    until: datetime  # questions like them that were asked later are new


class NearMeaning(BaseModel):
    id: str
    question: str
    score: float


class QuestionShape(BaseModel):
    id: int
    bot: str
    question: str
    size: int  # in the last week
    before: int  # in the week before
    examples: list[str]
    nearest: list[NearMeaning]
    state: ClusterState
    created_at: Time


class ProposalShape(BaseModel):
    id: int
    entry: str
    questions: list[str]
    state: ProposalState
    by: Ref
    cluster: int | None
    created_at: Time
    decided_at: Time | None


def unanswered(since: datetime) -> list[Unanswered]:
    """Newest first. A person who is erased has asked nothing."""
    missed = or_(BotTurn.outcome == "missed", and_(BotTurn.outcome == "handed_over", BotTurn.reason.in_(NOT_HELPED)))
    wrong = BotTurn.rating.is_not_distinct_from("bad")
    wanted = (
        select(Message.id, func.coalesce(Conversation.bot, ""), Message.text, BotTurn.created_at, wrong)
        .join(BotTurn, BotTurn.message_id == Message.id)
        .join(Conversation, Conversation.id == BotTurn.conversation_id)
        .where(BotTurn.created_at >= since, BotTurn.state == "done", Conversation.bot.is_not(None))
        .where(or_(and_(missed, BotTurn.rating.is_distinct_from("good")), wrong))
        .where(Message.kind == "text", Message.text != "", func.length(Message.text) <= LONGEST)
        .order_by(Message.id.desc())
        .limit(AT_MOST)
    )
    return [Unanswered(*row) for row in db.session.execute(wanted)]


def settled() -> list[Settled]:
    """What people decided about lately: of what was taken up only what was asked before counts."""
    at = now()
    taken_at = (
        select(func.max(Proposal.decided_at))
        .where(Proposal.cluster_id == QuestionCluster.id, Proposal.state == "taken")
        .scalar_subquery()
    )
    wanted = select(QuestionCluster, taken_at).where(
        QuestionCluster.state != "open", QuestionCluster.created_at > at - SETTLED_FOR
    )
    rows = db.session.execute(wanted).all()
    texts = texts_of(number for row, _ in rows for number in row.examples)
    return [Settled(row.messages, quoted(row.examples, texts), until or at) for row, until in rows]


def questions(state: ClusterState, cursor: str | None, limit: int) -> tuple[list[QuestionShape], str | None]:
    """One page, largest first, and the cursor of the next."""
    place = (QuestionCluster.size, QuestionCluster.id)
    wanted = select(QuestionCluster).where(QuestionCluster.state == state, _is_there(QuestionCluster.examples))
    if cursor:
        _, *there = cursors.place(cursor, int, int)
        wanted = wanted.where(tuple_(*place) < tuple_(*there))
    rows = list(db.session.scalars(wanted.order_by(*(each.desc() for each in place)).limit(limit + 1)))
    page = rows[:limit]
    last = page[-1] if len(rows) > limit else None
    return _questions(page), cursors.cursor(last.created_at, last.size, last.id) if last else None


def question(row: QuestionCluster) -> QuestionShape:
    [shape] = _questions([row])
    return shape


def _questions(rows: Sequence[QuestionCluster]) -> list[QuestionShape]:
    texts = texts_of(number for row in rows for number in row.examples)
    return [
        QuestionShape(
            id=row.id,
            bot=row.bot,
            question=next(iter(quoted(row.examples, texts)), ""),
            size=row.size,
            before=row.before,
            examples=quoted(row.examples, texts),
            nearest=[NearMeaning(**each) for each in row.nearest],
            state=cast(ClusterState, row.state),
            created_at=row.created_at,
        )
        for row in rows
    ]


def open_proposals() -> list[ProposalShape]:
    """All of them, in the order they were made."""
    rows = list(db.session.scalars(_proposals("open").order_by(Proposal.id)))
    texts = texts_of(number for row in rows for number in row.messages)
    return [_proposal(row, texts) for row in rows]


def proposals(state: ProposalState, cursor: str | None, limit: int) -> tuple[list[ProposalShape], str | None]:
    """One page, newest first, and the cursor of the next."""
    wanted = _proposals(state)
    if cursor:
        _, there = cursors.place(cursor, int)
        wanted = wanted.where(Proposal.id < there)
    rows = list(db.session.scalars(wanted.order_by(Proposal.id.desc()).limit(limit + 1)))
    page = rows[:limit]
    last = page[-1] if len(rows) > limit else None
    texts = texts_of(number for row in page for number in row.messages)
    return [_proposal(row, texts) for row in page], cursors.cursor(last.created_at, last.id) if last else None


def proposal(proposal_id: int) -> ProposalShape:
    row = db.session.get(Proposal, proposal_id)
    if row is None:
        raise NotFound("proposal")
    return _proposal(row, texts_of(row.messages))


def _proposals(state: ProposalState) -> Select[Proposal]:
    """Those of which nothing is left are not shown."""
    typed = func.jsonb_array_length(Proposal.questions) > 0
    wanted = select(Proposal).where(Proposal.state == state, or_(typed, _is_there(Proposal.messages)))
    return wanted.options(joinedload(Proposal.agent))


def _proposal(row: Proposal, texts: Mapping[int, str]) -> ProposalShape:
    return ProposalShape(
        id=row.id,
        entry=row.entry,
        questions=[*quoted(row.messages, texts), *row.questions],
        state=cast(ProposalState, row.state),
        by=Ref(id=row.agent.id, name=row.agent.name),
        cluster=row.cluster_id,
        created_at=row.created_at,
        decided_at=row.decided_at,
    )


def _is_there(messages: Any) -> ColumnElement[bool]:
    """At least one of them was not erased."""
    return select(Message.id).where(Message.id == any_(messages), Message.text != "").exists()
