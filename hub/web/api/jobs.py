"""Jobs that are not done: what failed and why, and what a person decides about it."""

from __future__ import annotations

from typing import Annotated, Literal

from flask import Response
from pydantic import BaseModel, BeforeValidator, Field, model_validator

from hub.db import transaction
from hub.jobs import Job
from hub.models import Agent
from hub.queries import jobs as rows
from hub.queries.filters import comma_list
from hub.queries.jobs import JobDetail, JobGroup
from hub.refusals import Refusal
from hub.services import jobs
from hub.shapes import JobShape, Problem
from hub.web.api.blueprint import Page, answer, api, listing
from hub.web.login import at_least, the_agent

State = Literal["pending", "running", "waiting", "done", "failed", "uncertain", "cancelled", "retrying"]
AT_ONCE = 50


class Jobs(BaseModel):
    items: list[JobShape]
    next: str | None


class States(BaseModel):
    state: Annotated[list[State], BeforeValidator(comma_list)] = [
        "pending",
        "running",
        "waiting",
        "failed",
        "uncertain",
    ]


class JobFilter(Page, States):
    kind: Annotated[list[str], BeforeValidator(comma_list)] = []
    channel: str | None = None
    code: str | None = None  # of the error
    cursor: str | None = None


class JobName(BaseModel):
    id: str


class Groups(BaseModel):
    items: list[JobGroup]
    next: None


class Decision(BaseModel):
    action: Literal["retry", "discard", "reroute"]
    reason: str = Field("", max_length=500)  # why it is discarded
    channel: str | None = None  # by which it goes instead

    @model_validator(mode="after")
    def _is_whole(self) -> Decision:
        if self.action == "discard" and not self.reason.strip():
            raise ValueError("say why it is discarded")
        if self.action == "reroute" and not self.channel:
            raise ValueError("name the channel")
        return self


class Decisions(Decision):
    ids: list[str] = Field(min_length=1, max_length=AT_ONCE)


class Result(BaseModel):
    id: str
    ok: bool
    problem: Problem | None


class Results(BaseModel):
    items: list[Result]


@api.get("/jobs", responses={200: Jobs})
@at_least("supervisor")
def list_jobs(query: JobFilter) -> Response:
    return listing(*rows.listed(query.state, query.kind, query.channel, query.code, query.cursor, query.limit))


@api.get("/jobs/groups", responses={200: Groups})
@at_least("supervisor")
def group_jobs(query: States) -> Response:
    return listing(rows.groups(query.state))


@api.get("/jobs/<id>", responses={200: JobDetail})
@at_least("supervisor")
def get_job(path: JobName) -> Response:
    return answer(rows.one(jobs.find(path.id)))


@api.post("/jobs/<id>/retry", responses={202: None})
@at_least("supervisor")
def retry_job(path: JobName) -> Response:
    with transaction():
        jobs.retry(jobs.find(path.id), the_agent())
    return Response(status=202)


@api.post("/jobs/decide", responses={200: Results})
@at_least("supervisor")
def decide(body: Decisions) -> Response:
    """Each by itself: one that cannot be done keeps no other from it."""
    return answer(Results(items=[_decided(name, body, the_agent()) for name in body.ids]))


def _decided(name: str, decision: Decision, by: Agent) -> Result:
    try:
        with transaction():
            _decide(jobs.find(name), decision, by)
    except Refusal as refusal:
        return Result(id=name, ok=False, problem=Problem(code=refusal.code, reason=str(refusal)))
    return Result(id=name, ok=True, problem=None)


def _decide(job: Job, decision: Decision, by: Agent) -> None:
    match decision.action:
        case "retry":
            jobs.retry(job, by)
        case "discard":
            jobs.discard(job, decision.reason.strip(), by)
        case "reroute":
            jobs.reroute(job, decision.channel or "", by)
