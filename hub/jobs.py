"""Work that must happen after a commit. The row is the job; Celery only rings the bell.

A job is written in the transaction that causes it, so it exists if and only if its cause does. After the commit we
ring for it at once; a lost ring costs seconds, because `sweep` rings again for every job that is due.
Jobs of one lane run one at a time, oldest first; lanes run side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar

from flask import current_app
from sqlalchemy import Index, Select, event, func, select, text, tuple_, update
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.base import ExecutableOption

from hub.db import db, now

UNFINISHED = ("pending", "running")
PACED = "paced"  # the error code of a job with which nothing went wrong: it waits for its turn


class Job:
    """Mixin for tables whose rows are work."""

    kind: ClassVar[str]
    lane_order: ClassVar[tuple[str, ...]] = ("id",)

    id: Mapped[int] = mapped_column(primary_key=True)
    lane: Mapped[str]
    state: Mapped[str] = mapped_column(default="pending")  # pending, running, done, failed, uncertain, cancelled
    due_at: Mapped[datetime] = mapped_column(default=now)
    claimed_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(default="")
    error_code: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=now)


J = TypeVar("J", bound=Job)


def job_indexes(table: str) -> tuple[Index, ...]:
    """Small ones: finished jobs are most of a table and in neither."""
    return (
        Index(f"ix_{table}_lane", "lane", "id", postgresql_where=text("state in ('pending', 'running')")),
        Index(f"ix_{table}_due", "due_at", postgresql_where=text("state = 'pending'")),
        Index(f"ix_{table}_trouble", "state", "id", postgresql_where=text("state not in ('done', 'cancelled')")),
    )


def next_due(model: type[J], *conditions: ColumnElement[bool], limit: int) -> Select[int]:
    """Finds and locks the oldest due jobs whose lanes are free; workers that look at the same moment find others."""
    earlier = aliased(model)
    lane_is_busy = (
        select(earlier.id)
        .where(earlier.lane == model.lane, earlier.state.in_(UNFINISHED))
        .where(tuple_(*_order(earlier)) < tuple_(*_order(model)))
        .exists()
    )
    return (
        select(model.id)
        .where(model.state == "pending", model.due_at <= now(), ~lane_is_busy, *conditions)
        .order_by(model.due_at, model.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )


def claim(
    model: type[J], *conditions: ColumnElement[bool], limit: int, options: Iterable[ExecutableOption] = ()
) -> list[J]:
    """Take jobs that are worked on outside of any transaction: one a lane, oldest first."""
    due = next_due(model, *conditions, limit=limit).cte("due")
    taken = (
        update(model)
        .where(model.id == due.c.id)
        .values(state="running", claimed_at=now(), attempts=model.attempts + 1)
        .returning(model.id)
        .execution_options(synchronize_session=False)
    )
    ids = db.session.scalars(taken).all()
    rows = select(model).where(model.id.in_(ids)).order_by(model.id).options(*options)
    return list(db.session.scalars(rows.execution_options(populate_existing=True))) if ids else []


def _order(model: Any) -> tuple[Any, ...]:
    return tuple(getattr(model, column) for column in model.lane_order)


def retry_later(job: Job, delay: timedelta) -> None:
    job.state, job.due_at = "pending", now() + delay


def again(model: type[J], ids: Iterable[int], *options: ExecutableOption) -> list[J]:
    """The rows as they are now, ours alone until the commit."""
    rows = select(model).where(model.id.in_(list(ids))).order_by(model.id).options(*options)
    return list(db.session.scalars(rows.with_for_update(of=model).execution_options(populate_existing=True)))


def one_again(model: type[J], job_id: int) -> J:
    [job] = again(model, [job_id])
    return job


def lost_claims(model: type[J], older_than: timedelta) -> list[J]:
    """Jobs whose worker died between claim and record, locked for the caller to decide."""
    lost = select(model).where(model.state == "running", model.claimed_at < now() - older_than)
    return list(db.session.scalars(lost.with_for_update(skip_locked=True)))


def due_kinds() -> set[str]:
    """The kinds that have something to do now."""
    at = now()
    return {
        model.kind
        for model in job_models()
        if db.session.scalar(select(select(model.id).where(model.state == "pending", model.due_at <= at).exists()))
    }


def job_models() -> list[type[Job]]:
    return Job.__subclasses__()


def backlog() -> list[tuple[str, str, int, float]]:
    """(kind, state, how many, age of the oldest in seconds) of every job that is not done."""
    rows: list[tuple[str, str, int, float]] = []
    for model in job_models():
        unfinished = (
            select(model.state, func.count(), func.extract("epoch", func.now() - func.min(model.created_at)))
            .where(model.state.not_in(("done", "cancelled")))
            .group_by(model.state)
        )
        rows += [(model.kind, state, count, float(age)) for state, count, age in db.session.execute(unfinished)]
    return rows


def ring(*kinds: str) -> None:
    """Wake workers after the commit, for work that is no new row of the session."""
    db.session.info.setdefault("ring", set()).update(kinds)


def ring_later(kind: str, delay: timedelta) -> None:
    """Wake workers that long after the commit. Who misses the bell is found by the sweep."""
    db.session.info.setdefault("ring later", {})[kind] = delay


@contextmanager
def served(kinds: Iterable[str]) -> Iterator[None]:
    """Inside, new jobs of these kinds need no bell: whoever makes them takes them up right after."""
    db.session.info["served"] = frozenset(kinds)
    try:
        yield
    finally:
        db.session.info.pop("served", None)


@event.listens_for(db.session, "after_flush")
def _remember(session: Session, _: Any) -> None:
    ring(*(job.kind for job in session.new if isinstance(job, Job)))


@event.listens_for(db.session, "after_commit")
def _ring(session: Session) -> None:
    kinds = session.info.pop("ring", set()) - session.info.get("served", frozenset())
    if kinds:
        current_app.extensions["doorbell"](kinds)
    for kind, delay in session.info.pop("ring later", {}).items():
        current_app.extensions["doorbell later"](kind, delay)


@event.listens_for(db.session, "after_rollback")
def _forget(session: Session) -> None:
    for name in ("ring", "ring later"):
        session.info.pop(name, None)
