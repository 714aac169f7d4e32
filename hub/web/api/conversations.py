"""Conversations: lists, one of them, and what agents do with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from flask import Response, request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from hub import current
from hub.db import transaction
from hub.models import Conversation
from hub.queries import access, drafts, inbox, joined, thread
from hub.queries import agents as agent_rows
from hub.queries.filters import Filter
from hub.refusals import Invalid
from hub.services import conversations, following, labelling, notifications, transfers
from hub.shapes import ConversationShape
from hub.web.api.blueprint import ById, Page, answer, api, listing
from hub.web.login import the_agent


class ListQuery(Filter, Page):
    cursor: str | None = None


class Counts(BaseModel):
    mine: int
    waiting: int
    all: int
    snoozed: int
    bot: int
    mentions: int  # not yet seen


class Assign(BaseModel):
    agent: int | None  # None: back to the queue, its own or a team's
    team: str | None = None
    note: str = Field("", max_length=20_000)

    @model_validator(mode="before")
    @classmethod
    def team_is_enough(cls, body: Any) -> Any:
        return {"agent": None, **body} if isinstance(body, dict) and "team" in body else body


class Changes(BaseModel):
    """What is left out stays."""

    model_config = ConfigDict(extra="forbid")

    labels: list[str] | None = Field(None, max_length=20)
    priority: Annotated[int, Field(ge=0, le=3)] | None = None


class HandOver(BaseModel):
    to: Literal["bot", "people"] = "bot"
    team: str | None = None


class Snooze(BaseModel):
    until: AwareDatetime | None  # None: until they write


class Resolve(BaseModel):
    disposition: str = ""

    @model_validator(mode="before")
    @classmethod
    def may_be_absent(cls, body: Any) -> Any:
        return {} if body is None and not request.get_data() else body


class ListedConversation(ConversationShape):
    draft: str  # how the reply begins that I have not sent


class Detail(thread.ConversationDetail):
    drafts: list[drafts.DraftShape]  # mine
    undoable: list[int]  # merges and splits of it


class Conversations(BaseModel):
    items: list[ListedConversation]
    next: str | None


@api.get("/conversations", responses={200: Conversations})
def list_conversations(query: ListQuery) -> Response:
    page, cursor = inbox.conversations(the_agent(), query, query.cursor, query.limit)
    begun = drafts.previews(the_agent().id, [row.id for row in page])
    rows = [ListedConversation(**dict(row), draft=begun.get(row.id, "")) for row in page]
    return listing(rows, cursor)


@api.get("/conversations/counts", responses={200: Counts})
def count_conversations() -> Response:
    return answer(Counts(**inbox.counts(the_agent())))


@api.get("/conversations/<id>", responses={200: Detail})
def get_conversation(path: ById) -> Response:
    return detail(inbox.conversation(path.id))


@api.patch("/conversations/<id>", responses={200: Detail})
def change(path: ById, body: Changes) -> Response:
    def apply(row: Conversation) -> None:
        if body.labels is not None:
            labelling.set_labels(row, the_agent(), body.labels)
        if body.priority is not None:
            labelling.prioritise(row, the_agent(), body.priority)

    return _change(path.id, apply)


@api.post("/conversations/<id>/claim", responses={200: Detail})
def claim(path: ById) -> Response:
    return _change(path.id, lambda row: conversations.claim(row, the_agent()))


@api.post("/conversations/<id>/assign", responses={200: Detail})
def assign(path: ById, body: Assign) -> Response:
    to = agent_rows.find(body.agent) if body.agent is not None else None
    if body.agent is not None and to is None:
        raise Invalid("agent", "there is no such agent")
    return _change(path.id, lambda row: transfers.transfer(row, the_agent(), to, body.team, body.note))


@api.post("/conversations/<id>/handover", responses={200: Detail})
def hand_over(path: ById, body: HandOver) -> Response:
    if body.to == "bot":
        return _change(path.id, lambda row: conversations.hand_to_bot(row, the_agent()))
    return _change(path.id, lambda row: conversations.hand_over(row, "by_agent", body.team, the_agent()))


@api.post("/conversations/<id>/resolve", responses={200: Detail})
def resolve(path: ById, body: Resolve) -> Response:
    return _change(path.id, lambda row: conversations.resolve(row, the_agent(), body.disposition))


@api.post("/conversations/<id>/reopen", responses={200: Detail})
def reopen(path: ById) -> Response:
    return _change(path.id, lambda row: conversations.reopen(row, the_agent()))


@api.post("/conversations/<id>/snooze", responses={200: Detail})
def snooze(path: ById, body: Snooze) -> Response:
    return _change(path.id, lambda row: conversations.snooze(row, body.until, the_agent()))


@api.post("/conversations/<id>/read", responses={200: Detail})
def read(path: ById) -> Response:
    def seen(row: Conversation) -> None:
        conversations.read(row)
        notifications.see_conversation(the_agent(), row.id)

    return _change(path.id, seen)


@api.put("/conversations/<id>/follow", responses={200: Detail})
def follow(path: ById) -> Response:
    return _change(path.id, lambda row: following.follow(row, the_agent()))


@api.delete("/conversations/<id>/follow", responses={200: Detail})
def unfollow(path: ById) -> Response:
    return _change(path.id, lambda row: following.unfollow(row, the_agent()))


@api.post("/conversations/<id>/typing", responses={202: None})
def typing(path: ById) -> Response:
    row = inbox.conversation(path.id)
    options = thread.reply_options(row)
    if options.typing and options.allowed:
        current.show_typing(row.reply_channel, row.reply_identity.scheme, row.reply_identity.value)
    return Response(status=202)


def _change(conversation_id: int, change: Callable[[Conversation], None]) -> Response:
    with transaction():
        row = conversations.locked(conversation_id)
        access.must_read(the_agent(), row)
        change(row)
    return detail(inbox.conversation(conversation_id))


def detail(row: Conversation, status: int = 200) -> Response:
    me = the_agent().id
    shown = Detail(
        **inbox.shape(row).model_dump(),
        reply=thread.reply_options(row),
        participants=thread.participants(row),
        followed=inbox.is_followed(row.id, me),
        drafts=drafts.of_conversation(me, row.id),
        undoable=joined.undoable(row.id),
    )
    return answer(shown, status)
