"""The /_sim API of one customer: the phone's chat, and everything a person can do with it.

GET  users/<openid>/messages?after=&since=&boot=&wait=
POST users/<openid>/messages {type, ...} or a file in the field image, voice or video (?short=1: a shortvideo)
     text {content, choice?}  voice {recognition?}  video  shortvideo  location {latitude, longitude, scale, label}
     link {title, description, url}  miniprogrampage {title, page_path, app_id?}  anything else {fields}
POST users/<openid>/<act>, each a push that ?wait=1 waits for, 409 {"error"} where a phone could not do it:
     enter {session_from}                                            mini programs
     follow {scene?}  unfollow {}  scan {scene}                      official accounts
     menu {type, key, scanned?}  position {latitude, longitude, precision}
     subscribe {choices: {template: accept|reject|ban}, scene?}      the question which notifications to allow
     subscriptions {choices: {template: accept|reject}}              the switches in the account's settings
     authorization {what: revoke|cancellation|modified, codes}
     hold {kf_account}  release {}                                   WeChat's own agents
     event {event, fields}                                           any event, as it is
POST users/<openid>/block {blocked}      POST users/<openid>/login -> {code} for jscode2session
GET  media/<id>                          GET  sample/voice
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from simulator import asked as shapes
from simulator import conversation, events
from simulator import media as samples
from simulator.accounts import User, World
from simulator.asked import MessageAsked, body_as, problem, user_or_404
from simulator.conversation import Impossible, Push
from simulator.media import mime_of
from simulator.push import Pusher

LONGEST_WAIT = 25.0
KEPT = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=86400"}


@dataclass(frozen=True)
class Act:
    """Something a customer can do that is no message."""

    shape: type[shapes.Asked]
    push: Callable[[World, User, Any], Push]
    kinds: frozenset[str] = frozenset({"mp", "service", "subscription"})


OFFICIAL = frozenset({"service", "subscription"})
ACTS: Mapping[str, Act] = {
    "enter": Act(shapes.EnterAsked, lambda w, u, a: events.entered(w, u, a.session_from), frozenset({"mp"})),
    "follow": Act(shapes.FollowAsked, lambda w, u, a: events.followed(w, u, a.scene), OFFICIAL),
    "unfollow": Act(shapes.NothingAsked, lambda w, u, a: events.unfollowed(w, u), OFFICIAL),
    "scan": Act(shapes.ScanAsked, lambda w, u, a: events.scanned(w, u, a.scene), OFFICIAL),
    "menu": Act(shapes.MenuAsked, events.tapped, OFFICIAL),
    "position": Act(
        shapes.PositionAsked, lambda w, u, a: events.located(w, u, a.latitude, a.longitude, a.precision), OFFICIAL
    ),
    "subscribe": Act(shapes.ChoicesAsked, lambda w, u, a: events.chose_notices(w, u, a.choices, a.scene)),
    "subscriptions": Act(shapes.SwitchesAsked, lambda w, u, a: events.changed_notices(w, u, a.choices)),
    "authorization": Act(shapes.AuthorizationAsked, lambda w, u, a: events.revoked(w, u, a.what, a.codes)),
    "hold": Act(shapes.HoldAsked, lambda w, u, a: events.taken(w, u, a.kf_account)),
    "release": Act(shapes.NothingAsked, lambda w, u, a: events.released(w, u)),
    "event": Act(shapes.EventAsked, lambda w, u, a: events.event(w, u, a.event, **a.fields)),
}
Said = Callable[[], Push]


def customer(world: World, pusher: Pusher) -> Blueprint:
    blueprint = Blueprint("customer", __name__, url_prefix="/_sim")

    def done(act: Said) -> tuple[Response, int]:
        try:
            with world.lock:  # the order on the phone is the order of the pushes
                push = pusher.push(act())
        except Impossible as error:
            return problem(str(error), 409), 409
        return pushed(push)

    @blueprint.post("/users/<openid>/messages")
    def write(openid: str) -> tuple[Response, int]:
        user = user_or_404(world, openid)
        return done(file_said(world, user) if request.files else message_said(world, user, body_as(MessageAsked)))

    @blueprint.post("/users/<openid>/<act>")
    def do(openid: str, act: str) -> tuple[Response, int]:
        user, chosen = user_or_404(world, openid), ACTS.get(act) or abort(404)
        asked = body_as(chosen.shape)
        if user.account.kind not in chosen.kinds:
            return problem(f"there is no such thing as {act} with this kind of account", 409), 409
        return done(lambda: chosen.push(world, user, asked))

    @blueprint.post("/users/<openid>/block")
    def block(openid: str) -> tuple[str, int]:
        user = user_or_404(world, openid)
        user.blocked = body_as(shapes.BlockAsked).blocked
        user.touch()
        return "", 204

    @blueprint.post("/users/<openid>/login")
    def login(openid: str) -> Response:
        return jsonify(code=world.login_code(user_or_404(world, openid)))

    @blueprint.get("/users/<openid>/messages")
    def chat(openid: str) -> Response:
        user = user_or_404(world, openid)
        since = request.args.get("since", type=int)
        wait = min(request.args.get("wait", 0.0, type=float), LONGEST_WAIT)
        if since is not None and wait > 0 and request.args.get("boot") in (None, world.boot):
            wait_for_news(world, user, since, wait)
        return jsonify(chat_view(world, user, request.args.get("after", 0, type=int), since))

    @blueprint.get("/media/<media_id>")
    def media(media_id: str) -> Response:
        found = world.media.get(media_id) or abort(404)
        return Response(found.data, mimetype=mime_of(found.data), headers=KEPT)

    @blueprint.get("/sample/voice")
    def sample_voice() -> Response:
        return Response(samples.voice_to_play(), mimetype="audio/wav", headers=KEPT)

    return blueprint


# -- what is said ------------------------------------------------------------------------------------------------------


def file_said(world: World, user: User) -> Said:
    field = next((name for name in ("image", "voice", "video") if name in request.files), "")
    file = request.files.get(field)
    data = file.read() if file else b""
    if file is None or not data:
        abort(problem("image, voice or video: the field is missing or empty"))
    name = file.filename or field
    if field not in user.account.may.hears:
        abort(problem(f"this kind of account hears no {field}", 409))
    if field == "video":
        short = request.args.get("short", 0, type=int) == 1
        return lambda: conversation.customer_video(world, user, data, name, short)
    send = conversation.customer_voice if field == "voice" else conversation.customer_image
    return lambda: send(world, user, data, name)


def message_said(world: World, user: User, asked: MessageAsked) -> Said:
    say = SAID.get(asked.type)
    if say is None or asked.fields or asked.type not in user.account.may.hears:
        return lambda: conversation.customer_other(world, user, asked.type, asked.fields)
    if asked.type == "text" and not asked.content:
        abort(problem("content: empty"))
    return lambda: say(world, user, asked)


SAID: Mapping[str, Callable[[World, User, MessageAsked], Push]] = {
    "text": lambda w, u, a: conversation.customer_text(w, u, a.content, a.choice),
    "voice": lambda w, u, a: conversation.customer_voice(w, u, samples.voice_narrow(), "voice.amr", a.recognition),
    "video": lambda w, u, a: conversation.customer_video(w, u, samples.clip(), "clip.mp4"),
    "shortvideo": lambda w, u, a: conversation.customer_video(w, u, samples.clip(), "clip.mp4", short=True),
    "location": lambda w, u, a: conversation.customer_location(w, u, a.latitude, a.longitude, a.scale, a.label),
    "link": lambda w, u, a: conversation.customer_link(w, u, a.title, a.description, a.url),
    "miniprogrampage": lambda w, u, a: conversation.customer_card(w, u, a.title, a.page_path, a.app_id),
}


def pushed(push: Push) -> tuple[Response, int]:
    """At once; with ?wait=1 when the push has ended."""
    waited = request.args.get("wait", 0, type=int)
    if waited:
        account = push.user.account
        push.ended.wait(account.push_tries * account.push_timeout + LONGEST_WAIT)
    answer = {"n": push.item["n"] if push.item else None, "msg_id": push.report["msg_id"], "push": push.report}
    return jsonify(answer), 200 if waited else 202


# -- what the phone shows ----------------------------------------------------------------------------------------------


def wait_for_news(world: World, user: User, since: int, seconds: float) -> None:
    ends, boot = time.monotonic() + seconds, world.boot
    with user.changed:
        while user.revision <= since and world.boot == boot:
            left = min(ends - time.monotonic(), changes_by_itself_in(world, user))
            if left <= 0 or not user.changed.wait(left):
                return


def changes_by_itself_in(world: World, user: User) -> float:
    """Seconds until time alone changes what the page shows: typing ends, a window closes."""
    moments = [user.typing_until, user.held_until, *(allowance.until for allowance in user.allowances.values())]
    return min((moment - world.now() for moment in moments if moment > world.now()), default=LONGEST_WAIT)


def chat_view(world: World, user: User, after: int, since: int | None) -> dict[str, Any]:
    """Lines after number `after`; with `since`, only those that changed after that revision."""
    with world.lock:
        items = [item for item in user.items[max(0, after) :] if since is None or item["rev"] > since]
        return {
            "items": [item.copy() for item in items],
            "typing": user.typing_until > world.now(),
            "allowances": [
                {"action": action, "limit": allowance.limit, "left": allowance.left, "until": allowance.until}
                for action, allowance in user.allowances.items()
                if allowance.until > world.now()
            ],
            "pushes": [push.copy() for push in user.pushes],
            "follows": user.follower,
            "blocked": user.blocked,
            "held_by": world.holder(user),
            "grants": {template: count for template, count in user.grants.items() if count},
            "rev": user.revision,
            "boot": world.boot,
            "now": world.now(),
        }
