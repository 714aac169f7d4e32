"""Every job that is not done: lists of them, what they have in common, and all that is known of one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from sqlalchemy import BigInteger, ColumnElement, and_, cast, func, literal, null, or_, select, tuple_, union_all
from sqlalchemy.orm import joinedload
from sqlalchemy.sql import Select, Subquery

from hub import current
from hub.db import db
from hub.jobs import PACED, UNFINISHED, Job
from hub.models import (
    Arrival,
    Attachment,
    BotTurn,
    Call,
    CallAction,
    Conversation,
    Delivery,
    DeliveryAttempt,
    Identity,
    MediaFetch,
    Message,
    Poll,
    ProfileFetch,
    Push,
    Reconciliation,
    Suggestion,
    Survey,
    Transcription,
)
from hub.queries import cursors
from hub.shapes import JobShape, Ref, Time, called

EXCERPT = 120  # characters
# what a list of troubles need not show: telephone numbers, cards, codes, addresses of mail, and the last part of a
# link that lets in whoever has it
SECRETS = re.compile(
    r"(?P<slash>/)[\w.~-]{20,}|(?P<head>\d{3})\d{3,}(?P<tail>\d{2})|(?P<first>[\w.+-])[\w.+-]*(?P<at>@[\w.-]+)"
)


class AttemptShape(BaseModel):
    started_at: Time
    seconds: float
    outcome: str  # sent, lost, or the class of the error
    code: str
    reason: str


class WayShape(BaseModel):
    channel: str
    label: str


class JobDetail(JobShape):
    text: str  # with numbers and addresses masked
    key: str  # under which the provider, or we, know it again
    may_double: bool  # tried again, the customer may get it twice
    behind: int  # jobs of the same lane that wait for this one
    history: list[AttemptShape]
    ways: list[WayShape]  # other channels that reach the same customer


class JobGroup(BaseModel):
    """Jobs that fail for the same reason."""

    kind: str
    channel: str
    error_code: str
    error: str  # of one of them
    count: int
    oldest_at: Time
    newest_at: Time


def listed(
    states: Sequence[str],
    kinds: Sequence[str],
    channel: str | None,
    code: str | None,
    cursor: str | None,
    limit: int,
) -> tuple[list[JobShape], str | None]:
    """Newest first over all kinds of jobs, and the cursor of the next page."""
    jobs = _every(states, kinds)
    wanted = select(jobs)
    if channel:
        wanted = wanted.where(jobs.c.channel == channel)
    if code is not None:
        wanted = wanted.where(jobs.c.error_code == code)
    place = (jobs.c.created_at, jobs.c.kind, jobs.c.id)
    if cursor:
        wanted = wanted.where(tuple_(*place) < tuple_(*cursors.place(cursor, str, int)))
    newest_first = wanted.order_by(*(column.desc() for column in place))
    rows = [dict(row) for row in db.session.execute(newest_first.limit(limit + 1)).mappings()]
    page = _described(rows[:limit])
    last = rows[limit - 1] if len(rows) > limit else None
    return page, cursors.cursor(last["created_at"], last["kind"], last["id"]) if last else None


def groups(states: Sequence[str]) -> list[JobGroup]:
    """The largest first."""
    jobs = _every(states, ())
    same = (jobs.c.kind, jobs.c.channel, jobs.c.error_code)
    rows = db.session.execute(
        select(
            *same,
            func.count().label("count"),
            func.min(jobs.c.created_at).label("oldest_at"),
            func.max(jobs.c.created_at).label("newest_at"),
            func.max(jobs.c.error).label("error"),
        )
        .group_by(*same)
        .order_by(func.count().desc(), *same)
    )
    return [JobGroup.model_validate(row) for row in rows.mappings()]


def one(job: Job) -> JobDetail:
    [row] = db.session.execute(select(_columns(type(job)).where(type(job).id == job.id).subquery())).mappings()
    [shape] = _described([dict(row)])
    behind = type(job).lane == job.lane, type(job).state.in_(UNFINISHED), type(job).id != job.id
    return JobDetail(
        **shape.model_dump(),
        text=masked(_text(job)),
        key=_key(job),
        may_double=_may_double(job),
        behind=db.session.scalar(select(func.count()).where(*behind)) or 0,
        history=_history(job) if isinstance(job, Delivery) else [],
        ways=_ways(job) if isinstance(job, Delivery) else [],
    )


def masked(text: str) -> str:
    return SECRETS.sub(_masked, text)


def _masked(found: re.Match[str]) -> str:
    return f"{found['slash'] or found['head'] or found['first']}***{found['tail'] or found['at'] or ''}"


def _every(states: Sequence[str], kinds: Sequence[str]) -> Subquery:
    models = [model for model in FOUND if not kinds or model.kind in kinds]
    return union_all(*(_columns(model).where(_stands(model, states)) for model in models)).subquery()


def _stands(model: Any, states: Sequence[str]) -> ColumnElement[bool]:
    """`retrying`: it went wrong, and is tried again by itself."""
    plain: ColumnElement[bool] = model.state.in_([state for state in states if state != "retrying"])
    if "retrying" not in states:
        return plain
    return or_(plain, and_(model.state.in_(UNFINISHED), model.error != "", model.error_code != PACED))


def _columns(model: Any) -> Select[Any]:
    conversation, channel = FOUND[model]
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
        channel.label("channel"),
    )


def _described(rows: list[dict[str, Any]]) -> list[JobShape]:
    """With whom each is about, and how what it carries begins."""
    contacts = _contacts({row["conversation_id"] for row in rows})
    texts = _texts(rows)
    return [
        JobShape(
            **{**row, "id": f"{row['kind']}-{row['id']}"},
            contact=contacts.get(row["conversation_id"]),
            excerpt=masked(texts.get((row["kind"], row["id"]), ""))[:EXCERPT],
        )
        for row in rows
    ]


def _contacts(conversation_ids: set[int | None]) -> dict[int | None, Ref]:
    whole = (joinedload(Conversation.contact), joinedload(Conversation.reply_identity))
    found = select(Conversation).where(Conversation.id.in_(conversation_ids)).options(*whole)
    return {row.id: called(row.contact, row.reply_identity) for row in db.session.scalars(found)}


def _texts(rows: list[dict[str, Any]]) -> dict[tuple[str, int], str]:
    ids: dict[str, list[int]] = {}
    for row in rows:
        ids.setdefault(row["kind"], []).append(row["id"])
    sent = select(Delivery.id, Message.text).join(Delivery.message).where(Delivery.id.in_(ids.get("delivery", ())))
    said = Arrival.event["text"].astext
    came = select(Arrival.id, func.coalesce(said, "")).where(Arrival.id.in_(ids.get("arrival", ())))
    found = (("delivery", sent), ("arrival", came))
    return {(kind, row[0]): row[1] for kind, wanted in found if kind in ids for row in db.session.execute(wanted)}


def _text(job: Job) -> str:
    if isinstance(job, Delivery):
        return job.text or job.message.text
    if isinstance(job, Arrival):
        return str(job.event.get("text", "")) if job.event else job.body.decode(errors="replace")
    return ""


def _key(job: Job) -> str:
    match job:
        case Delivery():
            return str(job.uid)
        case Arrival():
            return job.key
    return job.lane


def _may_double(job: Job) -> bool:
    if not isinstance(job, Delivery) or job.state not in ("uncertain", "running"):
        return False
    channel = current.channels().get(job.channel)
    return not (channel and channel.capabilities.resend_safe)


def _history(delivery: Delivery) -> list[AttemptShape]:
    tries = select(DeliveryAttempt).where(DeliveryAttempt.delivery_id == delivery.id).order_by(DeliveryAttempt.id)
    return [
        AttemptShape(
            started_at=row.started_at,
            seconds=round((row.ended_at - row.started_at).total_seconds(), 3),
            outcome=row.outcome,
            code=row.code,
            reason=row.reason,
        )
        for row in db.session.scalars(tries)
    ]


def _ways(delivery: Delivery) -> list[WayShape]:
    contact_id = delivery.identity.contact_id
    theirs = (Identity.contact_id == contact_id) & Identity.reachable & ~Identity.opted_out
    schemes = set(db.session.scalars(select(Identity.scheme).where(theirs)))
    files = current.settings().channels
    return [
        WayShape(channel=name, label=files[name].file.label)
        for name, channel in current.channels().items()
        if name != delivery.channel and channel.scheme in schemes and channel.capabilities.free_text
    ]


def _conversation_of(message_id: Any) -> Any:
    return select(Message.conversation_id).where(Message.id == message_id).scalar_subquery()


# of the very job: two queries deep, SQLAlchemy would take any


def _carried_by(delivery_id: Any, column: Any) -> Any:
    return select(column).where(Delivery.id == delivery_id).correlate(delivery_id.class_).scalar_subquery()


def _of_call(call_id: Any, column: Any) -> Any:
    return select(column).where(Call.id == call_id).correlate(call_id.class_).scalar_subquery()


def _message_of(attachment_id: Any) -> Any:
    found = select(Attachment.message_id).where(Attachment.id == attachment_id)
    return found.correlate(attachment_id.class_).scalar_subquery()


NOWHERE = literal("")
# where each kind of job finds its conversation, and its channel
FOUND: dict[type[Job], tuple[Any, Any]] = {
    Arrival: (null(), Arrival.channel),
    BotTurn: (BotTurn.conversation_id, NOWHERE),
    CallAction: (
        _conversation_of(_of_call(CallAction.call_id, Call.message_id)),
        _of_call(CallAction.call_id, Call.channel),
    ),
    Delivery: (_conversation_of(Delivery.message_id), Delivery.channel),
    MediaFetch: (_conversation_of(_message_of(MediaFetch.attachment_id)), MediaFetch.channel),
    Poll: (null(), Poll.channel),
    ProfileFetch: (null(), ProfileFetch.channel),
    Push: (Push.conversation_id, NOWHERE),
    Reconciliation: (
        _conversation_of(_carried_by(Reconciliation.delivery_id, Delivery.message_id)),
        _carried_by(Reconciliation.delivery_id, Delivery.channel),
    ),
    Suggestion: (Suggestion.conversation_id, NOWHERE),
    Survey: (Survey.conversation_id, Survey.channel),
    Transcription: (_conversation_of(_message_of(Transcription.attachment_id)), NOWHERE),
}
