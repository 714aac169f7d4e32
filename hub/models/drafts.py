"""What agents have written and not sent yet."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hub.db import Base, now


class Draft(Base):
    """One for each agent, conversation and mode: it is there on all the devices of that agent."""

    __tablename__ = "draft"
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), primary_key=True, index=True)
    mode: Mapped[str] = mapped_column(primary_key=True)  # reply, note
    text: Mapped[str]
    fields: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict)  # lines above a mail that the agent changed
    updated_at: Mapped[datetime] = mapped_column(default=now)  # when it was written, by the clock of the device
