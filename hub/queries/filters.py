"""What a list of conversations is narrowed to, and in which order it stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field
from sqlalchemy import ColumnElement, func, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from hub.models import Agent, Conversation
from hub.models.conversations import QUEUE
from hub.queries import access, cursors, search

FAR = datetime(9999, 1, 1, tzinfo=UTC)  # who does not wait comes after all who do


def comma_list(value: Any) -> list[str]:
    """`?state=failed,uncertain`"""
    values = value if isinstance(value, list) else [value]
    return [word for given in values for word in str(given).split(",") if word]


def somebody(given: str) -> str:
    if given not in ("", "me", "none") and not given.isdecimal():
        raise ValueError("must be me, none or an agent's id")
    return given


Status = Literal["bot", "waiting", "open", "snoozed", "resolved"]


class Filter(BaseModel):
    """As an address has it, and as a saved view keeps it."""

    status: Annotated[list[Status], BeforeValidator(comma_list)] = []
    assignee: Annotated[str, AfterValidator(somebody)] = ""  # me, none, or an agent's id
    team: str = ""
    channel: str = ""
    labels: Annotated[list[str], BeforeValidator(comma_list)] = []  # all of them
    priority: Annotated[list[Annotated[int, Field(ge=0, le=3)]], BeforeValidator(comma_list)] = []  # one of them
    unread: bool = False
    followed: bool = False  # by who asks
    mentioned: bool = False  # who asks
    q: str = Field("", max_length=500)
    sort: Literal["", "newest", "oldest_waiting", "priority", "sla"] = (
        ""  # "": the queue in its order, else newest first
    )


def conditions(wanted: Filter, reader: Agent) -> list[ColumnElement[bool]]:
    found = {
        "status": Conversation.status.in_(wanted.status),
        "assignee": assigned(wanted.assignee, reader),
        "team": Conversation.team == wanted.team,
        "channel": Conversation.reply_channel == wanted.channel,
        "labels": Conversation.labels.contains(wanted.labels),
        "priority": Conversation.priority.in_(wanted.priority),
        "unread": Conversation.unread > 0,
        "followed": access.followed(reader.id),
        "mentioned": access.mentioned(reader.id),
        "q": search.mentioned(wanted.q),
    }
    chosen = [condition for name, condition in found.items() if getattr(wanted, name)]
    # where nothing that was promised runs, nothing is due
    return [*chosen, Conversation.sla_due_at.is_not(None)] if wanted.sort == "sla" else chosen


def assigned(given: str, reader: Agent) -> ColumnElement[bool]:
    if given == "none":
        return Conversation.assignee_id.is_(None)
    return Conversation.assignee_id == (int(given) if given.isdecimal() else reader.id)


@dataclass(frozen=True, slots=True)
class Order:
    """One way to stand in a list, and to go on from any row of it. The column of time is the last one."""

    columns: tuple[ColumnElement[Any] | InstrumentedAttribute[Any], ...]
    place: Callable[[Conversation], tuple[datetime, *tuple[int, ...]]]  # its time, then what stands before it
    ascending: bool = False

    @property
    def by(self) -> Sequence[ColumnElement[Any]]:
        every = (*self.columns, Conversation.id)
        return [column.asc() if self.ascending else column.desc() for column in every]

    def after(self, cursor: str) -> ColumnElement[bool]:
        at, *ties = cursors.place(cursor, *[int] * len(self.columns))
        here, there = tuple_(*self.columns, Conversation.id), tuple_(*ties[:-1], at, ties[-1])
        return here > there if self.ascending else here < there

    def cursor(self, last: Conversation) -> str:
        return cursors.cursor(*self.place(last), last.id)


ORDERS = {
    "newest": Order((Conversation.last_activity_at,), lambda row: (row.last_activity_at,)),
    "queue": Order(QUEUE[:2], lambda row: (row.waiting_since or FAR, -row.priority), ascending=True),
    "longest": Order((Conversation.waiting_since,), lambda row: (row.waiting_since or FAR,), ascending=True),
    "oldest_waiting": Order(
        (func.coalesce(Conversation.waiting_since, FAR),), lambda row: (row.waiting_since or FAR,), ascending=True
    ),
    "priority": Order(
        (Conversation.priority, Conversation.last_activity_at), lambda row: (row.last_activity_at, row.priority)
    ),
    "sla": Order((Conversation.sla_due_at,), lambda row: (row.sla_due_at or FAR,), ascending=True),
}


def order_of(wanted: Filter) -> Order:
    # those who all wait need no sorting out, and have an index
    of_waiting = {"": "queue", "oldest_waiting": "longest"} if wanted.status == ["waiting"] else {}
    return ORDERS[of_waiting.get(wanted.sort, wanted.sort or "newest")]
