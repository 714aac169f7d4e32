"""The code of the phone: asked at the login, enrolled there or in one's own settings."""

from __future__ import annotations

from io import BytesIO

import segno
from flask import Response
from pydantic import BaseModel, Field

from hub import current
from hub.db import transaction
from hub.models import Agent
from hub.refusals import Refusal
from hub.services import agents, totp
from hub.web.api.blueprint import answer, api
from hub.web.api.me import Me
from hub.web.login import client_ip, confirm_password, open_session, the_agent

CODE = Field(min_length=6, max_length=40)


class Pending(BaseModel):
    pending: str = Field(max_length=1000)


class Code(Pending):
    code: str = CODE


class RequiredCode(Code):
    login: str = Field(max_length=1000)  # the `pending` of the login itself


class Password(BaseModel):
    password: str = Field("", max_length=1000)


class Enrolment(BaseModel):
    secret: str  # to type, where no camera is
    address: str
    qr: str  # an SVG
    pending: str


class RecoveryCodes(BaseModel):
    codes: list[str]  # this once


class Enrolled(RecoveryCodes):
    me: Me


class Factor(BaseModel):
    on: bool
    required: bool
    recovery_codes: int


@api.post("/session/totp", responses={200: Me})
def answer_totp(body: Code) -> Response:
    """The second half of POST /session."""
    agent = totp.whose(body.pending)
    _check(agent, body.code)
    return open_session(agent, Me.of(agent))


@api.post("/session/enrolment", responses={200: Enrolment})
def begin_required_enrolment(body: Pending) -> Response:
    """Whose role needs a code, and who has none yet, gets it before the session."""
    return _offer(_without_code(body.pending))


@api.put("/session/enrolment", responses={200: Enrolled})
def finish_required_enrolment(body: RequiredCode) -> Response:
    agent = _without_code(body.login)
    with transaction():
        codes = totp.enrol(agent, body.pending, body.code)
    return open_session(agent, Enrolled(codes=codes, me=Me.of(agent)))


@api.get("/me/totp", responses={200: Factor})
def my_totp() -> Response:
    me = the_agent()
    required = current.settings().hub.login.requires_totp(me.role)
    return answer(Factor(on=me.totp_secret is not None, required=required, recovery_codes=len(me.recovery_codes)))


@api.post("/me/totp", responses={200: Enrolment})
def begin_enrolment(body: Password) -> Response:
    """A stolen session must not lock its owner out, so the password is asked again."""
    confirm_password(body.password)
    return _offer(the_agent())


@api.put("/me/totp", responses={200: RecoveryCodes})
def finish_enrolment(body: Code) -> Response:
    with transaction():
        codes = totp.enrol(the_agent(), body.pending, body.code)
    return answer(RecoveryCodes(codes=codes))


@api.post("/me/totp/off", responses={204: None})
def turn_off_totp(body: Password) -> Response:
    confirm_password(body.password)
    with transaction():
        totp.turn_off(the_agent())
    return Response(status=204)


@api.post("/me/totp/recovery-codes", responses={200: RecoveryCodes})
def renew_recovery_codes(body: Password) -> Response:
    confirm_password(body.password)
    with transaction():
        codes = totp.renew_recovery_codes(the_agent())
    return answer(RecoveryCodes(codes=codes))


def _check(agent: Agent, code: str) -> None:
    ip = client_ip()
    agents.throttle(agent.email, ip)
    with transaction():
        right = totp.accepts(agent, code)
        if not right:
            agents.note_failure(agent.email, ip)
    if not right:
        raise Refusal("wrong_code", "This code is wrong, or was used already.", 401)


def _without_code(pending: str) -> Agent:
    agent = totp.whose(pending)
    if agent.totp_secret:
        raise Refusal("login_expired", "Start again with your password.", 401)
    return agent


def _offer(agent: Agent) -> Response:
    secret, address, pending = totp.offer(agent)
    drawn = BytesIO()
    segno.make(address).save(drawn, kind="svg", xmldecl=False, svgclass=None, lineclass=None, omitsize=True, border=2)
    return answer(Enrolment(secret=secret, address=address, qr=drawn.getvalue().decode(), pending=pending))
