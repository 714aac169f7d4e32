"""The /_sim API: what tests, the benchmark and the customer page do to the simulated world."""

from __future__ import annotations

import json
import re
import secrets
import time
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, jsonify, request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from simulator import conversation
from simulator.accounts import KINDS, Account, User, World, mime_of
from simulator.burst import Burst
from simulator.envelope import signed_query
from simulator.faults import Fault, Faults, Log
from simulator.push import Push, Pusher
from simulator.tokens import Tokens
from simulator.wechat import FAULTY

LONGEST_WAIT = 25.0
CARD_COVER = (Path(__file__).parent / "page" / "cover.png").read_bytes()

Word = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class Asked(BaseModel):
    """A request body; an unknown key is a mistake of the caller."""

    model_config = ConfigDict(extra="forbid")


class AccountAsked(Asked):
    app_id: Word
    secret: Word
    token: Word
    aes_key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{43}$")]
    push_url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s?#]+$")]
    original_id: Word
    name: str = ""
    kind: str = "mp"
    mode: Literal["plaintext", "compatible", "safe"] = "safe"
    format: Literal["json", "xml"] = "json"
    ip_whitelist: tuple[str, ...] = ()
    push_tries: Annotated[int, Field(ge=1, le=10)] = 3
    push_timeout: Annotated[float, Field(gt=0, le=60)] = 5.0


class UserAsked(Asked):
    name: Word


class EnterAsked(Asked):
    session_from: Annotated[str, StringConstraints(max_length=1000)] = ""


class MessageAsked(Asked):
    type: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]
    content: str = ""
    title: str = ""
    page_path: str = ""
    app_id: str = ""
    fields: dict[str, Any] = {}


class BurstAsked(Asked):
    app_id: Word
    users: Annotated[int, Field(ge=1, le=100_000)]
    messages: Annotated[int, Field(ge=1, le=100_000)]
    each_pushed: Annotated[int, Field(ge=1, le=5)] = 1
    rate: Annotated[float, Field(gt=0)] | None = None
    text: Word = "{n}"


class FaultAsked(Asked):
    endpoint: Annotated[str, StringConstraints(pattern="^(" + "|".join(map(re.escape, sorted(FAULTY))) + ")$")]
    kind: Literal["errcode", "http", "slow", "reset_after", "duplicate", "out_of_order"]
    errcode: int = -1
    status: Annotated[int, Field(ge=400, le=599)] = 502
    seconds: Annotated[float, Field(ge=0, le=120)] | None = None
    times: Annotated[int, Field(ge=1)] = 1


class ClockAsked(Asked):
    advance: float


class RevokeAsked(Asked):
    app_id: Word


PUSH_FAULTS = {"duplicate": 0.0, "out_of_order": 1.0}  # with the seconds they last unless told
API_FAULTS = {"errcode": 0.0, "http": 0.0, "slow": 10.0, "reset_after": 0.0}

A = TypeVar("A", bound=Asked)


def control(world: World, tokens: Tokens, faults: Faults, log: Log, pusher: Pusher) -> Blueprint:
    blueprint = Blueprint("control", __name__, url_prefix="/_sim")
    bursts: dict[str, Burst] = {}

    @blueprint.get("/accounts")
    def accounts() -> Response:
        return jsonify(items=[account_view(account) for account in world.accounts.values()], boot=world.boot)

    @blueprint.post("/accounts")
    def put_account() -> tuple[Response, int]:
        asked = body_as(AccountAsked)
        if asked.kind not in KINDS or asked.format not in KINDS[asked.kind].formats:
            abort(problem("no such kind of account, or not in this format"))
        with world.lock:
            account = world.accounts.get(asked.app_id)
            if account is None:
                account = world.accounts[asked.app_id] = Account(**asked.model_dump())
            else:  # its users and their chats stay
                for name, value in asked.model_dump().items():
                    setattr(account, name, value)
        return jsonify(account_view(account)), 201

    @blueprint.post("/accounts/<app_id>/verify")
    def verify(app_id: str) -> Response:
        return jsonify(verify_url(pusher, account_or_404(world, app_id)))

    @blueprint.get("/accounts/<app_id>/users")
    def users(app_id: str) -> Response:
        return jsonify(items=[user_view(user) for user in list(account_or_404(world, app_id).users.values())])

    @blueprint.post("/accounts/<app_id>/users")
    def add_user(app_id: str) -> tuple[Response, int]:
        account = account_or_404(world, app_id)
        return jsonify(user_view(world.add_user(account, body_as(UserAsked).name))), 201

    @blueprint.post("/users/<openid>/enter")
    def enter(openid: str) -> tuple[Response, int]:
        user, asked = user_or_404(world, openid), body_as(EnterAsked)
        with world.lock:
            push = pusher.push(conversation.entered(world, user, asked.session_from))
        return pushed(push)

    @blueprint.post("/users/<openid>/messages")
    def write(openid: str) -> tuple[Response, int]:
        user = user_or_404(world, openid)
        said = image_said(world, user) if request.files else message_said(world, user, body_as(MessageAsked))
        with world.lock:  # the order on the phone is the order of the pushes
            push = pusher.push(said())
        return pushed(push)

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
        headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=86400"}
        return Response(found.data, mimetype=mime_of(found.data), headers=headers)

    @blueprint.post("/burst")
    def burst() -> tuple[Response, int]:
        asked = body_as(BurstAsked)
        run = Burst(world, pusher, account_or_404(world, asked.app_id), asked.model_dump())
        bursts[run.id] = run
        run.start()
        return jsonify(run.progress()), 202

    @blueprint.get("/burst/<burst_id>")
    def burst_progress(burst_id: str) -> Response:
        return jsonify((bursts.get(burst_id) or abort(404)).progress())

    @blueprint.get("/faults")
    def waiting_faults() -> Response:
        return jsonify(items=faults.waiting())

    @blueprint.post("/faults")
    def add_fault() -> tuple[Response, int]:
        asked = body_as(FaultAsked)
        lasts = PUSH_FAULTS if asked.endpoint == "push" else API_FAULTS
        if asked.kind not in lasts:
            abort(problem(f"{asked.endpoint} has no fault of kind {asked.kind}"))
        seconds = lasts[asked.kind] if asked.seconds is None else asked.seconds
        faults.add(Fault(**asked.model_dump() | {"seconds": seconds}))
        return jsonify(items=faults.waiting()), 201

    @blueprint.delete("/faults")
    def clear_faults() -> tuple[str, int]:
        faults.clear()
        return "", 204

    @blueprint.post("/tokens/revoke")
    def revoke() -> tuple[str, int]:
        account = account_or_404(world, body_as(RevokeAsked).app_id)
        with world.lock:
            tokens.revoke(account.app_id)
        return "", 204

    @blueprint.get("/clock")
    def clock() -> Response:
        return jsonify(now=world.now(), shift=world.shift)

    @blueprint.post("/clock")
    def advance() -> Response:
        with world.lock:
            world.shift += body_as(ClockAsked).advance
            for user in world.users.values():
                user.touch()
        return jsonify(now=world.now(), shift=world.shift)

    @blueprint.get("/log")
    def read_log() -> Response:
        return jsonify(log.read(request.args.get("endpoint"), request.args.get("limit", 1000, type=int)))

    @blueprint.post("/reset")
    def reset() -> tuple[str, int]:
        pusher.reset()
        faults.clear()
        with world.lock:
            world.reset()
            tokens.clear()
        bursts.clear()
        log.clear()
        return "", 204

    return blueprint


