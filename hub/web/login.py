"""Who is asking: a browser with its session cookie, or a program with its token."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Response, g, request
from pydantic import BaseModel
from werkzeug.wrappers import Response as BaseResponse

from hub import current
from hub.db import transaction
from hub.models import Agent
from hub.models.agents import ROLES
from hub.refusals import Refusal
from hub.services import agents

COOKIE = "yizhan_session"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
OPEN_ENDPOINTS = {  # they ask for proof themselves
    f"api.{name}"
    for name in (
        *("log_in", "login_options", "answer_totp", "begin_required_enrolment", "finish_required_enrolment"),
        *("look_at_invitation", "accept_invitation", "check_setup", "set_up"),
        *("link_contacts", "listen"),
    )
}

View = TypeVar("View", bound=Callable[..., Any])


def require_agent() -> None:
    """Before every request of the API."""
    check_origin()
    if request.endpoint in OPEN_ENDPOINTS:
        return
    token = given_token()
    row = agents.bearer(token) if token else None
    if row is None:
        raise Refusal("not_signed_in", "Sign in first.", 401)
    if agents.is_news(row):
        with transaction():
            agents.note_use(row)
    g.agent = row.agent


def the_agent() -> Agent:
    agent: Agent = g.agent
    return agent


def given_token() -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return request.cookies.get(COOKIE, "")


def check_origin() -> None:
    """A browser says where a request comes from; another site's may not act with our cookie."""
    if request.method in SAFE_METHODS or "Authorization" in request.headers:
        return
    origin = request.headers.get("Origin")
    ours = {request.host, urlsplit(current.settings().hub.public_url).netloc}
    if request.headers.get("Sec-Fetch-Site") == "cross-site" or (origin and urlsplit(origin).netloc not in ours):
        raise Refusal("cross_site", "This request comes from another site.", 403)


def client_ip() -> str:
    """Who is at the other end; a proxy on a private address is believed whom it names last."""
    peer = request.remote_addr or ""
    named = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return named if named and peer and ip_address(peer).is_private else peer


def browser() -> str:
    """As it calls itself, so that its owner can tell one session from another."""
    return request.headers.get("User-Agent", "")[:300]


def confirm_password(password: str) -> None:
    """The one in front of the browser knows the password of the account, if it has one."""
    me, ip = the_agent(), client_ip()
    agents.throttle(me.email, ip)
    if me.password_hash is None or agents.authenticate(me.email, password):
        return
    with transaction():
        agents.note_failure(me.email, ip)
    raise Refusal("wrong_password", "The current password is wrong.", 403)


def open_session(agent: Agent, told: BaseModel) -> Response:
    """What is told, with the cookie of a new session; the one before, if there was any, is over."""
    response = Response(told.model_dump_json(), content_type="application/json")
    give_session(response, agent)
    return response


def give_session(response: BaseResponse, agent: Agent) -> None:
    with transaction():
        agents.revoke(given_token())
        token = agents.issue(agent, "session", browser())
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(agents.SESSION.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=current.settings().hub.public_url.startswith("https:"),
    )


def at_least(role: str) -> Callable[[View], View]:
    """Only for this role and the ones above it."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if ROLES.index(the_agent().role) < ROLES.index(role):
                raise Refusal("wrong_role", f"Only for {role}s.", 403)
            return view(*args, **kwargs)

        return guarded  # type: ignore[return-value]

    return guard
