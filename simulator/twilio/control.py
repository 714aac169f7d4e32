"""The /_sim API of phones: what people text and get, what becomes of texts to them, and what the hub was told.

GET  phones                          POST phones {name, number?, unionid?, language?}
GET  phones/<number>/texts?since=&boot=&wait=           all, or those that changed after that revision, and whom to text
POST phones/<number>/texts {to, text}, or a form with these and files in the field media; ?wait=1 until it is told
     409 {"error"} where a phone could not do it
POST phones/<number>/script {outcome: delivered|undelivered|failed|sent, error?, callbacks: in_order|reversed|twice|
     early|lost}                     of all texts to it from now on
POST phones/<number>/opt_out {to, out}
GET  phones/callbacks?outcome=       requests to the hub, newest last: pending, answered, unanswered, unusable
GET  phones/accounts                 what each Twilio account has done so far
GET  phones/media/<sid>
POST phones/services {sid, numbers, inbound_url?, status_callback?, advanced_opt_out?}      a messaging service
POST phones/senders/<number> {push_url}     where Aliyun pushes what happens to a number that it sends from
Requests of the hub are in the log, and faults are as everywhere, under the name of the request: "POST Messages.json",
"GET Messages/*/Media/*" (errcode, http, slow, reset_after), SendSms (the same, errcode with {code}).
"""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from simulator.accounts import new_unionid
from simulator.aliyun.pushing import Aliyun
from simulator.asked import body_as, problem
from simulator.media import mime_of
from simulator.twilio import texting
from simulator.twilio.asked import OptOutAsked, PersonAsked, ScriptAsked, SenderAsked, ServiceAsked, TextAsked
from simulator.twilio.carrying import Carrier
from simulator.twilio.media import PRIVATE
from simulator.twilio.messages import CLOSED_COUNTRIES
from simulator.twilio.scripts import Script
from simulator.twilio.texting import Impossible
from simulator.twilio.world import Handset, Media, Service, World, new_sid

LONGEST_WAIT = 25.0
UNKNOWN = "application/octet-stream"
TOLD_WITHIN = 40.0  # seconds: an address and its fallback


