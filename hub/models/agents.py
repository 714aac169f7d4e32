"""Agents, and how they prove who they are. Their teams are in hub.toml."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, and_, or_
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hub.db import Base, now

ROLES = ("agent", "supervisor", "admin")  # each may do what the ones before it may


class Agent(Base):
    __tablename__ = "agent"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str] = mapped_column(default="agent")
    password_hash: Mapped[str | None]
    subject: Mapped[str | None] = mapped_column(unique=True)  # who this is at the identity provider
    totp_secret: Mapped[str | None]  # sealed with the key of the data directory
    totp_step: Mapped[int] = mapped_column(default=0)  # the last one used: no code counts twice
    recovery_codes: Mapped[list[str]] = mapped_column(default=list)  # hashes of those not used yet
    created_at: Mapped[datetime] = mapped_column(default=now)
    seen_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]


class AgentPresence(Base):
    """What an agent chose, and when their inbox was heard of. hub.desk.presence tells what follows."""

    __tablename__ = "agent_presence"
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), primary_key=True)
    chosen: Mapped[str] = mapped_column(default="online")  # online, busy, away, offline
    seen_at: Mapped[datetime] = mapped_column(default=now)
    active_at: Mapped[datetime] = mapped_column(default=now)
    status: Mapped[str] = mapped_column(default="offline")  # as inboxes were last told: online, busy, away, offline
    given_at: Mapped[datetime | None]  # when routing last gave them a conversation
    agent: Mapped[Agent] = relationship()


class AccessToken(Base):
    """A browser session, an API token, or an invitation to choose a password. Only its hash is kept."""

    __tablename__ = "access_token"
    id: Mapped[int] = mapped_column(primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), index=True)
    kind: Mapped[str]  # session, api, invitation
    name: Mapped[str] = mapped_column(default="")  # of an API token; of a session, the browser
    sha256: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    agent: Mapped[Agent] = relationship()

    @classmethod
    def lets_in(cls, digests: Collection[str], at: datetime) -> ColumnElement[bool]:
        """The sessions and API tokens among these with which their agents may come in now."""
        return and_(cls.sha256.in_(digests), cls.may_enter(at))

    @classmethod
    def may_enter(cls, at: datetime) -> ColumnElement[bool]:
        is_kept = or_(cls.expires_at.is_(None), cls.expires_at >= at)
        return and_(cls.kind.in_(("session", "api")), is_kept, cls.agent.has(Agent.disabled_at.is_(None)))


def digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


class SavedView(Base):
    """A filter of the list under a name: for its agent alone, or for everybody."""

    __tablename__ = "saved_view"
    id: Mapped[int] = mapped_column(primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), index=True)
    name: Mapped[str]
    filter: Mapped[dict[str, Any]]  # as `hub.queries.filters.Filter` writes it
    shared: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=now)
    agent: Mapped[Agent] = relationship()


class LoginFailure(Base):
    """Counted to slow down guessing; in the database, so that an empty Redis does not forget it."""

    __tablename__ = "login_failure"
    __table_args__ = (Index("ix_login_failure_email", "email", "at"), Index("ix_login_failure_ip", "ip", "at"))
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    ip: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=now)
