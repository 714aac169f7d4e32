"""What one agent was told, newest first."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from hub.db import db
from hub.models import Conversation, Notification
from hub.shapes import NotificationShape


def notifications(agent_id: int, before: int | None, limit: int) -> tuple[list[NotificationShape], int | None]:
    """One page, and the notification to go on from."""
    wanted = (
        select(Notification)
        .options(
            joinedload(Notification.message),
            joinedload(Notification.conversation).joinedload(Conversation.contact),
            joinedload(Notification.conversation).joinedload(Conversation.reply_identity),
        )
        .where(Notification.agent_id == agent_id)
    )
    if before is not None:
        wanted = wanted.where(Notification.id < before)
    rows = list(db.session.scalars(wanted.order_by(Notification.id.desc()).limit(limit + 1)))
    page = rows[:limit]
    return [NotificationShape.of(row) for row in page], page[-1].id if len(rows) > limit else None


def unseen(agent_id: int) -> int:
    count = select(func.count()).where(Notification.agent_id == agent_id, Notification.seen_at.is_(None))
    return db.session.scalar(count) or 0
