"""The measure of all pushes: a Flask application that verifies and parses them, and does nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from flask import Flask, Response, request

from channels.contract import WebhookChannel, WebhookRequest
from hub import settings as configuration
from hub.app import make_channels
from hub.cache import RedisCache

NOWHERE = Path("/nowhere")  # only a channel that keeps files asks for it
NOBODY = "redis://127.0.0.1:1/0"  # only a channel that sends asks its cache


def create_app() -> Flask:
    app = Flask(__name__, static_folder=None)
    channels = make_channels(configuration.from_environment(), RedisCache(NOBODY), NOWHERE)
    channel = cast(WebhookChannel, channels["shop"])

    @app.post("/hooks/shop")
    def hook() -> Response:
        incoming = WebhookRequest(
            method=request.method,
            url=request.url,
            query=request.args.to_dict(),
            headers=dict(request.headers),
            body=request.get_data(),
        )
        channel.verify(incoming)
        channel.parse(incoming)
        reply = channel.acknowledge(incoming)
        return Response(reply.body, reply.status, content_type=reply.content_type)

    return app


app = create_app()
