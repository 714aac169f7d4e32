"""Questions that bots had no answer to, what agents propose to teach them, and what recommendations bring."""

from __future__ import annotations

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from hub.db import transaction
from hub.queries import learning as learned
from hub.queries import recommended
from hub.queries.learning import ClusterState, ProposalShape, ProposalState, QuestionShape
from hub.queries.recommended import RecommendationReport
from hub.refusals import Invalid
from hub.services import learning
from hub.web.api.blueprint import ById, Page, answer, api, listing
from hub.web.guard import exists
from hub.web.login import the_agent

AT_MOST = 20


class Questions(BaseModel):
    items: list[QuestionShape]
    next: str | None


class Proposals(BaseModel):
    items: list[ProposalShape]
    next: str | None


class QuestionQuery(Page):
    state: ClusterState = "open"
    cursor: str | None = None


class ProposalQuery(Page):
    state: ProposalState = "open"
    cursor: str | None = None


class ProposeBody(BaseModel):
    """`questions`: ways to ask it, word for word as customers did, or put better; none: the examples."""

    model_config = ConfigDict(extra="forbid")

    entry: str = Field(max_length=200)
    questions: list[str] | None = Field(None, max_length=AT_MOST)


class ProposalBody(ProposeBody):
    """`message_id`: what a customer asked, or a bot's answer to it; without `questions`, what was asked is proposed."""

    message_id: int | None = Field(None, ge=1, lt=2**63)


@api.get("/questions", responses={200: Questions})
def list_questions(query: QuestionQuery) -> Response:
    return listing(*learned.questions(query.state, query.cursor, query.limit))


@api.post("/questions/<id>/propose", responses={201: ProposalShape})
def propose(path: ById, body: ProposeBody) -> Response:
    with transaction():
        made = learning.propose(path.id, body.entry, body.questions, the_agent())
    return answer(learned.proposal(made.id), 201)


@api.post("/questions/<id>/dismiss", responses={200: QuestionShape})
def dismiss_questions(path: ById) -> Response:
    with transaction():
        row = learning.dismiss_questions(path.id, the_agent())
    return answer(learned.question(row))


@api.get("/proposals", responses={200: Proposals})
def list_proposals(query: ProposalQuery) -> Response:
    return listing(*learned.proposals(query.state, query.cursor, query.limit))


@api.post("/proposals", responses={201: ProposalShape})
def propose_from_inbox(body: ProposalBody) -> Response:
    if body.message_id is not None and not exists("messages", body.message_id):
        raise Invalid("message_id", "there is no such message")
    with transaction():
        made = learning.propose_from_inbox(body.entry, body.questions, body.message_id, the_agent())
    return answer(learned.proposal(made.id), 201)


@api.get("/proposals/<id>/diff")
def show_diff(path: ById) -> Response:
    return Response(learning.diff(path.id), content_type="text/x-diff; charset=utf-8")


@api.post("/proposals/<id>/dismiss", responses={200: ProposalShape})
def dismiss_proposal(path: ById) -> Response:
    with transaction():
        learning.dismiss_proposal(path.id, the_agent())
    return answer(learned.proposal(path.id))


@api.get("/recommendations/report", responses={200: RecommendationReport})
def report_recommendations() -> Response:
    return answer(recommended.report())
