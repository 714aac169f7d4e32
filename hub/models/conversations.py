"""Conversations and what was said in them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, Index, SmallInteger, Text, UniqueConstraint, and_, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from hub.db import Base, now
from hub.models.agents import Agent
from hub.models.people import Contact, Identity
from hub.models.work import Delivery
from hub.searchable import Searchable, search_indexes
from hub.words import words_of

if TYPE_CHECKING:
    from hub.models.sla import SlaClock

NORMAL = 1  # priority
TOLD_BY_PAYLOADS = ("subject", "title", "description", "label", "transcript")
HELD = ("open", "snoozed")  # in the hands of an agent


class Conversation(Base):
    """One matter of one contact, on any channel."""

    __tablename__ = "conversation"
    __table_args__ = (
        # two customers' bursts, two workers, a merge: nothing can open a second one
        Index(
            "one_open_conversation", "contact_id", "thread", unique=True, postgresql_where=text("status <> 'resolved'")
        ),
        Index("ix_conversation_list", "status", "last_activity_at", "id"),
        Index("ix_conversation_assignee", "assignee_id", "last_activity_at", "id"),
        Index("ix_conversation_activity", "last_activity_at", "id"),
        # what is not over: in the order of the lists, and without the years behind it
        Index("ix_conversation_unresolved", "last_activity_at", "id", postgresql_where=text("status <> 'resolved'")),
        Index("ix_conversation_waiting", "waiting_since", "id", postgresql_where=text("status = 'waiting'")),
        Index("ix_conversation_contact", "contact_id"),
        # QUEUE
        Index(
            "ix_conversation_queue",
            text("(-priority)"),
            "waiting_since",
            "id",
            postgresql_where=text("status = 'waiting'"),
        ),
        Index(
            "ix_conversation_owed", "owed_since", postgresql_where=text("status = 'open' AND owed_since IS NOT NULL")
        ),
        Index("ix_conversation_sla", "sla_due_at", "id", postgresql_where=text("sla_due_at IS NOT NULL")),
        Index("ix_conversation_labels", "labels", postgresql_using="gin"),
        Index("ix_conversation_thread", "thread", postgresql_where=text("thread <> ''")),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"))
    thread: Mapped[str] = mapped_column(default="")  # "" on chat-like channels: they share one conversation
    subject: Mapped[str] = mapped_column(default="")  # the newest, on channels that have one
    status: Mapped[str] = mapped_column(default="bot")  # bot, waiting, open, snoozed, resolved
    team: Mapped[str] = mapped_column(default="everyone")
    priority: Mapped[int] = mapped_column(SmallInteger, default=NORMAL)  # 0 low, 1 normal, 2 high, 3 urgent
    needs: Mapped[dict[str, Any]] = mapped_column(default=dict)  # skills that were asked for, and their levels
    passed_over_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"))  # who let it go back to the queue
    passed_over_until: Mapped[datetime | None]  # and is not given it again at once
    owed_since: Mapped[datetime | None]  # since when the customer waits for the person who has it
    reminded_at: Mapped[datetime | None]  # when that person was reminded
    told_position: Mapped[int | None] = mapped_column(SmallInteger)  # in the queue, what the customer was told last
    told_at: Mapped[datetime | None]
    labels: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)  # ids in config/work.toml, like "refund"
    disposition: Mapped[str] = mapped_column(default="")  # how it ended, an id there; "": nobody said
    bot: Mapped[str | None]  # the config name of the bot that answers while the status is "bot"
    misses: Mapped[int] = mapped_column(default=0)  # questions in a row the bot did not understand
    bot_state: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what its engines noted, and what it offered
    bot_revision: Mapped[int] = mapped_column(default=0)  # of that: what was thought of an older one is thought again
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"))
    reply_channel: Mapped[str]  # a reply goes where the customer last wrote
    reply_identity_id: Mapped[int] = mapped_column(ForeignKey("identity.id"))
    context: Mapped[dict[str, Any]] = mapped_column(default=dict)  # hints from the customer's side, never proofs
    unread: Mapped[int] = mapped_column(default=0)
    # the contact's chat goes on here, though `thread` is another: see services.joining
    takes_chat: Mapped[bool] = mapped_column(default=False)
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("conversation.id"))  # what answers it lands there
    last_position: Mapped[int] = mapped_column(default=0)  # of the thread's end
    newest_in_at: Mapped[datetime | None]  # how far the customer's own messages have come
    newest_in_sequence: Mapped[int] = mapped_column(default=0)
    last_activity_at: Mapped[datetime] = mapped_column(default=now)
    waiting_since: Mapped[datetime | None]
    unanswered_since: Mapped[datetime | None]  # the customer waits for a person's word; None: we wait for theirs
    first_answered_at: Mapped[datetime | None]  # by a person
    snoozed_until: Mapped[datetime | None]
    csat: Mapped[dict[str, Any] | None]  # what the customer thought of it
    sla: Mapped[list[dict[str, Any]]] = mapped_column(default=list)  # its latest clocks, for those who only look
    sla_due_at: Mapped[datetime | None]  # the earliest moment a running one is due
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)

    contact: Mapped[Contact] = relationship()
    assignee: Mapped[Agent | None] = relationship(foreign_keys=assignee_id)
    reply_identity: Mapped[Identity] = relationship()
    clocks: Mapped[list[SlaClock]] = relationship(  # those that have not ended
        primaryjoin="and_(Conversation.id == SlaClock.conversation_id, SlaClock.ended_at.is_(None))",
        back_populates="conversation",
        order_by="SlaClock.id",
    )
    last_message: Mapped[Message | None] = relationship(
        primaryjoin=lambda: and_(
            Conversation.id == foreign(Message.conversation_id), Conversation.last_position == foreign(Message.position)
        ),
        uselist=False,
        viewonly=True,
    )


# as routing drains it and as agents see it: the most urgent first, of these the one that waits longest
QUEUE = (-Conversation.priority, Conversation.waiting_since, Conversation.id)


class Message(Searchable, Base):
    __tablename__ = "message"
    reads = ("text", "payload", "attachments")
    __table_args__ = (
        UniqueConstraint("channel", "provider_id"),
        Index("ix_message_thread", "conversation_id", "position"),
        Index("ix_message_channel", "channel", "direction", "created_at"),
        Index("ix_message_identity", "identity_id", "created_at"),
        *search_indexes("message"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    position: Mapped[int]  # the order of the thread; see services.threads
    direction: Mapped[str]  # in, out, note
    author_kind: Mapped[str]  # contact, agent, bot, system
    author_id: Mapped[int | None]
    author_name: Mapped[str] = mapped_column(default="")
    channel: Mapped[str]
    identity_id: Mapped[int | None] = mapped_column(ForeignKey("identity.id"))
    provider_id: Mapped[str | None]
    kind: Mapped[str] = mapped_column(default="text")
    text: Mapped[str] = mapped_column(default="")
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    sent_at: Mapped[datetime] = mapped_column(default=now)
    sequence: Mapped[int] = mapped_column(default=0)
    idempotency_key: Mapped[str | None] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(default=now)

    conversation: Mapped[Conversation] = relationship()
    identity: Mapped[Identity | None] = relationship()
    attachments: Mapped[list[Attachment]] = relationship(back_populates="message", order_by="Attachment.id")
    deliveries: Mapped[list[Delivery]] = relationship(
        back_populates="message", order_by="Delivery.part", foreign_keys="Delivery.message_id"
    )

    def read(self) -> str:
        return words_of("\n".join(self.texts().values()))

    def texts(self) -> dict[str, str]:
        """All in it that people read. What happened, inboxes say in the reader's language."""
        if self.kind == "event":
            return {}
        told = {name: said for name in TOLD_BY_PAYLOADS if isinstance(said := self.payload.get(name), str)}
        files = "\n".join(each.name for each in self.attachments if each.medium != "source")
        return {"text": self.text, **told, "files": files}


class MessageReference(Base):
    """By what other messages name this one, and what it names itself: how threads are found again."""

    __tablename__ = "message_reference"
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True, index=True)
    message: Mapped[Message] = relationship()


class Attachment(Base):
    """A file: its bytes are in the store under their sha256 once `state` is ready."""

    __tablename__ = "attachment"
    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"), index=True)
    uploaded_by_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"))
    medium: Mapped[str]  # image, audio, video, file; source: the raw message itself
    name: Mapped[str] = mapped_column(default="")
    mime: Mapped[str] = mapped_column(default="")
    size: Mapped[int] = mapped_column(default=0)
    sha256: Mapped[str | None]
    state: Mapped[str] = mapped_column(default="pending")  # pending, ready, failed
    peaks: Mapped[list[int] | None]  # of a recording: how loud it is, from beginning to end
    width: Mapped[int | None]  # of a picture: pixels as shown
    height: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    message: Mapped[Message | None] = relationship(back_populates="attachments")
