"""People, the addresses they are reached at, and what we may still send there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hub.db import Base, now
from hub.models.agents import Agent
from hub.searchable import Searchable, search_indexes
from hub.words import words_of, words_of_address

ERASED = "erased:"  # how the address of somebody begins who was forgotten


class Contact(Searchable, Base):
    __tablename__ = "contact"
    __table_args__ = search_indexes("contact")
    reads = ("name",)
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="")
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what providers tell of the person
    tags: Mapped[list[str]] = mapped_column(default=list)  # by agents, like "vip"
    attributes: Mapped[dict[str, Any]] = mapped_column(default=dict)  # by agents, as config/contacts.toml asks for them
    named: Mapped[bool] = mapped_column(default=False)  # by an agent: what channels call them changes nothing
    blocked_at: Mapped[datetime | None]  # since then, what they send is kept and opens no work
    created_at: Mapped[datetime] = mapped_column(default=now)
    identities: Mapped[list[Identity]] = relationship(back_populates="contact", order_by="Identity.id")

    def read(self) -> str:
        return words_of(self.name)


class Identity(Searchable, Base):
    """One address of a contact; an openid, a number, a mail address."""

    __tablename__ = "identity"
    __table_args__ = (UniqueConstraint("scheme", "value"), *search_indexes("identity"))
    reads = ("value",)
    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"), index=True)
    scheme: Mapped[str]
    value: Mapped[str]
    reachable: Mapped[bool] = mapped_column(default=True)
    opted_out: Mapped[bool] = mapped_column(default=False)  # they want nothing from us until they say so
    created_at: Mapped[datetime] = mapped_column(default=now)
    contact: Mapped[Contact] = relationship(back_populates="identities")

    def read(self) -> str:
        return "" if self.value.startswith(ERASED) else words_of_address(self.value)


class Merge(Base):
    """Two contacts turned out to be one person. What went over is kept, so that it can go back."""

    __tablename__ = "merge"
    id: Mapped[int] = mapped_column(primary_key=True)
    kept_id: Mapped[int] = mapped_column(ForeignKey("contact.id"), index=True)
    other_id: Mapped[int] = mapped_column(ForeignKey("contact.id"), index=True)
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"))  # None: an address was vouched for
    at: Mapped[datetime] = mapped_column(default=now)
    moved: Mapped[dict[str, Any]]  # ids, and how things stood before; see services.merging
    undone_at: Mapped[datetime | None]
    other: Mapped[Contact] = relationship(foreign_keys=other_id)
    agent: Mapped[Agent | None] = relationship()


class Allowance(Base):
    """What one act of the customer still lets us send. The provider is the judge: this is our best knowledge."""

    __tablename__ = "allowance"
    identity_id: Mapped[int] = mapped_column(ForeignKey("identity.id"), primary_key=True)
    action: Mapped[str] = mapped_column(primary_key=True)  # a key of the channel's Capabilities.allowances
    left: Mapped[int]
    limit: Mapped[int]
    until: Mapped[datetime]


class Consent(Base):
    """Notifications of one template that the customer still lets us send."""

    __tablename__ = "consent"
    identity_id: Mapped[int] = mapped_column(ForeignKey("identity.id"), primary_key=True)
    template: Mapped[str] = mapped_column(primary_key=True)
    left: Mapped[int]
