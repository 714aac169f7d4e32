"""What search shows of a message or of a person: enough to know whether it is the one."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from hub.excerpts import Asked, Excerpt
from hub.models import Contact, Conversation, Identity, Message
from hub.shapes import READABLE, Author, Ref, Time, called


class ConversationRef(BaseModel):
    id: int
    status: str
    subject: str
    channel: str
    team: str
    assignee: Ref | None
    contact: Ref
    last_activity_at: Time

    @classmethod
    def of(cls, row: Conversation) -> ConversationRef:
        return cls(
            id=row.id,
            status=row.status,
            subject=row.subject,
            channel=row.reply_channel,
            team=row.team,
            assignee=Ref(id=row.assignee.id, name=row.assignee.name) if row.assignee else None,
            contact=called(row.contact, row.reply_identity),
            last_activity_at=row.last_activity_at,
        )


class Said(BaseModel):
    id: int
    direction: str
    author: Author
    channel: str
    kind: str
    sent_at: Time
    created_at: Time


class MessageHit(BaseModel):
    kind: Literal["message"] = "message"
    message: Said
    conversation: ConversationRef
    found_in: str  # text, subject, title, description, label, transcript, files
    excerpt: Excerpt
    fit: int = Field(exclude=True)  # how much of what was asked is there as it was asked

    @classmethod
    def of(cls, row: Message, asked: Asked) -> MessageHit:
        texts = row.texts()
        fit = {name: (asked.places(text)[0], bool(text)) for name, text in texts.items()}
        best = max(texts, key=lambda name: fit[name])
        message = Said(
            id=row.id,
            direction=row.direction,
            author=Author(kind=row.author_kind, id=row.author_id, name=row.author_name),
            channel=row.channel,
            kind=row.kind,
            sent_at=row.sent_at,
            created_at=row.created_at,
        )
        return cls(
            message=message,
            conversation=ConversationRef.of(row.conversation),
            found_in=best,
            excerpt=asked.excerpt(texts[best]),
            fit=fit[best][0],
        )


class AddressHit(BaseModel):
    scheme: str
    value: Excerpt


class ContactHit(BaseModel):
    kind: Literal["contact"] = "contact"
    contact: Ref
    name: Excerpt
    addresses: list[AddressHit]  # that say something to people, or were found
    conversation: ConversationRef | None  # the one that was active last

    @classmethod
    def of(cls, row: Contact, conversation: Conversation | None, asked: Asked) -> ContactHit:
        contact = called(row, conversation.reply_identity) if conversation else Ref(id=row.id, name=row.name)
        return cls(
            contact=contact,
            name=asked.excerpt(contact.name),
            addresses=list(filter(None, (_address(each, asked) for each in row.identities))),
            conversation=ConversationRef.of(conversation) if conversation else None,
        )


def _address(row: Identity, asked: Asked) -> AddressHit | None:
    value = asked.excerpt_of_address(row.value)
    return AddressHit(scheme=row.scheme, value=value) if value.marks or row.scheme in READABLE else None
