"""The live stream: what changed, as server-sent events that can be taken up again from any event."""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

from flask import Flask, Response, current_app, request

from hub.db import db
from hub.models.agents import digest
from hub.queries import sessions
from hub.readers import Topics
from hub.refusals import Refusal
from hub.web.login import given_token
from hub.web.radio import Radio


def tune(app: Flask) -> Radio:
    """Sets up the radio of this process."""

    def standing(digests: Collection[str]) -> dict[str, Topics]:
        with app.app_context():
            return sessions.standing(digests)

    radio = Radio(app.config["REDIS_URL"], standing)
    app.extensions["radio"] = radio
    return radio


def stream() -> Response:
    after = request.args.get("after") or request.headers.get("Last-Event-ID") or ""
    if not _is_id(after):
        after = ""
    radio = cast(Radio, current_app.extensions["radio"])
    heard = radio.tune_in(digest(given_token()), after)
    db.session.remove()  # a stream lives for hours and needs no connection
    if heard is None:
        raise Refusal("not_signed_in", "Sign in first.", 401)
    frames = (f"id: {id[0]}-{id[1]}\nevent: {event}\ndata: {data}\n\n" for id, event, data, *_ in heard)
    response = Response(frames, content_type="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _is_id(text: str) -> bool:
    milliseconds, _, number = text.partition("-")
    return milliseconds.isdecimal() and (number or "0").isdecimal()
