"""Where providers push to: verify, parse, keep, answer or acknowledge. Nothing on this path calls out."""

from __future__ import annotations

import time
from typing import cast

from flask import Blueprint, Response, current_app, request

from channels.contract import WebhookChannel, WebhookRequest
from channels.errors import BadSignature
from channels.voice import VoiceChannel
from hub import current
from hub.inlet import Inlet
from hub.services import arrivals
from hub.web import calling, inline
from hub.web.login import client_ip

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
        url=f"{current.settings().hub.public_url}{_target()}",
        query=request.args.to_dict(),
        headers=dict(request.headers),
        body=request.get_data(),
        peer=client_ip(),
    )
    try:
        channel.verify(incoming)
    except BadSignature:
        return Response("bad signature", 403, content_type="text/plain")
    rows = arrivals.rows(channel, incoming)
    stored = bool(rows) and cast(Inlet, current_app.extensions["inlet"]).let_in(rows)
    if isinstance(channel, VoiceChannel):
        reply = calling.respond(channel, incoming, rows, stored, started)
    else:
        reply = channel.acknowledge(incoming, inline.answer(channel, rows, started) if stored else None)
    return Response(reply.body, reply.status, {"X-Content-Type-Options": "nosniff"}, content_type=reply.content_type)


def _target() -> str:
    """Letter by letter as it was asked for: Flask decodes it, and providers sign it. Never what a header claims."""
    target: str = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or request.full_path
    return target if target.startswith("/") else ""  # "": somebody asks us as a proxy
