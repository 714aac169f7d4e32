"""Ready-made texts and macros: finding, keeping and running them."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.exc import IntegrityError

from hub.db import transaction
from hub.desk.canned import Action, Macro, Reply, with_known_gaps
from hub.desk.gaps import SAMPLES, filled, gaps
from hub.knowledge.wording import Texts
from hub.queries import access, canned, inbox, thread
from hub.queries.canned import CannedShape
from hub.refusals import Invalid, NotFound
from hub.services import canned as keeping
from hub.services import conversations, macros, replies
from hub.web.api.blueprint import ById, answer, api, listing
from hub.web.api.conversations import detail
from hub.web.api.messages import idempotency_key
from hub.web.login import the_agent

MOST = 50
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class CannedQuery(BaseModel):
    q: str = Field("", max_length=100)


class CannedPage(CannedQuery):
    limit: int = Field(20, ge=1, le=MOST)


class CannedBody(BaseModel):
    """A text, or what a macro does. Without a team it is the agent's own."""

    model_config = ConfigDict(extra="forbid")

    title: Line
    text: Annotated[str, Field(max_length=5_000), AfterValidator(with_known_gaps)] = ""
    actions: list[Action] = Field(default=[], max_length=12)
    keywords: list[Line] = Field(default=[], max_length=10)
    team: str | None = None

    def said(self) -> Reply | Macro:
        if bool(self.text.strip()) == bool(self.actions):
            raise Invalid("text", "write either a text or actions")
        common = {"title": Texts(zh=self.title), "keywords": self.keywords, "team": self.team}
        if self.actions:
            return Macro.model_validate({**common, "actions": self.actions})
        return Reply.model_validate({**common, "text": self.text.strip()})


class PreviewBody(BaseModel):
    text: str = Field(max_length=5_000)


class Preview(BaseModel):
    text: str
    gaps: list[str]  # nothing is called so


class Variable(BaseModel):
    name: str
    sample: str


class Variables(BaseModel):
    items: list[Variable]
    next: None


class CannedList(BaseModel):
    items: list[CannedShape]
    next: None


class RunBody(BaseModel):
    macro: str = Field(max_length=200)


@api.get("/conversations/<id>/canned", responses={200: CannedList})
def ready_for(path: ById, query: CannedPage) -> Response:
    """Filled for this conversation: what is left of `gaps` must be filled by hand."""
    return listing(canned.ready(inbox.conversation(path.id), the_agent(), query.q, query.limit))


@api.post("/conversations/<id>/macros", responses={200: thread.ConversationDetail})
def run_macro(path: ById, body: RunBody) -> Response:
    """All of its actions, or none: the refusal tells at which it stopped."""
    key = idempotency_key()
    if key and replies.said_before(key):
        return detail(inbox.conversation(path.id))
    macro = canned.find(body.macro, the_agent())
    if not isinstance(macro, Macro):
        raise NotFound("macro")
    try:
        with transaction():
            conversation = conversations.locked(path.id)
            access.must_read(the_agent(), conversation)
            macros.run(conversation, the_agent(), macro, key)
            keeping.used([body.macro], the_agent())
    except IntegrityError:  # the same key at the same moment
        if not (key and replies.said_before(key)):
            raise
    return detail(inbox.conversation(path.id))


@api.get("/canned", responses={200: CannedList})
def list_canned(query: CannedQuery) -> Response:
    return listing(canned.of(the_agent(), query.q))


@api.post("/canned", responses={201: CannedShape})
def keep_canned(body: CannedBody) -> Response:
    with transaction():
        row = keeping.keep(body.said(), the_agent())
    return answer(canned.shape(str(row.id), row, the_agent()), 201)


@api.put("/canned/<id>", responses={200: CannedShape})
def change_canned(path: ById, body: CannedBody) -> Response:
    with transaction():
        row = canned.row(path.id, the_agent())
        keeping.change(row, body.said(), the_agent())
    return answer(canned.shape(str(row.id), row, the_agent()))


@api.delete("/canned/<id>", responses={204: None})
def remove_canned(path: ById) -> Response:
    with transaction():
        keeping.remove(canned.row(path.id, the_agent()), the_agent())
    return Response(status=204)


@api.get("/canned/variables", responses={200: Variables})
def list_variables() -> Response:
    """What may stand in braces; beside these there is {context.…}."""
    return listing([Variable(name=name, sample=sample) for name, sample in SAMPLES.items()])


@api.post("/canned/preview", responses={200: Preview})
def preview_canned(body: PreviewBody) -> Response:
    """How it would read, with samples."""
    text = filled(body.text, SAMPLES)
    return answer(Preview(text=text, gaps=gaps(text)))
