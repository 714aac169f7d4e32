"""Drafts of agents: kept as they type, gone with the message that was sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from hub.db import db, now
from hub.live import tell_draft
from hub.models import Agent, Conversation, Draft


def keep(agent: Agent, conversation_id: int, mode: str, text: str, fields: Mapping[str, str], at: datetime) -> None:
    """Two devices may write at once: the newest wins. A clock that is fast counts as ours."""
    written = {"text": text, "fields": dict(fields), "updated_at": min(at, now())}
    which = {"agent_id": agent.id, "conversation_id": conversation_id, "mode": mode}
    row = insert(Draft).values(**which, **written)
    newer = row.on_conflict_do_update(
        index_elements=list(which), set_=written, where=Draft.updated_at <= row.excluded.updated_at
    )
    if kept_at := db.session.scalar(newer.returning(Draft.updated_at)):
        tell_draft(agent.id, conversation_id, mode, kept_at)


def drop(agent: Agent, conversation_id: int, mode: str) -> None:
    its = (Draft.agent_id == agent.id) & (Draft.conversation_id == conversation_id) & (Draft.mode == mode)
    if db.session.scalar(delete(Draft).where(its).returning(Draft.mode)):
        tell_draft(agent.id, conversation_id, mode)


def forget(conversations: Collection[Conversation]) -> None:
    """They quote the customer who is erased."""
    ids = [row.id for row in conversations]
    for row in db.session.execute(
        delete(Draft).where(Draft.conversation_id.in_(ids)).returning(Draft.agent_id, Draft.conversation_id, Draft.mode)
    ):
        tell_draft(*row)
