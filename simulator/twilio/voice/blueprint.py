"""The telephone network as one blueprint: Twilio's REST API of calls, and the /_sim/voice API of people."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, Response, request

from simulator.faults import Faults, Log
from simulator.twilio.callbacks import Callbacks
from simulator.twilio.rest import ROOT, Rest
from simulator.twilio.voice import dialling, gathering, prompts, queueing, taping  # noqa: F401  each performs its verbs
from simulator.twilio.voice.api import PATHS
from simulator.twilio.voice.asking import Asked, Handler
from simulator.twilio.voice.control import control
from simulator.twilio.voice.courier import Courier
from simulator.twilio.voice.documents import is_here
from simulator.twilio.voice.exchange import Exchange
from simulator.twilio.world import BINS, World


def voice(world: World, callbacks: Callbacks, faults: Faults, log: Log) -> Blueprint:
    exchange, rest = Exchange(world, Courier(callbacks)), Rest(world, faults, log)
    blueprint = Blueprint("voice", __name__)
    control(blueprint, exchange)

    def answered(path: str, handler: Handler, account_sid: str, **found: str) -> Response:
        creates = request.method == "POST" and not path.rpartition("/")[2].startswith("<")  # something new in a list
        return rest.answer(
            account_sid,
            path,
            lambda account: handler(Asked(exchange, account.sid, request.form, request.args), **found),
            created=creates,
        )

    for path, handlers in PATHS.items():
        for method, handler in handlers.items():
            name, view = f"{method} {path}".replace(".", " "), partial(answered, path, handler)
            blueprint.add_url_rule(f"{ROOT}/<account_sid>/{path}", name, view, methods=[method])

    @blueprint.route(f"{BINS}/<sid>", methods=["GET", "POST"])
    def kept(sid: str) -> Response:
        found = next((each.bins[sid] for each in world.accounts.values() if sid in each.bins), None)
        return Response(found, mimetype="text/xml") if found else Response(status=404)

    @blueprint.after_request
    def let_pages_ask(response: Response) -> Response:
        """Agents' pages come from the hub, and are phones here. Nobody else's pages are."""
        origin = request.headers.get("Origin", "")
        if is_here(origin):
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Headers"] = "Content-Type"
            response.headers["Vary"] = "Origin"
        return response

    @blueprint.after_app_request
    def start_over(response: Response) -> Response:
        """Whichever request has cleared the world."""
        exchange.follow(world.boot)
        return response

    return blueprint
