"""Search over all that was said, and over people."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from flask import Response
from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field

from hub.hits import ContactHit, MessageHit
from hub.queries import search
from hub.queries.filters import Status, comma_list
from hub.web.api.blueprint import Page, api, listing
from hub.web.login import the_agent

Moment = Annotated[AwareDatetime, Field(ge=datetime(1970, 1, 1, tzinfo=UTC), lt=datetime(3000, 1, 1, tzinfo=UTC))]


class Search(Page):
    q: str = Field(min_length=1, max_length=200)
    kind: Literal["all", "messages", "contacts"] = "all"
    sort: Literal["newest", "relevance"] = "newest"
    channel: str | None = None
    team: str | None = None
    label: Annotated[list[str], BeforeValidator(comma_list)] = []  # all of them
    agent: str | None = Field(None, pattern=r"^(me|\d{1,18})$")  # whose conversations: mine, or an agent's by the id
    status: Annotated[list[Status], BeforeValidator(comma_list)] = []
    direction: Literal["in", "out", "note"] | None = None
    has: Literal["attachment"] | None = None
    since: Moment | None = Field(None, alias="from")
    until: Moment | None = Field(None, alias="to")
    cursor: str | None = None


class Found(BaseModel):
    items: list[ContactHit | MessageHit]
    next: str | None


@api.get("/search", responses={200: Found})
def search_everything(query: Search) -> Response:
    agent = the_agent()
    wanted = search.Filter(
        channel=query.channel,
        direction=query.direction,
        attachment=query.has == "attachment",
        since=query.since,
        until=query.until,
        statuses=query.status,
        team=query.team,
        labels=query.label,
        assignee_id=_id(query.agent),
    )
    match query.kind:
        case "contacts":
            return listing(*search.people(query.q, agent, wanted, query.cursor, query.limit))
        case "messages":
            return listing(*search.messages(query.q, agent, wanted, query.cursor, query.limit, query.sort))
    return listing(*search.everything(query.q, agent, wanted, query.cursor, query.limit, query.sort))


def _id(given: str | None) -> int | None:
    return the_agent().id if given == "me" else int(given) if given else None