def phones(carrier: Carrier, aliyun: Aliyun) -> Blueprint:
    blueprint, world = Blueprint("phones", __name__, url_prefix="/_sim/phones"), carrier.world

    def handset_or_404(number: str) -> Handset:
        return world.handsets.get(number) or abort(404)

    def say(handset: Handset, to: str, text: str, media: list[Media]) -> dict[str, Any]:
        """To a number of Twilio's, or to one that Aliyun sends from."""
        if number := world.numbers.get(to):
            return texting.text(carrier, handset, number, text, media)
        account = aliyun.sender(to)
        if account is None:
            raise Impossible(f"nobody has the number {to}")
        if not handset.number.startswith(CLOSED_COUNTRIES) or media:
            raise Impossible("this number takes words from mainland China, and nothing else")
        return aliyun.text(account, handset, text)

    @blueprint.get("")
    def handsets() -> Response:
        return jsonify(items=[handset_view(each) for each in list(world.handsets.values())], boot=world.boot)

    @blueprint.post("")
    def add_person() -> tuple[Response, int]:
        asked = body_as(PersonAsked)
        given = asked.model_dump() | {"unionid": new_unionid() if asked.unionid is None else asked.unionid}
        return jsonify(handset_view(world.add_person(**given))), 201

    @blueprint.get("/<number>/texts")
    def texts(number: str) -> Response:
        handset, since = handset_or_404(number), request.args.get("since", type=int)
        wait = min(request.args.get("wait", 0.0, type=float), LONGEST_WAIT)
        if since is not None and wait > 0 and request.args.get("boot") in (None, world.boot):
            wait_for_news(world, handset, since, wait)
        return jsonify(texts_view(aliyun, handset, since or 0))

    @blueprint.post("/<number>/texts")
    def write(number: str) -> tuple[Response, int]:
        handset = handset_or_404(number)
        if request.form or request.files:
            to, text = request.form.get("to", ""), request.form.get("text", "")
        else:
            asked = body_as(TextAsked)
            to, text = asked.to, asked.text
        media = [Media(new_sid("ME"), mime, data, world.now()) for mime, data in _files()]
        if not text and not media:
            return problem("text: empty"), 400
        try:
            item = say(handset, to, text, media)
        except Impossible as error:
            return problem(str(error), 409), 409
        if request.args.get("wait", 0, type=int) and handset.pushed:
            handset.pushed.result(TOLD_WITHIN)
        return jsonify(item), 201

    @blueprint.post("/<number>/script")
    def set_script(number: str) -> Response:
        handset = world.handset(number)
        handset.script = Script(**body_as(ScriptAsked).model_dump())
        return jsonify(handset_view(handset))

    @blueprint.post("/<number>/opt_out")
    def opt_out(number: str) -> tuple[str, int]:
        asked = body_as(OptOutAsked)
        world.set_opted_out(asked.to, number, out=asked.out)
        return "", 204

    @blueprint.post("/services")
    def put_service() -> tuple[str, int]:
        asked = body_as(ServiceAsked)
        account = next(iter(world.accounts.values()))
        world.services[asked.sid] = Service(account=account, **asked.model_dump())
        return "", 204

    @blueprint.post("/senders/<number>")
    def set_push_url(number: str) -> tuple[str, int]:
        asked, sender = body_as(SenderAsked), aliyun.sender(number) or abort(404)
        sender.push_url = asked.push_url
        return "", 204

    @blueprint.get("/callbacks")
    def callbacks() -> Response:
        wanted = request.args.get("outcome")
        with world.lock:
            return jsonify(items=[each.copy() for each in world.callbacks if wanted in (None, each["outcome"])])

    @blueprint.get("/accounts")
    def counts() -> Response:
        return jsonify(items=[{"sid": each.sid, "counts": dict(each.counts)} for each in world.accounts.values()])

    @blueprint.get("/media/<sid>")
    def media(sid: str) -> Response:
        with world.lock:
            files = [each for message in world.messages.values() for each in message.media]
        found = next((each for each in files if each.sid == sid), None) or abort(404)
        return Response(found.data, mimetype=found.mime, headers=PRIVATE)

    return blueprint


def _files() -> list[tuple[str, bytes]]:
    """What a file is, its bytes tell; where they do not, its sender."""
    given = [(file.mimetype, file.read()) for file in request.files.getlist("media")]
    return [(mime if mime_of(data) == UNKNOWN else mime_of(data), data) for mime, data in given if data]


def wait_for_news(world: World, handset: Handset, since: int, seconds: float) -> None:
    ends, boot = time.monotonic() + seconds, world.boot
    with world.changed:
        while handset.revision <= since and world.boot == boot:
            left = ends - time.monotonic()
            if left <= 0 or not world.changed.wait(left):
                return


def handset_view(handset: Handset) -> dict[str, Any]:
    return {
        "number": handset.number,
        "name": handset.name,
        "unionid": handset.unionid,
        "language": handset.language,
        "texts": len(handset.texts),
        "script": asdict(handset.script),
    }


def texts_view(aliyun: Aliyun, handset: Handset, since: int) -> dict[str, Any]:
    world = aliyun.world
    with world.lock:
        return {
            "items": [text.copy() for text in handset.texts if text["rev"] > since],
            "peers": peers(aliyun, handset),
            "rev": handset.revision,
            "boot": world.boot,
            "now": world.now(),
        }


def peers(aliyun: Aliyun, handset: Handset) -> list[dict[str, Any]]:
    """Whom this person can text: there is a way from the mainland by Aliyun, from elsewhere by Twilio."""
    if handset.number.startswith(CLOSED_COUNTRIES):
        return [{"number": each.sender, "name": each.name, "media": False} for each in aliyun.accounts.values()]
    numbers = [each for each in aliyun.world.numbers.values() if each.sms_url]
    return [{"number": each.number, "name": each.name, "media": each.mms} for each in numbers]
