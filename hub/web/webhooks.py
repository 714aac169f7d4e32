"""Where providers push to: verify, parse, keep, answer or acknowledge. Nothing on this path calls out."""

from __future__ import annotations

import time
from typing import cast

from flask import Blueprint, Response, current_app, request

from channels.contract import WebhookChannel, WebhookRequest
from channels.errors import BadSignature
from hub import current
from hub.inlet import Inlet
from hub.services import arrivals
from hub.web import inline

webhooks = Blueprint("webhooks", __name__)


@webhooks.route("/hooks/<name>", methods=["GET", "POST"])
def hook(name: str) -> Response:
    channel = current.channels().get(name)
    if not isinstance(channel, WebhookChannel):
        return Response("no such channel", 404, content_type="text/plain")
    started = time.monotonic()
    request.max_content_length = channel.largest_push
    incoming = WebhookRequest(
        method=request.method,
        url=request.url,
        query=request.args.to_dict(),
        headers=dict(request.headers),
        body=request.get_data(),
    )
    try:
        channel.verify(incoming)
    except BadSignature:
        return Response("bad signature", 403, content_type="text/plain")
    said = None
    if rows := arrivals.rows(channel, incoming):
        stored = cast(Inlet, current_app.extensions["inlet"]).let_in(rows)
        said = inline.answer(channel, rows, started) if stored else None
    reply = channel.acknowledge(incoming, said)
    return Response(reply.body, reply.status, {"X-Content-Type-Options": "nosniff"}, content_type=reply.content_type)
