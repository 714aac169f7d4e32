"""The people who write to us."""

from __future__ import annotations

from flask import Response
from pydantic import BaseModel

from hub.db import transaction
from hub.queries import inbox
from hub.services import merging
from hub.shapes import ContactShape
from hub.web.api.blueprint import ById, answer, api
from hub.web.login import the_agent


class Merge(BaseModel):
    contact: int  # who turns out to be the same person


@api.get("/contacts/<id>", responses={200: ContactShape})
def get_contact(path: ById) -> Response:
    return answer(inbox.contact(path.id))


@api.post("/contacts/<id>/merge", responses={200: ContactShape})
def merge_contacts(path: ById, body: Merge) -> Response:
    with transaction():
        merging.merge(path.id, body.contact, the_agent())
    return answer(inbox.contact(path.id))
