"""Channels: what each can do, how well it works, and what a person does about one that does not."""

from __future__ import annotations

from flask import Response
from pydantic import BaseModel, Field

from channels.errors import SendError
from hub import current
from hub.db import db, transaction
from hub.queries import health, operations
from hub.queries.health import VitalsDetail, VitalsShape
from hub.refusals import NotFound
from hub.services import pauses
from hub.shapes import ChannelHealth
from hub.web.api.blueprint import answer, api, listing
from hub.web.login import at_least, the_agent


class ByName(BaseModel):
    name: str


class Channels(BaseModel):
    items: list[ChannelHealth]
    next: None


class Vitals(BaseModel):
    items: list[VitalsShape]
    next: None


class FindingShape(BaseModel):
    what: str
    ok: bool
    advice: str  # what to do where it is wrong


class Findings(BaseModel):
    items: list[FindingShape]


class Pause(BaseModel):
    reason: str = Field(min_length=1, max_length=500)


@api.get("/channels", responses={200: Channels})
def list_channels() -> Response:
    return listing(operations.channels())


@api.get("/channels/health", responses={200: Vitals})
def list_vitals() -> Response:
    return listing(health.every())


@api.get("/channels/<name>/health", responses={200: VitalsDetail})
def get_vitals(path: ByName) -> Response:
    return answer(health.one(path.name))


@api.post("/channels/<name>/diagnose", responses={200: Findings})
@at_least("supervisor")
def diagnose(path: ByName) -> Response:
    """What `yizhan doctor` says. It asks the provider, so it takes seconds."""
    channel = current.channels().get(path.name)
    if channel is None:
        raise NotFound("channel")
    db.session.remove()  # no connection waits for a provider
    found = []
    try:
        for each in channel.diagnose(f"{current.settings().hub.public_url}/hooks/{channel.name}"):
            found.append(FindingShape(what=each.what, ok=each.ok, advice=each.advice))
    except SendError as error:
        found.append(FindingShape(what=str(error), ok=False, advice=""))
    return answer(Findings(items=found))


@api.post("/channels/<name>/pause", responses={200: VitalsDetail})
@at_least("supervisor")
def pause(path: ByName, body: Pause) -> Response:
    """Nothing is sent there until somebody resumes it; what is written meanwhile waits."""
    _known(path.name)
    with transaction():
        pauses.pause_by_hand(path.name, body.reason.strip(), the_agent())
    return answer(health.one(path.name))


@api.post("/channels/<name>/resume", responses={200: VitalsDetail})
@at_least("supervisor")
def resume(path: ByName) -> Response:
    _known(path.name)
    with transaction():
        pauses.resume(path.name, the_agent())
    return answer(health.one(path.name))


def _known(name: str) -> None:
    if name not in current.channels():
        raise NotFound("channel")
