"""What every endpoint shares: the address, who may come in, and how an answer is written."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from typing import Annotated

from flask import Response, request
from flask_openapi3 import APIBlueprint, Tag  # type: ignore[attr-defined]
from pydantic import BaseModel, BeforeValidator, Field

from hub.web.guard import must_read
from hub.web.hardening import harden
from hub.web.login import require_agent

# PostgreSQL's bigint; what is no such number is nobody's id
LARGEST_ID = 2**63 - 1
WORTH_PACKING = 1024
QUICKLY = 1  # what is like the row before it gets hardly smaller with more work

api = APIBlueprint("api", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="v1")])
api.before_request(require_agent)
api.before_request(must_read)
api.after_request(harden)


@api.after_request
def pack(response: Response) -> Response:
    """An agent on a slow line waits for the list longer than for the inbox that shows it."""
    if response.mimetype == "application/json" and not response.is_streamed:
        response.vary.add("Accept-Encoding")
        if request.accept_encodings["gzip"] and len(response.get_data()) >= WORTH_PACKING:
            response.set_data(gzip.compress(response.get_data(), QUICKLY))
            response.content_encoding = "gzip"
    return response


def _id(value: object) -> object:
    text = str(value)
    return int(text) if text.isdecimal() and int(text) <= LARGEST_ID else 0


class ById(BaseModel):
    id: Annotated[int, BeforeValidator(_id)]


class Page(BaseModel):
    limit: int = Field(50, ge=1, le=200)


def answer(shape: BaseModel, status: int = 200) -> Response:
    return Response(shape.model_dump_json(), status, content_type="application/json")


def listing(items: Sequence[BaseModel], following: str | int | None = None) -> Response:
    body = ",".join(item.model_dump_json() for item in items)
    cursor = "null" if following is None else f'"{following}"' if isinstance(following, str) else following
    return Response(f'{{"items":[{body}],"next":{cursor}}}', content_type="application/json")
