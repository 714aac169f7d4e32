"""What happened, for the people who ask later: attempts, audit, and the state of each channel."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from hub.db import Base, now


class DeliveryAttempt(Base):
    __tablename__ = "delivery_attempt"
    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"), index=True)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime] = mapped_column(default=now)
    outcome: Mapped[str]  # sent, or the name of the SendError
    code: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")


class AuditEntry(Base):
    __tablename__ = "audit_entry"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=now, index=True)
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"), index=True)
    action: Mapped[str]
    subject: Mapped[str] = mapped_column(index=True)  # "conversation 12"
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Bookmark(Base):
    """How far a channel that we read is read, and whether we can read it."""

    __tablename__ = "bookmark"
    channel: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[str] = mapped_column(default="")
    heard_at: Mapped[datetime | None]  # when we last looked, and could
    failing_since: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")
    code: Mapped[str] = mapped_column(default="")


BY_HAND = "by_hand"  # the code of a pause that only a person ends


class ChannelState(Base):
    """Why a channel does not send at the moment. No row, or a past `paused_until`: it sends."""

    __tablename__ = "channel_state"
    channel: Mapped[str] = mapped_column(primary_key=True)
    paused_until: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")
    code: Mapped[str] = mapped_column(default="")
