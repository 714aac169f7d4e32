"""What reaches agents who do not look at the inbox: which devices, about what, and when not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hub.db import Base, now
from hub.jobs import Job, job_indexes
from hub.models.agents import AccessToken, Agent
from hub.models.conversations import Conversation, Message

# what agents can be told about, and whether they are unless they choose otherwise
ABOUT: Mapping[str, bool] = {
    "assigned": True,
    "message": True,  # in a conversation that is theirs
    "mention": True,
    "reminder": True,
    "sla": True,
    "whisper": True,
    "taken_over": True,
    "follow": False,
    "csat": False,
}


class NotificationChoice(Base):
    """What an agent chose, for all their devices."""

    __tablename__ = "notification_choice"
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), primary_key=True)
    about: Mapped[dict[str, Any]] = mapped_column(default=dict)  # only where it is not as in ABOUT
    show_content: Mapped[bool] = mapped_column(default=False)  # who wrote, and what, on a locked screen
    quiet_from: Mapped[str | None]  # 22:00
    quiet_to: Mapped[str | None]


class PushSubscription(Base):
    """A browser that can be reached while the inbox is closed. It ends with the session that asked for it."""

    __tablename__ = "push_subscription"
    id: Mapped[int] = mapped_column(primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), index=True)
    token_id: Mapped[int] = mapped_column(ForeignKey("access_token.id", ondelete="CASCADE"), index=True)
    endpoint: Mapped[str] = mapped_column(unique=True)
    p256dh: Mapped[str]
    auth: Mapped[str]
    language: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)
    agent: Mapped[Agent] = relationship()
    token: Mapped[AccessToken] = relationship()


class Push(Job, Base):
    """Something to tell one of these browsers. Lane: the browser."""

    kind: ClassVar[str] = "push"
    __tablename__ = "push"
    __table_args__ = (Index("ix_push_conversation", "conversation_id"), *job_indexes("push"))
    subscription_id: Mapped[int] = mapped_column(ForeignKey("push_subscription.id", ondelete="CASCADE"), index=True)
    about: Mapped[str]
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    notification_id: Mapped[int | None] = mapped_column(ForeignKey("notification.id"))
    subscription: Mapped[PushSubscription] = relationship()
    conversation: Mapped[Conversation] = relationship()
    message: Mapped[Message | None] = relationship()
