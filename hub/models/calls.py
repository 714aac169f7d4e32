"""Phone calls: what the hub knows of each, of its legs, and what is still to be done to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hub.db import Base, now
from hub.jobs import Job, job_indexes
from hub.models.agents import Agent
from hub.models.conversations import Conversation, Message
from hub.models.people import Identity


class Call(Base):
    """One call, from the first ring to the last leg that hangs up. Its message in the thread is the card of it."""

    __tablename__ = "call"
    __table_args__ = (
        Index("ix_call_live", "channel", "id", postgresql_where=text("state <> 'ended'")),
        Index("ix_call_identity", "identity_id", postgresql_where=text("state <> 'ended'")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[UUID] = mapped_column(default=uuid4)  # the name of its room
    channel: Mapped[str]
    direction: Mapped[str]  # in, out
    identity_id: Mapped[int] = mapped_column(ForeignKey("identity.id"))
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), unique=True)
    # in: ringing, bot, queued, talking, voicemail, ended; out: calling (the agent), dialling (the customer), talking
    state: Mapped[str]
    outcome: Mapped[str] = mapped_column(default="")  # once it ended; see services.calls.OUTCOMES
    reason: Mapped[str] = mapped_column(default="")  # why it failed, in words
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"))  # who has it
    silences: Mapped[int] = mapped_column(default=0)  # questions in a row to which nothing was heard
    callback: Mapped[bool] = mapped_column(default=False)  # they want to be called back
    held: Mapped[bool] = mapped_column(default=False)
    recorded: Mapped[bool] = mapped_column(default=False)
    started_at: Mapped[datetime] = mapped_column(default=now)
    queued_at: Mapped[datetime | None]
    rung_at: Mapped[datetime | None]  # when agents were last rung
    answered_at: Mapped[datetime | None]  # by a person
    ended_at: Mapped[datetime | None]

    identity: Mapped[Identity] = relationship()
    message: Mapped[Message] = relationship()
    agent: Mapped[Agent | None] = relationship()
    legs: Mapped[list[CallLeg]] = relationship(back_populates="call", order_by="CallLeg.id")

    @property
    def conversation(self) -> Conversation:
        return self.message.conversation


class CallLeg(Base):
    """One phone, or one browser, that is connected to us or shall be."""

    __tablename__ = "call_leg"
    __table_args__ = (UniqueConstraint("channel", "provider_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[UUID] = mapped_column(default=uuid4, unique=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), index=True)
    channel: Mapped[str]
    provider_id: Mapped[str | None]
    party: Mapped[str]  # customer, agent
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"), index=True)
    device: Mapped[str] = mapped_column(default="")  # of an agent: phone, browser
    to: Mapped[str] = mapped_column(default="")  # what is rung, where we placed it
    purpose: Mapped[str] = mapped_column(default="")  # transfer: a colleague passes the call on to this one
    state: Mapped[str] = mapped_column(default="placing")  # placing, ringing, answered, ended
    # what its last script made it do: ask, wait, offer, record, join, end; accepted: it shall join
    doing: Mapped[str] = mapped_column(default="")
    turns: Mapped[int] = mapped_column(default=0)  # scripts it has had
    outcome: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=now)
    heard_at: Mapped[datetime] = mapped_column(default=now)  # when there was news of it
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    call: Mapped[Call] = relationship(back_populates="legs")
    agent: Mapped[Agent | None] = relationship()


class CallScript(Base):
    """What a leg was told to do, by the turn it asked with: asked again, it is told the same."""

    __tablename__ = "call_script"
    leg_id: Mapped[int] = mapped_column(ForeignKey("call_leg.id"), primary_key=True)
    turn: Mapped[str] = mapped_column(primary_key=True)
    script: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(default=now)


class CallAction(Job, Base):
    """Something to do to a leg, or to a recording. Lane: the leg."""

    kind: ClassVar[str] = "call_action"
    __tablename__ = "call_action"
    __table_args__ = job_indexes("call_action")
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), index=True)
    leg_id: Mapped[int | None] = mapped_column(ForeignKey("call_leg.id"))
    action: Mapped[str]  # place, move, end, hold, resume, forget
    ref: Mapped[str] = mapped_column(default="")  # the turn to ask with, or the recording
    call: Mapped[Call] = relationship()
    leg: Mapped[CallLeg | None] = relationship()


class PhoneDuty(Base):
    """How an agent takes calls. No row: on the phone that config/ names, if it does."""

    __tablename__ = "phone_duty"
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), primary_key=True)
    device: Mapped[str]  # off, phone, browser
    seen_at: Mapped[datetime] = mapped_column(default=now)  # a browser that is gone is not rung
    agent: Mapped[Agent] = relationship()
