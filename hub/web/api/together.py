"""Working together on one conversation: who else looks at it, what I have begun to write, and what leads may do."""

from __future__ import annotations

from typing import Annotated, Literal

from flask import Response
from pydantic import AwareDatetime, BaseModel, Field

from hub.db import transaction
from hub.live import Viewer
from hub.models import Conversation
from hub.queries import access, drafts, inbox
from hub.queries.drafts import DraftShape
from hub.refusals import Refusal
from hub.services import conversations, replies, viewing
from hub.services import drafts as writing
from hub.services.fitting import Content
from hub.shapes import MessageShape
from hub.web.api.blueprint import ById, answer, api, listing
from hub.web.api.conversations import Detail, detail
from hub.web.login import at_least, the_agent


class Looking(BaseModel):
    typing: bool = False


class Viewers(BaseModel):
    items: list[Viewer]
    next: None


class Drafts(BaseModel):
    items: list[DraftShape]
    next: None


class TakeOver(BaseModel):
    assignee: int | None  # who had it on the screen
    reason: str = Field(min_length=1, max_length=500, pattern=r"\S")


class Whisper(BaseModel):
    text: str = Field(min_length=1, max_length=5_000)


class DraftPath(ById):
    mode: Literal["reply", "note"]


class DraftBody(BaseModel):
    text: str = Field(max_length=20_000)
    fields: dict[Annotated[str, Field(max_length=40)], Annotated[str, Field(max_length=20_000)]] = Field(
        default={}, max_length=10
    )
    updated_at: AwareDatetime  # when it was written: of two devices the newest wins


@api.post("/conversations/<id>/viewing", responses={200: Viewers})
def look(path: ById, body: Looking) -> Response:
    """To be said again every 15 seconds while it is on the screen."""
    return listing(viewing.look(_readable(path.id), the_agent(), typing=body.typing))


@api.delete("/conversations/<id>/viewing", responses={204: None})
def leave(path: ById) -> Response:
    viewing.leave(_readable(path.id), the_agent())
    return Response(status=204)


@api.post("/conversations/<id>/watch", responses={204: None})
@at_least("supervisor")
def watch(path: ById) -> Response:
    """From now on without being shown among the viewers. It is audited."""
    with transaction():
        viewing.watch(_readable(path.id), the_agent())
    return Response(status=204)


@api.post("/conversations/<id>/take-over", responses={200: Detail})
@at_least("supervisor")
def take_over(path: ById, body: TakeOver) -> Response:
    """From whoever has it, who is told."""
    with transaction():
        conversations.take_over(conversations.locked(path.id), the_agent(), body.assignee, body.reason.strip())
    return detail(inbox.conversation(path.id))


@api.post("/conversations/<id>/whisper", responses={201: MessageShape})
@at_least("supervisor")
def whisper(path: ById, body: Whisper) -> Response:
    """A note to whoever has the conversation. Like every note, colleagues can read it, and the customer cannot."""
    with transaction():
        row = conversations.locked(path.id)
        if row.assignee is None or row.assignee_id == the_agent().id:
            raise Refusal("nobody_to_tell", "No colleague has this conversation.")
        message = replies.whisper(row, the_agent(), Content(text=body.text), row.assignee)
    return answer(MessageShape.of(message), 201)


@api.get("/conversations/<id>/drafts", responses={200: Drafts})
def list_drafts(path: ById) -> Response:
    return listing(drafts.of_conversation(the_agent().id, _readable(path.id).id))


@api.put("/conversations/<id>/drafts/<mode>", responses={200: Drafts})
def keep_draft(path: DraftPath, body: DraftBody) -> Response:
    """Answers with what is kept now, which another device may have written later. Nothing written: none is kept."""
    with transaction():
        row = _readable(path.id)
        if body.text.strip() or body.fields:
            writing.keep(the_agent(), row.id, path.mode, body.text, body.fields, body.updated_at)
        else:
            writing.drop(the_agent(), row.id, path.mode)
    return listing(drafts.of_conversation(the_agent().id, row.id))


@api.delete("/conversations/<id>/drafts/<mode>", responses={204: None})
def drop_draft(path: DraftPath) -> Response:
    with transaction():
        writing.drop(the_agent(), _readable(path.id).id, path.mode)
    return Response(status=204)


def _readable(conversation_id: int) -> Conversation:
    row = inbox.conversation(conversation_id)
    access.must_read(the_agent(), row)
    return row
