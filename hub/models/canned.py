"""Ready-made texts and macros that agents keep, and how often each uses which. Those of ops are in config/canned."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hub.db import Base, now
from hub.models.agents import Agent

HALVES_IN = timedelta(days=30)  # what a use counts


class CannedReply(Base):
    """An agent's own, or shared with a team; with actions it is a macro, and has no text."""

    __tablename__ = "canned_reply"
    __table_args__ = (CheckConstraint("(owner_id is null) <> (team is null)", name="own_or_shared"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"), index=True)
    team: Mapped[str | None]
    title: Mapped[str]
    text: Mapped[str] = mapped_column(default="")
    keywords: Mapped[list[str]] = mapped_column(default=list)
    actions: Mapped[list[dict[str, Any]]] = mapped_column(default=list)  # see hub.desk.canned
    updated_by_id: Mapped[int] = mapped_column(ForeignKey("agent.id"))
    updated_at: Mapped[datetime] = mapped_column(default=now)
    updated_by: Mapped[Agent] = relationship(foreign_keys=updated_by_id)


class CannedUse(Base):
    """How often an agent uses one. It fades: what was used yesterday counts for more than what was used in spring."""

    __tablename__ = "canned_use"
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), primary_key=True)
    which: Mapped[str] = mapped_column(primary_key=True)  # as the API calls it
    score: Mapped[float]
    at: Mapped[datetime] = mapped_column(default=now)
