"""Files of messages in the REST API: behind a login, and behind a redirect to where they are kept.

https://www.twilio.com/docs/messaging/api/media-resource
"""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from flask import Response, request

from simulator.twilio.carrying import Carrier
from simulator.twilio.resources import media_resource
from simulator.twilio.rest import Answer, Page, missing, own
from simulator.twilio.world import Account, Media, Message, World

LINK_LIVES = 4 * 3600
STORE = "/twilio-media"
ONE_LOGIN_ONLY = (
    '<?xml version="1.0" encoding="UTF-8"?><Error><Code>InvalidArgument</Code>'
    "<Message>Only one auth mechanism allowed</Message></Error>"
)
PRIVATE = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=86400"}


def list_media(carrier: Carrier, account: Account, sid: str) -> Answer:
    message = own(carrier.world.messages.get(sid), account)
    return Page("media_list", [media_resource(message, each) for each in message.media])


def show_media(carrier: Carrier, account: Account, sid: str, media_sid: str) -> Answer:
    return media_resource(*_one(carrier, account, sid, media_sid))


def get_media(carrier: Carrier, account: Account, sid: str, media_sid: str) -> Answer:
    """Not the file but where it is: on another host, for a while, for whoever has the address."""
    _, media = _one(carrier, account, sid, media_sid)
    world, link = carrier.world, secrets.token_urlsafe(24)
    world.links[link] = media, world.now() + LINK_LIVES
    port = urlsplit(world.own_url).port
    return Response(status=307, headers={"Location": f"http://localhost:{port}{STORE}/{link}"})


def delete_media(carrier: Carrier, account: Account, sid: str, media_sid: str) -> Answer:
    message, media = _one(carrier, account, sid, media_sid)
    message.media.remove(media)
    return None


def stored(world: World, link: str) -> Response:
    """The other host's answer. Two ways to prove oneself are one too many for it."""
    if "Authorization" in request.headers:
        return Response(ONE_LOGIN_ONLY, 400, mimetype="application/xml")
    media, until = world.links.get(link, (None, 0.0))
    if media is None or until < world.now():
        return Response(status=403)
    return Response(media.data, mimetype=media.mime, headers=PRIVATE)


def _one(carrier: Carrier, account: Account, sid: str, media_sid: str) -> tuple[Message, Media]:
    message = own(carrier.world.messages.get(sid), account)
    for each in message.media:
        if each.sid == media_sid:
            return message, each
    raise missing()
