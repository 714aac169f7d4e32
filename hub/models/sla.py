"""What a customer was promised, as it is counted."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hub.db import Base, now
from hub.models.conversations import Conversation

LIVE = text("ended_at IS NULL")


class SlaClock(Base):
    """One promise to one customer. It counts working time, and stands still in between."""

    __tablename__ = "sla_clock"
    __table_args__ = (
        Index("one_live_clock", "conversation_id", "target", unique=True, postgresql_where=LIVE),
        Index("ix_sla_clock_conversation", "conversation_id", "id"),
        Index("ix_sla_clock_next", "next_at", postgresql_where=text("next_at IS NOT NULL")),
        Index("ix_sla_clock_answer", "answer_id", postgresql_where=text("answer_id IS NOT NULL")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    target: Mapped[str]  # first_answer, next_answer, resolution
    policy: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(default=now)
    left: Mapped[timedelta]  # working time, when it last began to run or to stand still
    due_at: Mapped[datetime | None]  # None: it stands still in time, or nobody ever works
    paused_at: Mapped[datetime | None]
    warned_at: Mapped[datetime | None]
    breached_at: Mapped[datetime | None]
    met_at: Mapped[datetime | None]  # late, where it was breached before
    ended_at: Mapped[datetime | None]  # met, or not owed any more
    next_at: Mapped[datetime | None]  # when the sweep has to look at it
    answer_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))  # what met it, or what it waits on
    conversation: Mapped[Conversation] = relationship(back_populates="clocks")
