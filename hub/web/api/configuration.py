"""What lives in files, to look at: the configuration with its lines, the teams, and the words of work."""

from __future__ import annotations

from flask import Response
from pydantic import BaseModel

from hub.queries import configuration, teams, work
from hub.queries.configuration import Section
from hub.queries.teams import TeamShape
from hub.queries.work import DispositionShape, LabelShape
from hub.web.api.blueprint import api, listing
from hub.web.login import at_least, the_agent


class Sections(BaseModel):
    items: list[Section]
    next: None


class Teams(BaseModel):
    items: list[TeamShape]
    next: None


class Labels(BaseModel):
    items: list[LabelShape]
    next: None


class Dispositions(BaseModel):
    items: list[DispositionShape]
    next: None


@api.get("/config", responses={200: Sections})
@at_least("supervisor")
def read_config() -> Response:
    return listing(configuration.sections())


@api.get("/teams", responses={200: Teams})
def list_teams() -> Response:
    return listing(teams.everything())


@api.get("/labels", responses={200: Labels})
def list_labels() -> Response:
    return listing(work.labels(the_agent()))


@api.get("/dispositions", responses={200: Dispositions})
def list_dispositions() -> Response:
    return listing(work.dispositions())
