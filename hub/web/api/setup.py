"""The first run: the first admin, then what to enter at each provider's console."""

from __future__ import annotations

from flask import Response
from pydantic import BaseModel, Field

from hub import current
from hub.db import transaction
from hub.keys import SETUP_TOKEN
from hub.services import setup
from hub.web.api.blueprint import api, listing
from hub.web.api.me import NAME, Me
from hub.web.login import at_least, open_session


class SetupToken(BaseModel):
    token: str = Field(max_length=100)


class FirstAdmin(SetupToken):
    email: str = Field(min_length=3, max_length=254)
    name: str = NAME
    password: str = Field(max_length=1000)


class PasteShape(BaseModel):
    """What belongs into which field of the provider's console; a secret is named, not shown."""

    page: str
    field: str
    value: str


class ChannelToSetUp(BaseModel):
    name: str
    label: str
    hook: str  # where its provider reaches us
    console: list[PasteShape]


class ChannelsToSetUp(BaseModel):
    items: list[ChannelToSetUp]
    next: None


@api.post("/setup/check", responses={204: None})
def check_setup(body: SetupToken) -> Response:
    setup.check(current.data(), body.token)
    return Response(status=204)


@api.post("/setup", responses={200: Me})
def set_up(body: FirstAdmin) -> Response:
    data = current.data()
    with transaction():
        agent = setup.set_up(data, body.token, body.email, body.name.strip(), body.password)
    (data / SETUP_TOKEN).unlink(missing_ok=True)
    return open_session(agent, Me.of(agent))


@api.get("/setup/channels", responses={200: ChannelsToSetUp})
@at_least("admin")
def channels_to_set_up() -> Response:
    shown = []
    for name, channel in current.channels().items():
        hook = f"{current.settings().hub.public_url}/hooks/{name}"
        console = [PasteShape(page=each.page, field=each.field, value=each.value) for each in channel.console(hook)]
        label = current.settings().channels[name].file.label
        shown.append(ChannelToSetUp(name=name, label=label, hook=hook, console=console))
    return listing(shown)
