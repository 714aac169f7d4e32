"""The live stream as a process of its own: it knows who may listen, and to what, and nothing of channels."""

from __future__ import annotations

from flask import Flask

from hub.db import open_database
from hub.settings import environment, teams_from_environment


def create_app() -> Flask:
    from hub.web import problems, stream
    from hub.web.hardening import harden

    app = Flask("hub", static_folder=None)
    app.config["REDIS_URL"] = environment("REDIS_URL")
    app.extensions["settings"] = teams_from_environment()
    open_database(app, environment("DATABASE_URL"))
    problems.register(app)
    stream.tune(app)
    app.add_url_rule("/api/v1/stream", "stream", stream.stream)
    app.add_url_rule("/healthz", "healthz", lambda: "ok")
    app.after_request(harden)
    return app
