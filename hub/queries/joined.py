"""Which merges and splits of a conversation can still be undone."""

from __future__ import annotations

from sqlalchemy import and_, case, or_, select
from sqlalchemy.orm import aliased

from hub.db import db
from hub.models import Conversation, ConversationMerge


def undoable(conversation_id: int) -> list[int]:
    """As far as can be told without trying."""
    kept, other = aliased(Conversation), aliased(Conversation)
    both_there = and_(kept.status != "resolved", kept.merged_into_id.is_(None), other.merged_into_id.is_(None))
    merged = and_(other.merged_into_id == kept.id, ~ConversationMerge.said_since())
    rows = (
        select(ConversationMerge.id)
        .join(kept, ConversationMerge.kept_id == kept.id)
        .join(other, ConversationMerge.other_id == other.id)
        .where(or_(kept.id == conversation_id, other.id == conversation_id), ConversationMerge.undone_at.is_(None))
        .where(case((ConversationMerge.kind == "split", both_there), else_=merged))
    )
    return sorted(db.session.scalars(rows))
