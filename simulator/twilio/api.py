"""Twilio's REST API of messages and numbers as one blueprint, and the place where files are kept for a while."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from flask import Blueprint, Response

from simulator.faults import Faults, Log
from simulator.twilio import media, messages, numbers
from simulator.twilio.carrying import Carrier
from simulator.twilio.rest import ROOT, Answer, Rest
from simulator.twilio.world import Account

Handler = Callable[..., Answer]
PATHS: Mapping[str, Mapping[str, Handler]] = {
    "Messages.json": {"GET": messages.list_messages, "POST": messages.create},
    "Messages/<sid>.json": {"GET": messages.show, "POST": messages.update, "DELETE": messages.delete},
    "Messages/<sid>/Media.json": {"GET": media.list_media},
    "Messages/<sid>/Media/<media_sid>.json": {"GET": media.show_media, "DELETE": media.delete_media},
    "Messages/<sid>/Media/<media_sid>": {"GET": media.get_media, "DELETE": media.delete_media},
    "IncomingPhoneNumbers.json": {"GET": numbers.list_numbers},
    "IncomingPhoneNumbers/<sid>.json": {"GET": numbers.show_number, "POST": numbers.update_number},
}
CREATED = frozenset({messages.create})


def sms(carrier: Carrier, faults: Faults, log: Log) -> Blueprint:
    blueprint, rest = Blueprint("twilio", __name__), Rest(carrier.world, faults, log)

    def view(path: str, handler: Handler, account_sid: str, **sids: Any) -> Response:
        def act(account: Account) -> Answer:
            return handler(carrier, account, **sids)

        return rest.answer(account_sid, path, act, created=handler in CREATED)

    for path, handlers in PATHS.items():
        for method, handler in handlers.items():
            endpoint = f"{method} {path}".replace(".", " ")
            bound = partial(view, path, handler)
            blueprint.add_url_rule(f"{ROOT}/<account_sid>/{path}", endpoint, bound, methods=[method])
    blueprint.add_url_rule(f"{ROOT}/<account_sid>.json", "account", partial(view, "*.json", numbers.show_account))

    @blueprint.get(f"{media.STORE}/<link>")
    def stored(link: str) -> Response:
        return media.stored(carrier.world, link)

    return blueprint
