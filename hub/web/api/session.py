"""Signing in and out."""

from __future__ import annotations

from flask import Response
from pydantic import BaseModel, Field

from hub import current
from hub.db import transaction
from hub.refusals import Refusal
from hub.services import agents, presence
from hub.web.api.blueprint import answer, api
from hub.web.api.me import Me
from hub.web.login import COOKIE, browser, client_ip, given_token, the_agent


class Credentials(BaseModel):
    email: str = Field(max_length=254)
    password: str = Field(max_length=1000)


@api.post("/session", responses={200: Me})
def log_in(body: Credentials) -> Response:
    ip = client_ip()
    agents.throttle(body.email, ip)
    with transaction():
        agent = agents.authenticate(body.email, body.password)
        if agent is None:
            agents.note_failure(body.email, ip)
        else:
            agents.revoke(given_token())  # whoever signs in anew leaves the session before
            token = agents.issue(agent, "session", browser())
    if agent is None:
        raise Refusal("wrong_credentials", "E-mail address or password is wrong.", 401)
    response = answer(Me.of(agent))
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(agents.SESSION.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=current.settings().hub.public_url.startswith("https:"),
    )
    return response


@api.delete("/session", responses={204: None})
def log_out() -> Response:
    with transaction():
        presence.leave(the_agent())
        agents.revoke(given_token())
    response = Response(status=204)
    response.delete_cookie(COOKIE)
    return response
