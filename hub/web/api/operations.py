"""Colleagues, channels, jobs and the live stream."""

from __future__ import annotations

from typing import Annotated, Literal

from flask import Response
from pydantic import BaseModel, BeforeValidator, Field

from hub.db import transaction
from hub.queries import agents, operations
from hub.services import jobs
from hub.shapes import AgentShape, ChannelHealth, JobShape
from hub.web import stream
from hub.web.api.blueprint import Page, api, comma_list, listing
from hub.web.login import at_least, the_agent


class Agents(BaseModel):
    items: list[AgentShape]
    next: None


class Channels(BaseModel):
    items: list[ChannelHealth]
    next: None


class Jobs(BaseModel):
    items: list[JobShape]
    next: str | None


State = Literal["pending", "running", "waiting", "done", "failed", "uncertain", "cancelled"]


class JobFilter(Page):
    state: Annotated[list[State], BeforeValidator(comma_list)] = [
        "pending",
        "running",
        "waiting",
        "failed",
        "uncertain",
    ]
    cursor: str | None = None


class JobName(BaseModel):
    id: str


class AgentQuery(BaseModel):
    q: str = Field("", max_length=100)  # by name, also by the sounds of it, or by mail address


class StreamFrom(BaseModel):
    after: str | None = None


@api.get("/agents", responses={200: Agents})
def list_agents(query: AgentQuery) -> Response:
    return listing([AgentShape.of(row) for row in agents.everyone(query.q)])


@api.get("/channels", responses={200: Channels})
def list_channels() -> Response:
    return listing(operations.channels())


@api.get("/jobs", responses={200: Jobs})
@at_least("supervisor")
def list_jobs(query: JobFilter) -> Response:
    return listing(*operations.jobs(query.state, query.cursor, query.limit))


@api.post("/jobs/<id>/retry", responses={202: None})
@at_least("supervisor")
def retry_job(path: JobName) -> Response:
    with transaction():
        jobs.retry(jobs.find(path.id), the_agent())
    return Response(status=202)


@api.get("/stream", responses={200: None})
def listen(query: StreamFrom) -> Response:
    return stream.stream()
