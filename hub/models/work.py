"""Rows that are work: what came in, what the bot owes, what is to be sent and fetched."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hub.db import Base
from hub.jobs import Job, job_indexes
from hub.models.agents import Agent
from hub.models.people import Identity

if TYPE_CHECKING:
    from hub.models.conversations import Attachment, Conversation, Message


class Arrival(Job, Base):
    """One event of a provider, kept before it was acknowledged. Lane: the sender."""

    kind: ClassVar[str] = "arrival"
    lane_order: ClassVar[tuple[str, ...]] = ("sent_at", "sequence", "id")  # providers do not keep it for us
    __tablename__ = "arrival"
    __table_args__ = (UniqueConstraint("channel", "key"), *job_indexes("arrival"))
    channel: Mapped[str]
    key: Mapped[str]
    sent_at: Mapped[datetime]
    sequence: Mapped[int] = mapped_column(default=0)
    event: Mapped[dict[str, Any] | None]  # None: signed, but unreadable so far
    request: Mapped[dict[str, Any]]  # method, url, query, headers of the push
    body: Mapped[bytes]


class BotTurn(Job, Base):
    """A message the bot has to answer, and afterwards why it answered so. Lane: the conversation."""

    kind: ClassVar[str] = "bot_turn"
    __tablename__ = "bot_turn"
    __table_args__ = (Index("ix_bot_turn_outcome", "outcome", "created_at"), *job_indexes("bot_turn"))
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), index=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))  # None: greet
    first_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))  # of a burst that ends with `message`
    candidates: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    steps: Mapped[list[dict[str, Any]]] = mapped_column(default=list)  # what each engine made of it
    outcome: Mapped[str] = mapped_column(default="")  # said, asked, handed_over, missed, greeted, silent
    reason: Mapped[str] = mapped_column(default="")  # of a hand-over or a miss
    choice: Mapped[str] = mapped_column(default="")
    version: Mapped[str] = mapped_column(default="")  # of what the bot knew
    rating: Mapped[str | None]  # good or bad, by an agent
    rated_by_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"))
    meant: Mapped[str | None]  # what the answer should have been, by an agent
    answer_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"), index=True)
    answer: Mapped[Message | None] = relationship(foreign_keys=answer_id)
    conversation: Mapped[Conversation] = relationship()
    message: Mapped[Message | None] = relationship(foreign_keys=message_id)
    first: Mapped[Message | None] = relationship(foreign_keys=first_id)


class Suggestion(Job, Base):
    """What the bot would have said where a person answers, and what to recommend. Lane: the conversation."""

    kind: ClassVar[str] = "suggestion"
    __tablename__ = "suggestion"
    __table_args__ = job_indexes("suggestion")
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), index=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"))
    answers: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    recommendations: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    used: Mapped[str | None]  # the id of the one an agent took
    edited: Mapped[bool] = mapped_column(default=False)  # before it was sent
    used_by_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"))
    conversation: Mapped[Conversation] = relationship()
    message: Mapped[Message] = relationship()


class Survey(Job, Base):
    """A customer to be asked how it was, and afterwards what they said. Lane: the contact."""

    kind: ClassVar[str] = "survey"
    __tablename__ = "survey"
    __table_args__ = (Index("ix_survey_asked", "conversation_id", "asked_at"), *job_indexes("survey"))
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    agent_id: Mapped[int] = mapped_column(ForeignKey("agent.id"), index=True)  # who resolved it
    channel: Mapped[str]  # where they are asked
    way: Mapped[str] = mapped_column(default="")  # menu, digits, link, keys; "" not asked yet, or not at all
    scale: Mapped[str]  # stars, good_bad
    token_sha256: Mapped[str | None] = mapped_column(unique=True)  # of its page's address
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))  # the question
    score: Mapped[int | None]
    comment: Mapped[str] = mapped_column(default="")
    asked_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    agent: Mapped[Agent] = relationship()
    conversation: Mapped[Conversation] = relationship()
    message: Mapped[Message | None] = relationship()


class Delivery(Job, Base):
    """One part of a message on its way to one identity. Lane: that identity."""

    kind: ClassVar[str] = "delivery"
    __tablename__ = "delivery"
    __table_args__ = (
        Index("ix_delivery_provider", "channel", "provider_id"),
        Index("ix_delivery_waiting", "identity_id", "id", postgresql_where=text("state = 'waiting'")),
        *job_indexes("delivery"),
    )
    uid: Mapped[UUID] = mapped_column(default=uuid4)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), index=True)
    part: Mapped[int] = mapped_column(default=0)
    channel: Mapped[str]
    identity_id: Mapped[int] = mapped_column(ForeignKey("identity.id"), index=True)
    text: Mapped[str] = mapped_column(default="")
    attachment_id: Mapped[int | None] = mapped_column(ForeignKey("attachment.id"))
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)  # a link or a card
    spent: Mapped[str | None]  # the allowance it was counted against
    provider_id: Mapped[str | None]
    receipt: Mapped[str] = mapped_column(default="")  # delivered, read: as far as the provider tells
    answers_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))  # what it replies to, where threaded
    message: Mapped[Message] = relationship(back_populates="deliveries", foreign_keys=message_id)
    answers: Mapped[Message | None] = relationship(foreign_keys=answers_id)
    identity: Mapped[Identity] = relationship()
    attachment: Mapped[Attachment | None] = relationship()


class Reconciliation(Job, Base):
    """An uncertain delivery that the provider can be asked about. Lane: the delivery."""

    kind: ClassVar[str] = "reconciliation"
    __tablename__ = "reconciliation"
    __table_args__ = job_indexes("reconciliation")
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"), index=True)
    delivery: Mapped[Delivery] = relationship()


class MediaFetch(Job, Base):
    """A file of an inbound message that the provider will soon delete. Lane: the file."""

    kind: ClassVar[str] = "media_fetch"
    __tablename__ = "media_fetch"
    __table_args__ = job_indexes("media_fetch")
    attachment_id: Mapped[int] = mapped_column(ForeignKey("attachment.id"))
    channel: Mapped[str]
    ref: Mapped[str]
    attachment: Mapped[Attachment] = relationship()


class Poll(Job, Base):
    """A channel to be asked for what is new, again and again. Lane: the channel."""

    kind: ClassVar[str] = "poll"
    __tablename__ = "poll"
    __table_args__ = job_indexes("poll")
    channel: Mapped[str] = mapped_column(unique=True)


class ProfileFetch(Job, Base):
    """What the provider knows of a person, to be asked for. Lane: the identity."""

    kind: ClassVar[str] = "profile_fetch"
    __tablename__ = "profile_fetch"
    __table_args__ = job_indexes("profile_fetch")
    identity_id: Mapped[int] = mapped_column(ForeignKey("identity.id"), index=True)
    channel: Mapped[str]
    identity: Mapped[Identity] = relationship()


class Transcription(Job, Base):
    """A recording of an inbound message, to be written down. Lane: the recording."""

    kind: ClassVar[str] = "transcription"
    __tablename__ = "transcription"
    __table_args__ = job_indexes("transcription")
    attachment_id: Mapped[int] = mapped_column(ForeignKey("attachment.id"), index=True)
    attachment: Mapped[Attachment] = relationship()
