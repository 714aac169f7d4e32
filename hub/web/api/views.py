"""Views of the list that agents keep, and the words in which work is organised."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from hub import current
from hub.db import transaction
from hub.desk.work import Disposition, Label
from hub.queries import saved_views as rows
from hub.queries.filters import Filter
from hub.queries.saved_views import SavedViewShape
from hub.services import saved_views
from hub.web.api.blueprint import ById, answer, api, listing
from hub.web.login import the_agent

Name = Annotated[str, Field(pattern=r"^[^\s\x00-\x1f\x7f](?:[^\x00-\x1f\x7f]{0,58}[^\s\x00-\x1f\x7f])?$")]


class Views(BaseModel):
    items: list[SavedViewShape]
    next: None


class NewView(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Name
    filter: Filter
    shared: bool = False


class ViewChanges(BaseModel):
    """What is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    filter: Filter | None = None
    shared: bool | None = None
    position: Annotated[int, Field(ge=0, le=1000)] | None = None


class WorkShape(BaseModel):
    labels: list[Label]
    dispositions: list[Disposition]
    disposition_required: bool
    teams: list[str]


@api.get("/views", responses={200: Views})
def list_views() -> Response:
    return listing(rows.visible(the_agent()))


@api.post("/views", responses={201: SavedViewShape})
def save_view(body: NewView) -> Response:
    with transaction():
        wanted = body.filter.model_dump(exclude_defaults=True)
        row = saved_views.keep(the_agent(), body.name, wanted, shared=body.shared)
    return answer(SavedViewShape.of(row), 201)


@api.patch("/views/<id>", responses={200: SavedViewShape})
def change_view(path: ById, body: ViewChanges) -> Response:
    changes = {name: value for name, value in body if value is not None}
    if body.filter is not None:
        changes["filter"] = body.filter.model_dump(exclude_defaults=True)
    with transaction():
        row = rows.find(path.id)
        saved_views.change(row, the_agent(), **changes)
    return answer(SavedViewShape.of(row))


@api.delete("/views/<id>", responses={204: None})
def delete_view(path: ById) -> Response:
    with transaction():
        saved_views.forget(rows.find(path.id), the_agent())
    return Response(status=204)


@api.get("/work", responses={200: WorkShape})
def get_work() -> Response:
    settings = current.settings()
    return answer(
        WorkShape(
            labels=settings.work.labels,
            dispositions=settings.work.dispositions,
            disposition_required=settings.work.resolving.disposition_required,
            teams=list(settings.hub.teams),
        )
    )
