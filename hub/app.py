"""Puts the hub together from its configuration and its environment."""

from __future__ import annotations

import logging
import os
from functools import partial
from pathlib import Path

from flask import Flask
from flask_openapi3 import Info, OpenAPI  # type: ignore[attr-defined]

from channels.contract import Channel
from channels.http import Http
from channels.voice import VoiceChannel
from hub import files, publishing
from hub import settings as configuration
from hub.cache import RedisCache, connect
from hub.db import db, open_database
from hub.doorbell import celery_doorbell, late_doorbell, typing_doorbell
from hub.inlet import Inlet
from hub.live import Announcer
from hub.settings import Settings, environment
from hub.spool import Spool

LARGEST_BODY = 21 * 1024 * 1024


def create_app() -> OpenAPI:
    """The web process: everything that answers HTTP."""
    from hub.oidc import Provider
    from hub.web import api, health, inbox, music, oidc, problems, published, stream, survey, webhooks

    app = create_core()
    stream.tune(app)
    problems.register(app)
    app.register_blueprint(webhooks.webhooks)
    app.register_blueprint(published.published)
    app.register_blueprint(music.music)
    app.register_blueprint(survey.survey)
    app.register_blueprint(health.health)
    if provider := app.extensions["settings"].hub.login.oidc:
        app.extensions["oidc"] = Provider(provider)
    app.register_blueprint(oidc.oidc)
    app.register_api(api.api)
    app.add_url_rule("/api/v1/openapi.json", "description", lambda: app.api_doc)
    app.register_blueprint(inbox.inbox)
    with app.app_context():
        inlet = Inlet(db.engine, Spool(app.extensions["data"] / "spool"), app.extensions["doorbell"])
    inlet.open()
    app.extensions["inlet"] = inlet
    return app


def create_core() -> OpenAPI:
    """What every process needs: the configuration, the stores and the channels."""
    return make_core(
        settings=configuration.from_environment(),
        data=Path(os.environ.get("YIZHAN_DATA", "data")),
        database_url=environment("DATABASE_URL"),
        redis_url=environment("REDIS_URL"),
    )


def make_core(settings: Settings, data: Path, database_url: str, redis_url: str) -> OpenAPI:
    from hub.web import problems

    app = OpenAPI(
        "hub",
        info=Info(title="Yizhan", version="1"),
        doc_ui=False,  # pages for people: the description itself is at /api/v1/openapi.json
        validation_error_callback=problems.invalid,
        validation_error_status=422,
        static_folder=None,
    )
    app.config.update(REDIS_URL=redis_url, MAX_CONTENT_LENGTH=LARGEST_BODY)
    open_database(app, database_url)
    data.mkdir(parents=True, exist_ok=True)
    app.extensions.update(
        settings=settings,
        data=data.resolve(),
        channels=make_channels(settings, RedisCache(redis_url), files.under(data.resolve())),
        redis=connect(redis_url),
        doorbell=celery_doorbell(redis_url),
        typing=typing_doorbell(redis_url),
        **{"doorbell later": late_doorbell(redis_url)},
        announcer=Announcer(redis_url),
    )
    return app


def create_store() -> Flask:
    """The stores alone: for commands that need no channel, and so none of the channels' secrets."""
    app = Flask("hub")
    app.extensions["announcer"] = Announcer(environment("REDIS_URL"))
    open_database(app, environment("DATABASE_URL"))
    return app


def make_channels(settings: Settings, cache: RedisCache, store: Path) -> dict[str, Channel]:
    """`store`: where files are kept."""
    return {name: _channel(name, settings, cache, store) for name in settings.channels}


def _channel(name: str, settings: Settings, cache: RedisCache, store: Path) -> Channel:
    config = settings.channels[name]
    trace = logging.getLogger(f"channels.{name}").info
    http = Http(config.settings.secrets(), trace)
    channel = config.channel(name, config.settings, http=http, cache=cache)
    channel.kept = partial(files.read_in, store)
    channel.publish = partial(publishing.publish, settings.hub.public_url, store)
    channel.hook = f"{settings.hub.public_url}/hooks/{name}"
    if isinstance(channel, VoiceChannel):
        channel.music = f"{settings.hub.public_url}/hold-music.wav"
    return channel
