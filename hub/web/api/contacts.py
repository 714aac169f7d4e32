"""The people who write to us."""

from __future__ import annotations

from flask import Response

from hub.queries import inbox
from hub.shapes import ContactShape
from hub.web.api.blueprint import ById, answer, api


@api.get("/contacts/<id>", responses={200: ContactShape})
def get_contact(path: ById) -> Response:
    return answer(inbox.contact(path.id))
