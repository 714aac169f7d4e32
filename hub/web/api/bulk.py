"""The same with many conversations. Each is a transaction of its own: what cannot be done with one stops no other."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Annotated, Any, Literal

from flask import Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from sqlalchemy.exc import SQLAlchemyError

from hub.db import transaction
from hub.models import Agent, Conversation
from hub.queries import access
from hub.queries import agents as agent_rows
from hub.refusals import Invalid, Refusal
from hub.services import conversations, labelling, notifications, transfers
from hub.web.api.blueprint import answer, api
from hub.web.login import the_agent

log = logging.getLogger(__name__)


class Bulk(BaseModel):
    model_config = ConfigDict(extra="forbid")

    ids: list[int] = Field(min_length=1, max_length=200)
    action: Literal["assign", "label", "unlabel", "snooze", "resolve", "priority", "read"]
    agent: int | None = None  # assign; neither this nor a team: back to the queue
    team: str | None = None
    note: str = Field("", max_length=20_000)
    labels: list[str] = Field(default=[], max_length=20)  # label, unlabel
    until: AwareDatetime | None = None  # snooze; None: until they write
    disposition: str = ""  # resolve
    priority: Annotated[int, Field(ge=0, le=3)] | None = None  # priority

    @model_validator(mode="after")
    def says_what(self) -> Bulk:
        if self.action in ("label", "unlabel") and not self.labels:
            raise ValueError("labels: name at least one")
        if self.action == "priority" and self.priority is None:
            raise ValueError("priority: is missing")
        return self


class Trouble(BaseModel):
    """As a problem document has it, with its facts."""

    model_config = ConfigDict(extra="allow")

    code: str
    detail: str


class Result(BaseModel):
    id: int
    ok: bool
    problem: Trouble | None = None


class Results(BaseModel):
    items: list[Result]


@api.post("/conversations/bulk", responses={200: Results})
def change_many(body: Bulk) -> Response:
    agent = the_agent()
    to = agent_rows.find(body.agent) if body.agent is not None else None
    if body.agent is not None and to is None:
        raise Invalid("agent", "there is no such agent")
    change = ACTIONS[body.action]
    return answer(Results(items=[_one(number, agent, body, to, change) for number in dict.fromkeys(body.ids)]))


Change = Callable[[Conversation, Agent, Bulk, Agent | None], Any]
ACTIONS: dict[str, Change] = {
    "assign": lambda row, by, body, to: transfers.transfer(row, by, to, body.team, body.note),
    "label": lambda row, by, body, to: labelling.label(row, by, add=body.labels),
    "unlabel": lambda row, by, body, to: labelling.label(row, by, remove=body.labels),
    "snooze": lambda row, by, body, to: conversations.snooze(row, body.until, by),
    "resolve": lambda row, by, body, to: conversations.resolve(row, by, body.disposition),
    "priority": lambda row, by, body, to: labelling.prioritise(row, by, body.priority or 0),
    "read": lambda row, by, body, to: _read(row, by),
}


def _one(number: int, agent: Agent, body: Bulk, to: Agent | None, change: Change) -> Result:
    try:
        with transaction():
            row = conversations.locked(number)
            access.must_read(agent, row)
            change(row, agent, body, to)
    except Refusal as refusal:
        return Result(id=number, ok=False, problem=Trouble(code=refusal.code, detail=refusal.detail, **refusal.facts))
    except SQLAlchemyError:
        log.exception("conversation %s: %s in bulk", number, body.action)
        return Result(id=number, ok=False, problem=Trouble(code="try_again", detail="Try this one again."))
    return Result(id=number, ok=True)


def _read(row: Conversation, by: Agent) -> None:
    conversations.read(row)
    notifications.see_conversation(by, row.id)
