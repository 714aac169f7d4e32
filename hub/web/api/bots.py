"""What bots know, what they suggest to agents, and what agents say of their answers."""

from __future__ import annotations

from typing import Any, Literal

from flask import Response
from pydantic import BaseModel, Field

from hub.db import transaction
from hub.queries import inbox, thread
from hub.services import suggestions, versions
from hub.shapes import MessageShape, Time
from hub.web.api.blueprint import ById, answer, api, listing
from hub.web.login import the_agent


class SuggestedAnswer(BaseModel):
    id: str  # of an entry, or article:<id>
    question: str
    text: str
    score: float


class Recommendation(BaseModel):
    id: str
    kind: Literal["article", "product", "action"]
    title: str
    text: str
    url: str
    reason: str
    by: Literal["rule", "together", "similar", "popular"]


class Suggestions(BaseModel):
    """Beside the newest question that a person has to answer. `id` is null where there are none."""

    id: int | None
    message_id: int | None
    answers: list[SuggestedAnswer]
    recommendations: list[Recommendation]


class RatingBody(BaseModel):
    rating: Literal["good", "bad"] | None
    meant: str | None = Field(None, max_length=200)  # what it should have answered: an id, or "none"


class KnownMeaning(BaseModel):
    id: str
    kind: Literal["entry", "article", "flow"]
    question: str
    answer: str
    tags: list[str]


class Known(BaseModel):
    items: list[KnownMeaning]
    next: None


class RefusedVersion(BaseModel):
    version: str
    problems: list[str]
    at: Time


class BotShape(BaseModel):
    name: str
    engines: list[str]


class Bots(BaseModel):
    """`refused`: a newer version of the files, which is not used, and why."""

    items: list[BotShape]
    next: None
    version: str
    report: dict[str, Any]
    refused: RefusedVersion | None


@api.get("/conversations/<id>/suggestions", responses={200: Suggestions})
def list_suggestions(path: ById) -> Response:
    inbox.conversation(path.id)
    row = suggestions.newest(path.id)
    if row is None:
        return answer(Suggestions(id=None, message_id=None, answers=[], recommendations=[]))
    answers = [SuggestedAnswer(**each) for each in row.answers]
    recommended = [Recommendation(**each) for each in row.recommendations]
    return answer(Suggestions(id=row.id, message_id=row.message_id, answers=answers, recommendations=recommended))


@api.put("/messages/<id>/rating", responses={200: MessageShape})
def rate(path: ById, body: RatingBody) -> Response:
    with transaction():
        versions.refreshed()
        message = thread.message(path.id)
        suggestions.rate(message, body.rating, body.meant, the_agent())
    return answer(MessageShape.of(message))


@api.get("/knowledge", responses={200: Known})
def list_knowledge() -> Response:
    knowledge = versions.refreshed().knowledge
    entries = [
        KnownMeaning(id=each.id, kind="entry", question=each.questions[0], answer=each.answer.zh, tags=each.tags)
        for each in knowledge.entries
    ]
    articles = [
        KnownMeaning(
            id=f"article:{each.id}", kind="article", question=each.title, answer=each.url or "", tags=each.tags
        )
        for each in knowledge.articles
    ]
    flows = [
        KnownMeaning(id=f"flow:{each.id}", kind="flow", question=each.title.zh, answer="", tags=[])
        for each in knowledge.flows
    ]
    return listing([*entries, *articles, *flows])


@api.get("/bots", responses={200: Bots})
def list_bots() -> Response:
    settings = versions.refreshed()
    newest, in_use = versions.newest(), versions.newest(accepted=True)
    refused = None
    if newest is not None and not newest.accepted:
        refused = RefusedVersion(version=newest.fingerprint, problems=newest.problems, at=newest.created_at)
    shown = [BotShape(name=name, engines=[each.name for each in bot.engines]) for name, bot in settings.bots.items()]
    report = in_use.report if in_use else {}
    return answer(Bots(items=shown, next=None, version=settings.version, report=report, refused=refused))
