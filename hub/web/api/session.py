"""Signing in and out."""

from __future__ import annotations

from flask import Response
from pydantic import BaseModel, Field

from hub import current
from hub.db import transaction
from hub.refusals import Refusal
from hub.services import agents, presence, setup, totp
from hub.web.api.blueprint import answer, api
from hub.web.api.me import Me
from hub.web.login import COOKIE, client_ip, given_token, open_session, the_agent


class Credentials(BaseModel):
    email: str = Field(max_length=254)
    password: str = Field(max_length=1000)


class Options(BaseModel):
    """What the login page offers besides the password."""

    sso: str | None  # how the identity provider is called
    setup: bool  # there is no admin yet


@api.get("/session", responses={200: Options})
def login_options() -> Response:
    provider = current.settings().hub.login.oidc
    return answer(Options(sso=provider.label if provider else None, setup=not setup.is_done()))


@api.post("/session", responses={200: Me})
def log_in(body: Credentials) -> Response:
    ip = client_ip()
    agents.throttle(body.email, ip)
    with transaction():
        agent = agents.authenticate(body.email, body.password)
        if agent is None:
            agents.note_failure(body.email, ip)
    if agent is None:
        raise Refusal("wrong_credentials", "E-mail address or password is wrong.", 401)
    if agent.totp_secret:
        raise Refusal("totp_required", "Now the code that your phone shows.", 401, pending=totp.pending(agent))
    if current.settings().hub.login.requires_totp(agent.role):
        raise Refusal("totp_setup", "Your role signs in with a code.", 401, pending=totp.pending(agent))
    return open_session(agent, Me.of(agent))


@api.delete("/session", responses={204: None})
def log_out() -> Response:
    with transaction():
        presence.leave(the_agent())
        agents.revoke(given_token())
    response = Response(status=204)
    response.delete_cookie(COOKIE)
    return response
