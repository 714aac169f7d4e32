"""The simulator as one WSGI application: provider API, control API, the customer page, and mail servers beside it."""

from __future__ import annotations

from pathlib import Path

from flask import Flask, Response

from simulator import demo
from simulator.accounts import World
from simulator.aliyun import api as aliyun_api
from simulator.aliyun.pushing import Aliyun
from simulator.control import control
from simulator.customer import customer
from simulator.faults import Faults, Log
from simulator.mail import servers
from simulator.mail.api import mail
from simulator.mail.post import Post
from simulator.push import Pusher
from simulator.quotas import Quotas
from simulator.shop import shop
from simulator.tokens import Tokens
from simulator.twilio import world as telephone
from simulator.twilio.api import sms
from simulator.twilio.callbacks import Callbacks
from simulator.twilio.carrying import Carrier
from simulator.twilio.control import phones
from simulator.twilio.voice.blueprint import voice
from simulator.wechat import provider

PAGE = Path(__file__).parent / "page"
LARGEST_BODY = 16 * 1024 * 1024
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self'; "
    "connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'"
)


def create_app(hub: str, own_url: str, mail_ports: servers.Ports) -> Flask:
    app = Flask(__name__, static_folder=PAGE, static_url_path="/page")
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    world, faults, log = World(hub, own_url), Faults(), Log()
    post, network = Post(), telephone.World(own_url)
    callbacks = Callbacks(network)
    carrier, aliyun = Carrier(network, callbacks), Aliyun(network, callbacks)
    demo.furnish(world)
    demo.furnish_post(post)
    demo.furnish_phones(network, aliyun, hub)
    servers.start(post, faults, log, mail_ports)
    tokens, quotas, pusher = Tokens(world.now), Quotas(world.now), Pusher(world, faults, log)
    app.register_blueprint(provider(world, tokens, quotas, faults, log, pusher))
    app.register_blueprint(control(world, post, aliyun, tokens, quotas, faults, log, pusher))
    app.register_blueprint(customer(world, pusher))
    app.register_blueprint(mail(post, log))
    app.register_blueprint(sms(carrier, faults, log))
    app.register_blueprint(voice(network, callbacks, faults, log))
    app.register_blueprint(aliyun_api.api(aliyun, faults, log))
    app.register_blueprint(phones(carrier, aliyun))
    app.register_blueprint(shop())

    @app.get("/")
    def page() -> Response:
        response = app.send_static_file("index.html")
        response.headers["Content-Security-Policy"] = PAGE_POLICY
        return response

    @app.get("/healthz")
    def healthy() -> dict[str, bool]:
        return {"ok": True}

    return app
