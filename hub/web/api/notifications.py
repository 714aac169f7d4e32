"""What the hub wants one agent to look at."""

from __future__ import annotations

from flask import Response
from pydantic import BaseModel, ConfigDict

from hub.db import transaction
from hub.models import Notification
from hub.queries import notifications as rows
from hub.services import notifications
from hub.shapes import NotificationShape
from hub.web.api.blueprint import Page, answer, api, listing
from hub.web.login import the_agent


class NotificationPage(Page):
    before: int | None = None


class Notifications(BaseModel):
    items: list[NotificationShape]
    next: int | None


class Seen(BaseModel):
    model_config = ConfigDict(extra="forbid")

    up_to: int | None = None  # this notification and all before it
    conversation: int | None = None  # all about it; neither: all there are


class Unseen(BaseModel):
    unseen: int


@api.get("/notifications", responses={200: Notifications})
def list_notifications(query: NotificationPage) -> Response:
    return listing(*rows.notifications(the_agent().id, query.before, query.limit))


@api.get("/notifications/unseen", responses={200: Unseen})
def count_notifications() -> Response:
    return answer(Unseen(unseen=rows.unseen(the_agent().id)))


@api.post("/notifications/seen", responses={200: Unseen})
def see_notifications(body: Seen) -> Response:
    with transaction():
        if body.conversation is not None:
            notifications.see_conversation(the_agent(), body.conversation)
        else:
            notifications.see(the_agent(), *([Notification.id <= body.up_to] if body.up_to is not None else []))
    return answer(Unseen(unseen=rows.unseen(the_agent().id)))
