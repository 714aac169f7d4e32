"""What bots know and learn: versions of it, questions nobody answered, and proposals that a person reviews."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hub.db import Base, now
from hub.models.agents import Agent

MessageIds = ARRAY(BigInteger)


class BotVersion(Base):
    """The files of bots and knowledge as they were found; the newest accepted one is what all workers use."""

    __tablename__ = "bot_version"
    id: Mapped[int] = mapped_column(primary_key=True)
    fingerprint: Mapped[str] = mapped_column(index=True)
    accepted: Mapped[bool]
    files: Mapped[dict[str, Any]]  # name -> text
    problems: Mapped[list[str]] = mapped_column(default=list)
    report: Mapped[dict[str, Any]] = mapped_column(default=dict)  # of its suites, by their names
    created_at: Mapped[datetime] = mapped_column(default=now)


class QuestionCluster(Base):
    """Questions alike that the bot had no right answer to. It points at them: what customers wrote is kept once."""

    __tablename__ = "question_cluster"
    id: Mapped[int] = mapped_column(primary_key=True)
    bot: Mapped[str]
    size: Mapped[int]  # how many there were in the last week
    before: Mapped[int] = mapped_column(default=0)  # and in the week before
    examples: Mapped[list[int]] = mapped_column(MessageIds)  # those that say it best; the first stands for all
    messages: Mapped[list[int]] = mapped_column(MessageIds)  # all of them
    nearest: Mapped[list[dict[str, Any]]] = mapped_column(default=list)  # entries that may be meant, best first
    state: Mapped[str] = mapped_column(default="open")  # open, proposed, dismissed
    created_at: Mapped[datetime] = mapped_column(default=now)


class Proposal(Base):
    """Questions that an agent wants an entry of config/faq to know. Ops take it into the file, or do not."""

    __tablename__ = "proposal"
    id: Mapped[int] = mapped_column(primary_key=True)
    entry: Mapped[str]
    messages: Mapped[list[int]] = mapped_column(MessageIds)  # of customers, word for word: erased with them
    questions: Mapped[list[str]] = mapped_column(default=list)  # what the agent typed
    state: Mapped[str] = mapped_column(default="open")  # open, taken, dismissed
    cluster_id: Mapped[int | None] = mapped_column(ForeignKey("question_cluster.id"))
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    decided_at: Mapped[datetime | None]
    agent: Mapped[Agent] = relationship()
