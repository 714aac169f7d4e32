"""Who is there: what I choose, that my inbox is open, and my colleagues."""

from __future__ import annotations

from datetime import timedelta

from flask import Response
from pydantic import BaseModel, Field

from hub.db import transaction
from hub.desk.presence import Status
from hub.queries import presence as rows
from hub.queries.presence import OwnPresence, PresenceShape
from hub.services import conversations, presence
from hub.web.api.blueprint import answer, api, listing
from hub.web.login import the_agent


class Seen(BaseModel):
    idle: float = Field(0, ge=0, le=86400)  # seconds since the last key or click


class Choose(BaseModel):
    status: Status


class Presences(BaseModel):
    items: list[PresenceShape]
    next: None


@api.get("/presence", responses={200: Presences})
def list_presence() -> Response:
    return listing(rows.everyone())


@api.get("/me/presence", responses={200: OwnPresence})
def my_presence() -> Response:
    return answer(rows.own(the_agent()))


@api.post("/me/presence", responses={200: OwnPresence})
def see_me(body: Seen) -> Response:
    with transaction():
        came = presence.seen(the_agent(), timedelta(seconds=body.idle))
    return _present(came)


@api.put("/me/presence", responses={200: OwnPresence})
def choose_presence(body: Choose) -> Response:
    with transaction():
        came = presence.choose(the_agent(), body.status)
    return _present(came)


def _present(came: bool) -> Response:
    """Who just came may be given something: only now, so that nobody holds one presence and waits for another."""
    if came:
        with transaction():
            conversations.look_at_queue()
    return answer(rows.own(the_agent()))
