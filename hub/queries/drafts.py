"""What an agent has written and not sent yet. Nobody reads another one's."""

from __future__ import annotations

from collections.abc import Collection

from pydantic import BaseModel
from sqlalchemy import select

from hub.db import db
from hub.models import Draft
from hub.shapes import Time

PREVIEWED = 120


class DraftShape(BaseModel):
    mode: str  # reply, note
    text: str
    fields: dict[str, str]
    updated_at: Time

    @classmethod
    def of(cls, row: Draft) -> DraftShape:
        return cls(mode=row.mode, text=row.text, fields=row.fields, updated_at=row.updated_at)


def of_conversation(agent_id: int, conversation_id: int) -> list[DraftShape]:
    its = (Draft.agent_id == agent_id) & (Draft.conversation_id == conversation_id)
    rows = select(Draft).where(its).order_by(Draft.mode).execution_options(populate_existing=True)
    return [DraftShape.of(row) for row in db.session.scalars(rows)]


def previews(agent_id: int, conversation_ids: Collection[int]) -> dict[int, str]:
    """The beginning of the reply in each, where there is one."""
    theirs = (Draft.agent_id == agent_id) & Draft.conversation_id.in_(conversation_ids) & (Draft.mode == "reply")
    rows = db.session.execute(select(Draft.conversation_id, Draft.text).where(theirs))
    return {row.conversation_id: row.text[:PREVIEWED] for row in rows}
