"""Conversations: lists, one of them, and what agents do with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal

from flask import Response
from pydantic import AwareDatetime, BaseModel, BeforeValidator

from hub import current
from hub.db import transaction
from hub.models import Conversation
from hub.queries import access, drafts, inbox, thread
from hub.queries import agents as agent_rows
from hub.refusals import Invalid
from hub.services import conversations, following, notifications
from hub.shapes import ConversationShape
from hub.web.api.blueprint import ById, Page, answer, api, comma_list, listing
from hub.web.login import the_agent


class Filter(Page):
    status: Annotated[list[Literal["bot", "waiting", "open", "snoozed", "resolved"]], BeforeValidator(comma_list)] = []
    assignee: str | None = None  # me, none, or an agent's id
    team: str | None = None
    channel: str | None = None
    q: str | None = None
    sort: Literal["activity", "sla"] = "activity"  # sla: those with something promised that runs, what is due first
    cursor: str | None = None


class Counts(BaseModel):
    mine: int
    waiting: int
    all: int


class Assign(BaseModel):
    agent: int | None


class HandOver(BaseModel):
    to: Literal["bot", "people"] = "bot"
    team: str | None = None


class Snooze(BaseModel):
    until: AwareDatetime


class ListedConversation(ConversationShape):
    draft: str  # how the reply begins that I have not sent


class Detail(thread.ConversationDetail):
    drafts: list[drafts.DraftShape]  # mine


class Conversations(BaseModel):
    items: list[ListedConversation]
    next: str | None


@api.get("/conversations", responses={200: Conversations})
def list_conversations(query: Filter) -> Response:
    assignee_id = _assignee(query.assignee)
    page, following = inbox.conversations(
        query.status,
        assignee_id,
        query.assignee == "none",
        query.team,
        query.channel,
        query.q,
        query.cursor,
        query.limit,
        query.sort == "sla",
    )
    begun = drafts.previews(the_agent().id, [row.id for row in page])
    rows = [ListedConversation(**dict(row), draft=begun.get(row.id, "")) for row in page]
    return listing(rows, following)


@api.get("/conversations/counts", responses={200: Counts})
def count_conversations() -> Response:
    return answer(Counts(**inbox.counts(the_agent().id)))


@api.get("/conversations/<id>", responses={200: Detail})
def get_conversation(path: ById) -> Response:
    row = inbox.conversation(path.id)
    access.must_read(the_agent(), row)
    return detail(row)


@api.post("/conversations/<id>/claim", responses={200: Detail})
def claim(path: ById) -> Response:
    return _change(path.id, lambda row: conversations.claim(row, the_agent()))


@api.post("/conversations/<id>/assign", responses={200: Detail})
def assign(path: ById, body: Assign) -> Response:
    to = agent_rows.find(body.agent) if body.agent is not None else None
    if body.agent is not None and to is None:
        raise Invalid("agent", "there is no such agent")
    return _change(path.id, lambda row: conversations.assign(row, to, the_agent()))


@api.post("/conversations/<id>/handover", responses={200: Detail})
def hand_over(path: ById, body: HandOver) -> Response:
    if body.to == "bot":
        return _change(path.id, lambda row: conversations.hand_to_bot(row, the_agent()))
    return _change(path.id, lambda row: conversations.hand_over(row, "by_agent", body.team, the_agent()))


@api.post("/conversations/<id>/resolve", responses={200: Detail})
def resolve(path: ById) -> Response:
    return _change(path.id, lambda row: conversations.resolve(row, the_agent()))


@api.post("/conversations/<id>/reopen", responses={200: Detail})
def reopen(path: ById) -> Response:
    return _change(path.id, lambda row: conversations.reopen(row, the_agent()))


@api.post("/conversations/<id>/snooze", responses={200: Detail})
def snooze(path: ById, body: Snooze) -> Response:
    until: datetime = body.until
    return _change(path.id, lambda row: conversations.snooze(row, until, the_agent()))


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
    fields = inbox.shape(row).model_dump()
    reply, participants = thread.reply_options(row), thread.participants(row)
    agent_id = the_agent().id
    mine, followed = drafts.of_conversation(agent_id, row.id), inbox.is_followed(row.id, agent_id)
    return answer(Detail(**fields, reply=reply, participants=participants, followed=followed, drafts=mine), status)


def _assignee(given: str | None) -> int | None:
    match given:
        case None | "none" | "":
            return None
        case "me":
            return the_agent().id
        case number if number.isdecimal():
            return int(number)
    raise Invalid("assignee", "must be me, none or an agent's id")