# -- what is asked -----------------------------------------------------------------------------------------------------


def body_as(shape: type[A]) -> A:
    given = request.get_json(silent=True)
    try:
        json.dumps(given, ensure_ascii=False).encode()  # half a surrogate pair could never be pushed
        return shape.model_validate({} if given is None and not request.get_data() else given)
    except UnicodeEncodeError:
        return abort(problem("body: half a character"))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        return abort(problem(f"{'.'.join(map(str, first['loc'])) or 'body'}: {first['msg']}"))


def account_or_404(world: World, app_id: str) -> Account:
    return world.accounts.get(app_id) or abort(404)


def user_or_404(world: World, openid: str) -> User:
    return world.users.get(openid) or abort(404)


def image_said(world: World, user: User) -> Any:
    file = request.files.get("image")
    data = file.read() if file else b""
    if not file or not data:
        abort(problem("image: the field is missing or empty"))
    name = file.filename or "image"
    return lambda: conversation.customer_image(world, user, data, name)


def message_said(world: World, user: User, asked: MessageAsked) -> Any:
    if asked.type == "text":
        if not asked.content:
            abort(problem("content: empty"))
        return lambda: conversation.customer_text(world, user, asked.content)
    if asked.type == "miniprogrampage":
        return lambda: conversation.customer_card(world, user, asked.title, asked.page_path, asked.app_id, CARD_COVER)
    return lambda: conversation.customer_other(world, user, asked.type, asked.fields)


def wait_for_news(world: World, user: User, since: int, seconds: float) -> None:
    ends, boot = time.monotonic() + seconds, world.boot
    with user.changed:
        while user.revision <= since and world.boot == boot:
            left = min(ends - time.monotonic(), changes_by_itself_in(world, user))
            if left <= 0 or not user.changed.wait(left):
                return


def changes_by_itself_in(world: World, user: User) -> float:
    """Seconds until time alone changes what the page shows: typing ends, a window closes."""
    moments = [user.typing_until, *(allowance.until for allowance in user.allowances.values())]
    return min((moment - world.now() for moment in moments if moment > world.now()), default=LONGEST_WAIT)


def verify_url(pusher: Pusher, account: Account) -> dict[str, Any]:
    """What WeChat does when the console's form is saved."""
    echo = str(secrets.randbelow(9 * 10**18) + 10**18)
    query = urlencode(signed_query(account, echostr=echo))
    answer = pusher.wire.get(account.push_url, query, account.push_timeout)
    reason = answer.failure or (f"HTTP {answer.status}" if answer.status != 200 else "")
    if not reason and answer.body != echo.encode():
        reason = "the body is not the echostr"
    return {"ok": not reason, "status": answer.status, "reason": reason or None}


# -- what is answered --------------------------------------------------------------------------------------------------


def problem(reason: str) -> Response:
    response = jsonify(error=reason)
    response.status_code = 400
    return response


def pushed(push: Push) -> tuple[Response, int]:
    """At once; with ?wait=1 when the push has ended."""
    waited = request.args.get("wait", 0, type=int)
    if waited:
        account = push.user.account
        push.ended.wait(account.push_tries * account.push_timeout + LONGEST_WAIT)
    answer = {"n": push.item["n"] if push.item else None, "msg_id": push.report["msg_id"], "push": push.report}
    return jsonify(answer), 200 if waited else 202


def account_view(account: Account) -> dict[str, Any]:
    shown = ("app_id", "name", "original_id", "kind", "mode", "format", "push_url", "push_tries", "push_timeout")
    return {name: getattr(account, name) for name in shown} | {"users": len(account.users)}


def user_view(user: User) -> dict[str, Any]:
    return {"openid": user.openid, "name": user.name, "app_id": user.account.app_id}


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
            "rev": user.revision,
            "boot": world.boot,
            "now": world.now(),
        }
