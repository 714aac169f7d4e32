"""What was said, and saying something."""

from __future__ import annotations

from flask import Response, request
from pydantic import BaseModel, Field, model_validator
from sqlalchemy.exc import IntegrityError

from channels.contract import Card, Link
from hub.db import transaction
from hub.models import Attachment, Message
from hub.queries import files, inbox, thread
from hub.refusals import Invalid
from hub.services import conversations, jobs, replies
from hub.services.fitting import Content
from hub.shapes import MessageShape
from hub.web.api.blueprint import ById, Page, answer, api, listing
from hub.web.login import the_agent

LONGEST_KEY = 200


class ThreadPage(Page):
    after: int | None = None
    before: int | None = None


class LinkBody(BaseModel):
    title: str = Field(min_length=1, max_length=200)
    url: str = Field(pattern=r"^https?://\S+$", max_length=2000)
    description: str = Field("", max_length=500)
    image_url: str = Field("", max_length=2000)


class CardBody(BaseModel):
    title: str = Field(min_length=1, max_length=200)
    path: str = Field(min_length=1, max_length=1000)
    cover: int | None = None


class Say(BaseModel):
    text: str = Field("", max_length=20_000)
    attachments: list[int] = Field(default=[], max_length=10)
    link: LinkBody | None = None
    card: CardBody | None = None
    channel: str | None = None
    note: bool = False

    @model_validator(mode="after")
    def says_something(self) -> Say:
        if not (self.text.strip() or self.attachments or self.link or self.card):
            raise ValueError("one of text, attachments, link or card is needed")
        return self


class Messages(BaseModel):
    items: list[MessageShape]
    next: int | None


@api.get("/conversations/<id>/messages", responses={200: Messages})
def list_messages(path: ById, query: ThreadPage) -> Response:
    inbox.conversation(path.id)
    return listing(*thread.messages(path.id, query.after, query.before, query.limit))


@api.post("/conversations/<id>/messages", responses={200: MessageShape, 201: MessageShape})
def say(path: ById, body: Say) -> Response:
    key = _idempotency_key()
    if key and (before := replies.said_before(key)):
        return answer(MessageShape.of(before))
    try:
        with transaction():
            message = _say(path.id, body, key)
    except IntegrityError:  # the same key at the same moment
        before = replies.said_before(key) if key else None
        if before is None:
            raise
        return answer(MessageShape.of(before))
    return answer(MessageShape.of(message), 201)


@api.post("/messages/<id>/resend", responses={200: MessageShape})
def resend(path: ById) -> Response:
    with transaction():
        message = thread.message(path.id)
        conversations.locked(message.conversation_id)
        jobs.resend(message, the_agent())
    return answer(MessageShape.of(message))


def _say(conversation_id: int, body: Say, key: str | None) -> Message:
    conversation = conversations.locked(conversation_id)
    content = Content(
        text=body.text,
        attachments=tuple(_attachment(number, "attachments") for number in body.attachments),
        link=Link(**body.link.model_dump()) if body.link else None,
        card=Card(body.card.title, body.card.path) if body.card else None,
        cover=_attachment(body.card.cover, "card.cover") if body.card and body.card.cover else None,
    )
    if body.note:
        return replies.note(conversation, the_agent(), content, key)
    return replies.reply_by_agent(conversation, the_agent(), content, body.channel, key)


def _attachment(number: int, field: str) -> Attachment:
    """A file this agent uploaded and has not sent yet."""
    attachment = files.find(number)
    if attachment is None or attachment.uploaded_by_id != the_agent().id:
        raise Invalid(field, f"you have not uploaded an attachment {number}")
    if attachment.message_id is not None:
        raise Invalid(field, f"attachment {number} is sent already: upload it again")
    return attachment


def _idempotency_key() -> str | None:
    given = request.headers.get("Idempotency-Key", "")
    if len(given) > LONGEST_KEY:
        raise Invalid("Idempotency-Key", f"has more than {LONGEST_KEY} characters")
    return f"{the_agent().id}:{given}" if given else None
