"""What I am told about, and the browsers that are reached while the inbox is closed."""

from __future__ import annotations

from typing import Annotated, Literal

from flask import Response
from pydantic import BaseModel, Field

from hub.db import transaction
from hub.queries import attention, sessions
from hub.queries.attention import NotificationChoices
from hub.services import pushing
from hub.web.api.blueprint import answer, api
from hub.web.login import given_token, the_agent
from hub.web_push import Browser

About = Literal["assigned", "message", "mention", "reminder", "sla", "whisper", "taken_over", "follow", "csat"]
Time = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class Choose(BaseModel):
    about: dict[About, bool]
    show_content: bool
    quiet_from: Time | None = None
    quiet_to: Time | None = None


class Subscribe(BaseModel):
    endpoint: str = Field(max_length=2000)
    p256dh: str = Field(max_length=200)
    auth: str = Field(max_length=100)
    language: Literal["zh-CN", "en"]


class Unsubscribe(BaseModel):
    endpoint: str = Field(max_length=2000)


@api.get("/me/notifications", responses={200: NotificationChoices})
def my_notifications() -> Response:
    return answer(attention.choices(the_agent().id))


@api.put("/me/notifications", responses={200: NotificationChoices})
def choose_notifications(body: Choose) -> Response:
    with transaction():
        pushing.choose(
            the_agent(),
            {str(name): on for name, on in body.about.items()},
            body.show_content,
            body.quiet_from,
            body.quiet_to,
        )
    return answer(attention.choices(the_agent().id))


@api.post("/me/push", responses={204: None})
def subscribe(body: Subscribe) -> Response:
    browser = Browser(body.endpoint, body.p256dh, body.auth)
    with transaction():
        pushing.subscribe(the_agent(), sessions.given(given_token()), browser, body.language)
    return Response(status=204)


@api.delete("/me/push", responses={204: None})
def unsubscribe(body: Unsubscribe) -> Response:
    with transaction():
        pushing.unsubscribe(the_agent(), body.endpoint)
    return Response(status=204)
