"""What lives in files, to look at: the configuration with its lines, and the teams."""

from __future__ import annotations

from flask import Response
from pydantic import BaseModel

from hub.queries import configuration, teams
from hub.queries.configuration import Section
from hub.queries.teams import TeamShape
from hub.web.api.blueprint import api, listing
from hub.web.login import at_least


class Sections(BaseModel):
    items: list[Section]
    next: None


class Teams(BaseModel):
    items: list[TeamShape]
    next: None


@api.get("/config", responses={200: Sections})
@at_least("supervisor")
def read_config() -> Response:
    return listing(configuration.sections())


@api.get("/teams", responses={200: Teams})
def list_teams() -> Response:
    return listing(teams.everything())
