"""The /_sim API of the world: accounts, clock, quotas, faults, log, bursts.

GET  accounts                        POST accounts (the whole account)   POST accounts/<app_id>/verify
GET  accounts/<app_id>/users         POST accounts/<app_id>/users {name, unionid?, language?, follows?}
POST accounts/<app_id>/templates {id, title, fields: {name: label}, use: "template/send"|"subscribe/send"|...}
POST accounts/<app_id>/kf {kf_account, nick}
GET  quotas?app_id=&endpoint=        POST quotas {app_id, endpoint, per_day?, per_minute?}
GET  faults   POST faults {endpoint, kind, times, ...}   DELETE faults
POST tokens/revoke {app_id}          GET, POST clock {advance}          GET log?endpoint=&limit=
POST burst   GET burst/<id>          POST reset
What customers do is in customer.py, mail in mail/api.py, phones in twilio/control.py and twilio/voice/control.py.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from simulator import demo
from simulator.accounts import Account, Template, User, World, new_unionid
from simulator.aliyun.pushing import Aliyun
from simulator.asked import (
    AccountAsked,
    BurstAsked,
    ClockAsked,
    FaultAsked,
    KfAccountAsked,
    QuotaAsked,
    RevokeAsked,
    TemplateAsked,
    UserAsked,
    account_or_404,
    body_as,
    problem,
)
from simulator.burst import Burst
from simulator.envelope import echo_query
from simulator.faults import Fault, Faults, Log
from simulator.kinds import KINDS
from simulator.mail.post import Post
from simulator.push import Pusher
from simulator.quotas import Limit, Quotas
from simulator.tokens import Tokens
from simulator.wechat import RECEIPTED

PUSH_FAULTS = {"duplicate": 0.0, "out_of_order": 1.0}  # with the seconds they last unless told
MAIL_FAULTS = {
    "smtp": {"busy": 0.0, "refuse_login": 0.0, "hang": 3600.0, "reset_after": 0.0},
    "imap": {"busy": 0.0, "refuse_login": 0.0, "drop": 0.0},
}
API_FAULTS = {"errcode": 0.0, "http": 0.0, "slow": 10.0, "reset_after": 0.0}
ACCOUNT_SHOWN = (
    *("app_id", "name", "original_id", "kind", "verified", "mode", "format", "push_url", "push_tries", "push_timeout"),
    *("kf_accounts", "menu"),
)
RECEIPT_FAULTS = {"fails_later": 0.0}


def control(
    world: World,
    post: Post,
    aliyun: Aliyun,
    tokens: Tokens,
    quotas: Quotas,
    faults: Faults,
    log: Log,
    pusher: Pusher,
) -> Blueprint:
    blueprint = Blueprint("control", __name__, url_prefix="/_sim")
    bursts: dict[str, Burst] = {}

    @blueprint.get("/accounts")
    def accounts() -> Response:
        return jsonify(items=[account_view(account) for account in world.accounts.values()], boot=world.boot)

    @blueprint.post("/accounts")
    def put_account() -> tuple[Response, int]:
        asked = body_as(AccountAsked)
        if asked.kind not in KINDS or asked.format not in ("", *KINDS[asked.kind].formats):
            abort(problem("no such kind of account, or not in this format"))
        given = asked.model_dump() | {"format": asked.format or KINDS[asked.kind].formats[0]}
        with world.lock:
            account = world.accounts.get(asked.app_id)
            if account is None:
                account = world.accounts[asked.app_id] = Account(**given)
            else:  # its users and their chats stay
                for name, value in given.items():
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
        account, asked = account_or_404(world, app_id), body_as(UserAsked)
        given = asked.model_dump()
        if asked.unionid is None:
            given["unionid"] = new_unionid()
        return jsonify(user_view(world.add_user(account, **given))), 201

    @blueprint.post("/accounts/<app_id>/templates")
    def put_template(app_id: str) -> tuple[Response, int]:
        account, asked = account_or_404(world, app_id), body_as(TemplateAsked)
        account.templates[asked.id] = Template(**asked.model_dump())
        return jsonify(account_view(account)), 201

    @blueprint.post("/accounts/<app_id>/kf")
    def put_kf_account(app_id: str) -> tuple[Response, int]:
        account, asked = account_or_404(world, app_id), body_as(KfAccountAsked)
        account.kf_accounts[asked.kf_account] = asked.nick
        return jsonify(account_view(account)), 201

    @blueprint.get("/quotas")
    def used_quota() -> Response:
        app_id, endpoint = request.args.get("app_id", ""), request.args.get("endpoint", "")
        with world.lock:
            return jsonify(used_today=quotas.used_today(app_id, endpoint))

    @blueprint.post("/quotas")
    def set_quota() -> tuple[str, int]:
        asked = body_as(QuotaAsked)
        with world.lock:
            quotas.set(asked.app_id, asked.endpoint, Limit(asked.per_day, asked.per_minute))
        return "", 204

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
        lasts = MAIL_FAULTS.get(asked.endpoint) or (PUSH_FAULTS if asked.endpoint == "push" else API_FAULTS)
        lasts = lasts | RECEIPT_FAULTS if asked.endpoint in RECEIPTED else lasts
        if asked.kind not in lasts:
            abort(problem(f"{asked.endpoint} has no fault of kind {asked.kind}"))
        seconds = lasts[asked.kind] if asked.seconds is None else asked.seconds
        faults.add(Fault(**asked.model_dump() | {"seconds": seconds}))
        post.tell()  # connections that only wait fail too
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
        seconds = body_as(ClockAsked).advance
        aliyun.world.advance(seconds)
        with world.lock:
            world.shift += seconds
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
        aliyun.clear()
        demo.furnish_phones(aliyun.world, aliyun, world.hub)
        with world.lock:
            world.clear()
            demo.furnish(world)
            post.clear()
            demo.furnish_post(post)
            tokens.clear()
            quotas.reset()
        bursts.clear()
        log.clear()
        return "", 204

    return blueprint


def verify_url(pusher: Pusher, account: Account) -> dict[str, Any]:
    """What WeChat does when the console's form is saved."""
    query, echo = echo_query(account)
    answer = pusher.wire.get(account.push_url, query, account.push_timeout)
    reason = answer.failure or (f"HTTP {answer.status}" if answer.status != 200 else "")
    if not reason and answer.body != echo:
        reason = "the body is not the echostr"
    return {"ok": not reason, "status": answer.status, "reason": reason or None}


def account_view(account: Account) -> dict[str, Any]:
    templates = [{"id": each.id, "title": each.title, "use": each.use} for each in account.templates.values()]
    return {name: getattr(account, name) for name in ACCOUNT_SHOWN} | {
        "templates": templates,
        "users": len(account.users),
    }


def user_view(user: User) -> dict[str, Any]:
    return {
        "openid": user.openid,
        "name": user.name,
        "app_id": user.account.app_id,
        "unionid": user.unionid,
        "follows": user.follower,
    }
