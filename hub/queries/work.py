"""The words of work.toml, each with its place, and how much of the work carries them."""

from __future__ import annotations

from sqlalchemy import func, select

from hub import current
from hub.db import db
from hub.desk import work
from hub.desk.work import Disposition, Label
from hub.models import Agent, Conversation
from hub.queries import configuration
from hub.queries.access import readable


class DispositionShape(Disposition):
    file: str
    line: int | None  # None: it stands in no [[table]] of its own


class LabelShape(Label):
    file: str
    line: int | None
    conversations: int  # that are not resolved, and that the reader may read


def labels(reader: Agent) -> list[LabelShape]:
    file, lines = _places("labels")
    carried = _carried(reader)
    return [
        LabelShape(**dict(each), file=file, line=lines.get(each.id), conversations=carried.get(each.id, 0))
        for each in current.settings().work.labels
    ]


def dispositions() -> list[DispositionShape]:
    file, lines = _places("dispositions")
    return [
        DispositionShape(**dict(each), file=file, line=lines.get(each.id))
        for each in current.settings().work.dispositions
    ]


def _places(table: str) -> tuple[str, dict[str, int]]:
    file = f"{current.settings().folder.name}/{work.NAME}"
    return file, configuration.lines_by_id(file, table)


def _carried(reader: Agent) -> dict[str, int]:
    """One walk through what is not over, without the years behind it."""
    label = func.unnest(Conversation.labels).label("label")
    each = select(label).where(Conversation.status != "resolved", readable(reader)).subquery()
    counted = select(each.c.label, func.count()).group_by(each.c.label)
    return dict(db.session.execute(counted).all())
