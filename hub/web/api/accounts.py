"""Accounts, for admins; invitations, for who holds the link; and the audit trail, for who leads."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from pydantic import BaseModel, BeforeValidator, Field

from hub.db import transaction
from hub.desk.login import Role
from hub.queries import accounts as rows
from hub.queries import audit
from hub.queries.accounts import AccountShape
from hub.queries.audit import AuditShape
from hub.refusals import Invalid
from hub.services import accounts, totp
from hub.web.api.blueprint import ById, Page, answer, api, listing
from hub.web.api.me import NAME
from hub.web.login import at_least, the_agent


class Accounts(BaseModel):
    items: list[AccountShape]
    next: None


class Changes(BaseModel):
    name: str = NAME
    role: Role


class NewAccount(Changes):
    email: str = Field(min_length=3, max_length=254)


class Leaving(BaseModel):
    give_back: bool  # their conversations, to the queue


class Left(BaseModel):
    gave_back: int


class Link(BaseModel):
    link: str  # this once


class Invitation(BaseModel):
    token: str = Field(max_length=100)


class Accepted(Invitation):
    password: str = Field(max_length=1000)


class Invited(BaseModel):
    name: str
    email: str


class Trail(BaseModel):
    items: list[AuditShape]
    next: int | None


def _nothing(value: object) -> object:
    return None if value == "" else value


class AuditFilter(Page):
    agent: Annotated[int | None, BeforeValidator(_nothing)] = None
    action: str = ""
    subject: str = ""
    cursor: int | None = None


@api.get("/accounts", responses={200: Accounts})
@at_least("admin")
def list_accounts() -> Response:
    return listing(rows.everybody())


@api.post("/accounts", responses={201: Link})
@at_least("admin")
def invite(body: NewAccount) -> Response:
    with transaction():
        _, link = accounts.invite(body.email, body.name.strip(), body.role, the_agent())
    return answer(Link(link=link), 201)


@api.patch("/accounts/<id>", responses={204: None})
@at_least("admin")
def change_account(path: ById, body: Changes) -> Response:
    with transaction():
        accounts.change(accounts.found(path.id), the_agent(), body.name.strip(), body.role)
    return Response(status=204)


@api.post("/accounts/<id>/link", responses={201: Link})
@at_least("admin")
def send_link(path: ById) -> Response:
    with transaction():
        agent = accounts.found(path.id)
        if agent.disabled_at:
            raise Invalid("id", "is disabled")
        link = accounts.link(agent, the_agent())
    return answer(Link(link=link), 201)


@api.post("/accounts/<id>/disable", responses={200: Left})
@at_least("admin")
def disable(path: ById, body: Leaving) -> Response:
    with transaction():
        gave_back = accounts.disable(accounts.found(path.id), the_agent(), body.give_back)
    return answer(Left(gave_back=gave_back))


@api.post("/accounts/<id>/enable", responses={204: None})
@at_least("admin")
def enable(path: ById) -> Response:
    with transaction():
        accounts.enable(accounts.found(path.id), the_agent())
    return Response(status=204)


@api.delete("/accounts/<id>/totp", responses={204: None})
@at_least("admin")
def reset_totp(path: ById) -> Response:
    with transaction():
        totp.clear(accounts.found(path.id), the_agent())
    return Response(status=204)


@api.post("/invitation", responses={200: Invited})
def look_at_invitation(body: Invitation) -> Response:
    agent = accounts.invited(body.token)
    return answer(Invited(name=agent.name, email=agent.email))


@api.put("/invitation", responses={204: None})
def accept_invitation(body: Accepted) -> Response:
    with transaction():
        accounts.accept(body.token, body.password)
    return Response(status=204)


@api.get("/audit", responses={200: Trail})
@at_least("supervisor")
def read_audit(query: AuditFilter) -> Response:
    return listing(*audit.trail(query.agent, query.action, query.subject, query.cursor, query.limit))
