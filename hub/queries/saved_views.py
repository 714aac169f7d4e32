"""The views an agent may choose: their own, then those that colleagues share."""

from __future__ import annotations

from pydantic import BaseModel
from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from hub.db import db
from hub.models import Agent, SavedView
from hub.queries.filters import Filter
from hub.refusals import NotFound
from hub.shapes import Ref


class SavedViewShape(BaseModel):
    id: int
    name: str
    filter: Filter
    shared: bool
    position: int
    by: Ref

    @classmethod
    def of(cls, row: SavedView) -> SavedViewShape:
        return cls(
            id=row.id,
            name=row.name,
            filter=Filter.model_validate(row.filter),
            shared=row.shared,
            position=row.position,
            by=Ref(id=row.agent.id, name=row.agent.name),
        )


def visible(agent: Agent) -> list[SavedViewShape]:
    rows = (
        select(SavedView)
        .options(joinedload(SavedView.agent))
        .where(or_(SavedView.agent_id == agent.id, SavedView.shared))
        .order_by(SavedView.agent_id != agent.id, SavedView.position, SavedView.id)
    )
    return [SavedViewShape.of(row) for row in db.session.scalars(rows)]


def find(view_id: int) -> SavedView:
    row = db.session.get(SavedView, view_id)
    if row is None:
        raise NotFound("view")
    return row
