"""What was said, and saying something."""

from __future__ import annotations

from typing import Annotated

from flask import Response, request
from pydantic import BaseModel, Field, model_validator
from sqlalchemy.exc import IntegrityError

from channels.contract import Card, Link, Template
from channels.errors import SendError
from hub import current
from hub.db import transaction
from hub.letters import Heading
from hub.models import Attachment, Message
from hub.queries import access, canned, files, inbox, thread
from hub.refusals import Invalid, NotFound, Refusal
from hub.services import canned as keeping
from hub.services import conversations, drafts, jobs, macros, meanwhile, mentions, replies, suggestions
from hub.services.fitting import Content
from hub.shapes import MessageShape
from hub.web.api.blueprint import ById, Page, answer, api, listing
from hub.web.api.conversations import Detail, detail
from hub.web.login import the_agent

LONGEST_KEY = 200
# of a message that strangers wrote: even if it were not clean, nothing of it runs, and nothing is loaded
PAGE_POLICY = (
    "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; "
    "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
MailAddress = Annotated[str, Field(max_length=320, pattern=r"^[^\x00-\x20\x7f]+$")]


class ThreadPage(Page):
    after: int | None = None
    before: int | None = None
    around: int | None = None  # instead of both: a page with this message in its middle


class LinkBody(BaseModel):
    title: str = Field(min_length=1, max_length=200)
    url: str = Field(pattern=r"^https?://\S+$", max_length=2000)
    description: str = Field("", max_length=500)
    image_url: str = Field("", max_length=2000)


class CardBody(BaseModel):
    title: str = Field(min_length=1, max_length=200)
    path: str = Field(min_length=1, max_length=1000)
    cover: int | None = None


class TemplateBody(BaseModel):
    name: str = Field(min_length=1, max_length=200)
    fields: dict[str, Annotated[str, Field(max_length=1000)]] = {}


class SuggestionBody(BaseModel):
    id: int
    which: str = Field(max_length=200)


class Say(BaseModel):
    text: str = Field("", max_length=20_000)
    attachments: list[int] = Field(default=[], max_length=10)
    link: LinkBody | None = None
    card: CardBody | None = None
    template: TemplateBody | None = None  # instead of all the above
    channel: str | None = None
    note: bool = False
    mentions: list[int] = Field(default=[], max_length=50)  # agents that a note calls
    suggestion: SuggestionBody | None = None  # what the agent began from
    canned: list[Annotated[str, Field(max_length=200)]] = Field(default=[], max_length=20)  # texts put into it
    seen: int | None = None  # the newest message on the screen when the agent began to write
    subject: str | None = Field(None, min_length=1, max_length=500)  # where messages have one
    cc: list[MailAddress] | None = Field(None, max_length=50)  # None: everybody who had the last one
    bcc: list[MailAddress] = Field(default=[], max_length=50)

    @model_validator(mode="after")
    def says_something(self) -> Say:
        if not (self.text.strip() or self.attachments or self.link or self.card or self.template):
            raise ValueError("one of text, attachments, link, card or template is needed")
        return self


class Begin(BaseModel):
    channel: str
    to: MailAddress
    name: str = Field("", max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")
    subject: str = Field("", max_length=500)  # where messages have one
    text: str = Field("", max_length=20_000)
    template: TemplateBody | None = None
    attachments: list[int] = Field(default=[], max_length=10)
    cc: list[MailAddress] = Field(default=[], max_length=50)
    bcc: list[MailAddress] = Field(default=[], max_length=50)


class PageQuery(BaseModel):
    images: bool = False  # also those that lie elsewhere


class NoteBody(BaseModel):
    text: str = Field(min_length=1, max_length=20_000)


class Messages(BaseModel):
    items: list[MessageShape]
    next: int | None
    newer: int | None = None  # with `around`: where to go on forwards, null at the end of the thread


@api.get("/conversations/<id>/messages", responses={200: Messages})
def list_messages(path: ById, query: ThreadPage) -> Response:
    inbox.conversation(path.id)
    if query.around is not None:
        items, older, newer = thread.messages_around(path.id, query.around, query.limit)
        return answer(Messages(items=items, next=older, newer=newer))
    return listing(*thread.messages(path.id, query.after, query.before, query.limit))


@api.post("/conversations/<id>/messages", responses={200: MessageShape, 201: MessageShape})
def say(path: ById, body: Say) -> Response:
    key = idempotency_key()
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


@api.post("/conversations", responses={200: Detail, 201: Detail})
def begin(body: Begin) -> Response:
    """Write to somebody first."""
    key = idempotency_key()
    if key and (before := replies.said_before(key)):
        return detail(inbox.conversation(before.conversation_id))
    attachments = tuple(_attachment(number, "attachments") for number in body.attachments)
    content = Content(text=body.text, attachments=attachments, template=_template(body.template))
    heading = Heading(body.subject, *_copies(body))
    try:
        with transaction():
            message = replies.begin(the_agent(), body.channel, body.to, body.name, content, heading, key)
    except IntegrityError:  # the same key at the same moment, or somebody else introduced the same address
        before = replies.said_before(key) if key else None
        if before is None:
            raise Refusal("try_again", "Somebody else was at it in the same moment: try again.") from None
        return detail(inbox.conversation(before.conversation_id))
    return detail(inbox.conversation(message.conversation_id), 201)


@api.get("/messages/<id>/page", responses={200: None})
def show_page(path: ById, query: PageQuery) -> Response:
    """The message as HTML, for a frame: safe, and complete in itself."""
    message = thread.message(path.id)
    raw = next((each.sha256 for each in message.attachments if each.medium == "source" and each.sha256), None)
    channel = current.channels().get(message.channel)
    try:
        page = channel.page(raw, pictures=query.images) if channel and raw else None
    except SendError:  # the raw message is no longer in the store
        page = None
    if page is None:
        raise NotFound("page")
    response = Response(page.html, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = PAGE_POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.headers["Cache-Control"] = "private, max-age=600"
    return response


@api.patch("/messages/<id>", responses={200: MessageShape})
def edit_note(path: ById, body: NoteBody) -> Response:
    """Only of one's own notes: what customers have read stays as it is."""
    with transaction():
        message = thread.message(path.id)
        access.must_read(the_agent(), conversations.locked(message.conversation_id))
        replies.edit_note(message, body.text, the_agent())
    return answer(MessageShape.of(message))


@api.post("/messages/<id>/resend", responses={200: MessageShape})
def resend(path: ById) -> Response:
    with transaction():
        message = thread.message(path.id)
        conversations.locked(message.conversation_id)
        jobs.resend(message, the_agent())
    return answer(MessageShape.of(message))


def _template(body: TemplateBody | None) -> Template | None:
    return Template(body.name, body.fields) if body else None


def _say(conversation_id: int, body: Say, key: str | None) -> Message:
    conversation = conversations.locked(conversation_id)
    access.must_read(the_agent(), conversation)
    content = Content(
        text=body.text,
        attachments=tuple(_attachment(number, "attachments") for number in body.attachments),
        link=Link(**body.link.model_dump()) if body.link else None,
        card=Card(body.card.title, body.card.path) if body.card else None,
        cover=_attachment(body.card.cover, "card.cover") if body.card and body.card.cover else None,
        template=_template(body.template),
    )
    if body.canned:
        macros.must_be_whole(body.text)
        keeping.used([each for each in body.canned if canned.find(each, the_agent())], the_agent())
    drafts.drop(the_agent(), conversation.id, "note" if body.note else "reply")
    if body.note:
        note = replies.note(conversation, the_agent(), content, key)
        if body.mentions:
            mentions.mention(note, body.mentions, the_agent())
        return note
    if body.seen is not None:
        meanwhile.nobody_was_faster(conversation, the_agent(), body.seen)
    if body.suggestion:
        suggestions.used(body.suggestion.id, body.suggestion.which, body.text, conversation, the_agent())
    heading = Heading(body.subject, *_copies(body))
    return replies.reply_by_agent(conversation, the_agent(), content, body.channel, key, heading)


def _copies(body: Say | Begin) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    return tuple(body.cc) if body.cc is not None else None, tuple(body.bcc)


def _attachment(number: int, field: str) -> Attachment:
    """A file this agent uploaded and has not sent yet."""
    attachment = files.find(number)
    if attachment is None or attachment.uploaded_by_id != the_agent().id:
        raise Invalid(field, f"you have not uploaded an attachment {number}")
    if attachment.message_id is not None:
        raise Invalid(field, f"attachment {number} is sent already: upload it again")
    return attachment


def idempotency_key() -> str | None:
    given = request.headers.get("Idempotency-Key", "")
    if len(given) > LONGEST_KEY:
        raise Invalid("Idempotency-Key", f"has more than {LONGEST_KEY} characters")
    return f"{the_agent().id}:{given}" if given else None
