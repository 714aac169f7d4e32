"""What agents are told, and what they keep an eye on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hub.db import Base, now
from hub.models.agents import Agent
from hub.models.conversations import Conversation, Message


class Notification(Base):
    """Something that one agent should look at. What was said is read from its message: an erasure reaches it there."""

    __tablename__ = "notification"
    __table_args__ = (
        Index("ix_notification_agent", "agent_id", "id"),
        Index("ix_notification_unseen", "agent_id", "conversation_id", postgresql_where=text("seen_at IS NULL")),
        Index("ix_notification_conversation", "conversation_id"),
        Index("ix_notification_message", "message_id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"))
    kind: Mapped[str]  # mention, assigned, reminder, follow, sla, csat, whisper, taken_over
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(default=now)
    seen_at: Mapped[datetime | None]
    agent: Mapped[Agent] = relationship()
    conversation: Mapped[Conversation] = relationship()
    message: Mapped[Message | None] = relationship()


class Mention(Base):
    """A note calls an agent by name. Who is mentioned may read the conversation."""

    __tablename__ = "mention"
    __table_args__ = (Index("ix_mention_agent", "agent_id", "message_id"),)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), primary_key=True)
    seen_at: Mapped[datetime | None]
    message: Mapped[Message] = relationship()


class Follow(Base):
    """An agent wants to know how a conversation goes on, whoever has it."""

    __tablename__ = "follow"
    __table_args__ = (Index("ix_follow_agent", "agent_id", "conversation_id"),)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    agent: Mapped[Agent] = relationship()
