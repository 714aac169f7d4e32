"""Conversations that became one, or two."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column

from hub.db import Base, now
from hub.models.conversations import Message


class ConversationMerge(Base):
    """What went over is kept, so that it can go back."""

    __tablename__ = "conversation_merge"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]  # merge: the other one went into the kept one; split: the other one came out of it
    kept_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), index=True)
    other_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), index=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"))
    at: Mapped[datetime] = mapped_column(default=now)
    moved: Mapped[dict[str, Any]]  # ids, and how both stood before; see services.joining
    last_id: Mapped[int]  # the newest message when it was done
    undone_at: Mapped[datetime | None]

    @classmethod
    def said_since(cls) -> ColumnElement[bool]:
        """The customer wrote there since, or we did: nobody could tell to which of the two that belongs."""
        later = (Message.conversation_id == cls.kept_id) & (Message.id > cls.last_id)
        return select(Message.id).where(later, Message.direction != "note").exists()
