"""Where providers push to: verify, parse, keep, acknowledge. Nothing on this path calls out."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Response, current_app, request

from channels.contract import WebhookChannel, WebhookRequest
from channels.errors import BadSignature
from hub import current
from hub.inlet import Inlet
from hub.services import arrivals

LARGEST_PUSH = 1024 * 1024

webhooks = Blueprint("webhooks", __name__)


@webhooks.route("/hooks/<name>", methods=["GET", "POST"])
def hook(name: str) -> Response:
    channel = current.channels().get(name)
    if not isinstance(channel, WebhookChannel):
        return Response("no such channel", 404, content_type="text/plain")
    request.max_content_length = LARGEST_PUSH
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
    if rows := arrivals.rows(channel, incoming):
        cast(Inlet, current_app.extensions["inlet"]).let_in(rows)
    reply = channel.acknowledge(incoming)
    return Response(reply.body, reply.status, {"X-Content-Type-Options": "nosniff"}, content_type=reply.content_type)
