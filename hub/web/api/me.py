"""Who I am, my password, and where I am signed in."""

from __future__ import annotations

from flask import Response
from pydantic import BaseModel, Field

from hub import current
from hub.db import transaction
from hub.models import AccessToken, Agent
from hub.models.agents import digest
from hub.queries import agents as rows
from hub.services import agents, profile
from hub.shapes import AgentShape, Time
from hub.web.api.blueprint import ById, answer, api, listing
from hub.web.login import confirm_password, given_token, the_agent

NAME = Field(min_length=1, max_length=80, pattern=r"\S")


class Me(AgentShape):
    teams: list[str]

    @classmethod
    def of(cls, row: Agent) -> Me:
        return cls(**AgentShape.of(row).model_dump(), teams=current.teams_of(row.email))


class MyLogin(BaseModel):
    """How I prove who I am."""

    password: bool


class Profile(BaseModel):
    name: str = NAME


class NewPassword(BaseModel):
    current: str = Field("", max_length=1000)
    password: str = Field(max_length=1000)


class TokenShape(BaseModel):
    id: int
    kind: str  # session, api
    name: str
    created_at: Time
    used_at: Time | None
    expires_at: Time | None
    here: bool  # it asks right now

    @classmethod
    def of(cls, row: AccessToken) -> TokenShape:
        return cls(
            id=row.id,
            kind=row.kind,
            name=row.name,
            created_at=row.created_at,
            used_at=row.used_at,
            expires_at=row.expires_at,
            here=row.sha256 == digest(given_token()),
        )


class Tokens(BaseModel):
    items: list[TokenShape]
    next: None


class TokenName(BaseModel):
    name: str = NAME


class NewToken(BaseModel):
    token: str  # this once


@api.get("/me", responses={200: Me})
def me() -> Response:
    return answer(Me.of(the_agent()))


@api.get("/me/login", responses={200: MyLogin})
def my_login() -> Response:
    return answer(MyLogin(password=the_agent().password_hash is not None))


@api.patch("/me", responses={200: Me})
def change_me(body: Profile) -> Response:
    with transaction():
        profile.rename(the_agent(), body.name.strip())
    return answer(Me.of(the_agent()))


@api.put("/me/password", responses={204: None})
def change_password(body: NewPassword) -> Response:
    confirm_password(body.current)
    with transaction():
        profile.change_password(the_agent(), body.password, keep=given_token())
    return Response(status=204)


@api.get("/me/tokens", responses={200: Tokens})
def my_tokens() -> Response:
    return listing([TokenShape.of(row) for row in rows.tokens(the_agent())])


@api.post("/me/tokens", responses={201: NewToken})
def make_token(body: TokenName) -> Response:
    with transaction():
        token = agents.issue(the_agent(), "api", body.name.strip())
    return answer(NewToken(token=token), 201)


@api.delete("/me/tokens/<id>", responses={204: None})
def revoke_token(path: ById) -> Response:
    with transaction():
        profile.revoke(the_agent(), path.id)
    return Response(status=204)


@api.delete("/me/sessions", responses={204: None})
def leave_everywhere_else() -> Response:
    with transaction():
        agents.end_sessions(the_agent(), but=given_token())
    return Response(status=204)
