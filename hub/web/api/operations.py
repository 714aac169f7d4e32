"""Colleagues and the live stream."""

from __future__ import annotations

from flask import Response
from pydantic import BaseModel, Field

from hub.queries import agents
from hub.shapes import AgentShape
from hub.web import stream
from hub.web.api.blueprint import api, listing


class Agents(BaseModel):
    items: list[AgentShape]
    next: None


class AgentQuery(BaseModel):
    q: str = Field("", max_length=100)  # by name, also by the sounds of it, or by mail address


class StreamFrom(BaseModel):
    after: str | None = None


@api.get("/agents", responses={200: Agents})
def list_agents(query: AgentQuery) -> Response:
    return listing([AgentShape.of(row) for row in agents.everyone(query.q)])


@api.get("/stream", responses={200: None})
def listen(query: StreamFrom) -> Response:
    return stream.stream()
