"""The telephone: where I take calls, which there are, and what I do with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from flask import Response
from pydantic import BaseModel

from hub import current
from hub.db import transaction
from hub.models import Call
from hub.queries import agents, calls
from hub.refusals import Invalid, Refusal
from hub.services import conversations, lines, phone_desk, ringing
from hub.shapes import LiveCallShape, MessageShape
from hub.web.api.blueprint import ById, answer, api, listing
from hub.web.login import the_agent


class LineShape(BaseModel):
    name: str
    label: str


class MyPhone(BaseModel):
    device: Literal["off", "phone", "browser"]
    phone: str | None  # the number that ops wrote down for me
    browser: bool  # some line can ring a browser
    channels: list[LineShape]


class ChooseDevice(BaseModel):
    device: Literal["off", "phone", "browser"]


class SoftphoneShape(BaseModel):
    driver: str
    token: str
    expires_in: int  # seconds
    address: str


class Calls(BaseModel):
    items: list[LiveCallShape]
    next: None


class CallOut(BaseModel):
    channel: str | None = None


class Hold(BaseModel):
    on: bool


class Transfer(BaseModel):
    agent_id: int


@api.get("/me/phone", responses={200: MyPhone})
def my_phone() -> Response:
    return answer(_my_phone())


@api.put("/me/phone", responses={200: MyPhone})
def choose_device(body: ChooseDevice) -> Response:
    mine = _my_phone()
    if (body.device == "phone" and not mine.phone) or (body.device == "browser" and not mine.browser):
        raise Refusal("no_device", "There is no such phone: see `agents` and `api_key` in the channel's file.")
    with transaction():
        ringing.choose(the_agent(), body.device)
    return answer(_my_phone())


@api.post("/me/softphone", responses={200: SoftphoneShape})
def softphone() -> Response:
    """What makes this browser a phone, for an hour."""
    for line in lines.lines():
        if found := line.softphone(the_agent().id):
            with transaction():
                ringing.seen(the_agent())
            return answer(
                SoftphoneShape(
                    driver=found.driver, token=found.token, expires_in=found.expires_in, address=found.address
                )
            )
    raise Refusal("no_device", "No line can ring a browser: see `api_key` in the channel's file.")


@api.get("/calls", responses={200: Calls})
def list_calls() -> Response:
    return listing(calls.live(current.teams_of(the_agent().email), the_agent().id))


@api.post("/conversations/<id>/calls", responses={201: MessageShape})
def call_out(path: ById, body: CallOut) -> Response:
    with transaction():
        message = phone_desk.call_out(conversations.locked(path.id), the_agent(), body.channel)
    return answer(MessageShape.of(message), 201)


@api.post("/calls/<id>/take", responses={200: LiveCallShape})
def take(path: ById) -> Response:
    return _change(path.id, lambda call: phone_desk.take(call, the_agent()))


@api.post("/calls/<id>/hang-up", responses={200: LiveCallShape})
def hang_up(path: ById) -> Response:
    return _change(path.id, lambda call: phone_desk.hang_up(call, the_agent()))


@api.post("/calls/<id>/hold", responses={200: LiveCallShape})
def hold(path: ById, body: Hold) -> Response:
    return _change(path.id, lambda call: phone_desk.hold(call, the_agent(), body.on))


@api.post("/calls/<id>/transfer", responses={200: LiveCallShape})
def transfer(path: ById, body: Transfer) -> Response:
    to = agents.find(body.agent_id)
    if to is None:
        raise Invalid("agent_id", "there is no such agent")
    return _change(path.id, lambda call: phone_desk.transfer(call, the_agent(), to))


def _change(call_id: int, change: Callable[[Call], None]) -> Response:
    with transaction():
        call = lines.locked(call_id)
        change(call)
    return answer(LiveCallShape.shown(call))


def _my_phone() -> MyPhone:
    agent, known = the_agent(), lines.lines()
    settings = current.settings().channels
    return MyPhone(
        device=ringing.chosen_by(agent),  # type: ignore[arg-type]
        phone=next((line.settings.agents[agent.email] for line in known if agent.email in line.settings.agents), None),
        browser=any(line.softphone(agent.id) for line in known),
        channels=[LineShape(name=line.name, label=settings[line.name].file.label) for line in known],
    )
