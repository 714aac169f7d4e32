"""WeChat's server API: every path, what each call goes through, and the failures on demand."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from flask import Blueprint, Response, request

from simulator import files, notices, operations, people, sending
from simulator.accounts import Account, World
from simulator.calls import Answer, Call, Endpoint, account_by_secret, json_body
from simulator.errors import ApiError
from simulator.faults import Fault, Faults, Log, cut_connection, fingerprint
from simulator.push import Pusher
from simulator.quotas import Limit, Quotas
from simulator.tokens import Tokens


def plain_token(call: Call) -> Answer:
    _authenticated(call, request.args)
    with call.world.lock:
        token, lives = call.tokens.plain(call.caller)
    return _issued(call, token, lives)


def stable_token(call: Call) -> Answer:
    asked = json_body()
    _authenticated(call, asked)
    with call.world.lock:
        token, lives = call.tokens.stable(call.caller, asked.get("force_refresh") is True)
    return _issued(call, token, lives)


def _authenticated(call: Call, asked: Mapping[str, Any]) -> None:
    if asked.get("grant_type") != "client_credential":
        raise ApiError(40002)
    call.of(account_by_secret(call, asked))


def _issued(call: Call, token: str, lives: int) -> Answer:
    call.noted["token"] = fingerprint(token)
    return {"access_token": token, "expires_in": lives}


def _get(name: str, answer: Callable[[Call], Answer], per_day: int | None = None, **more: Any) -> Endpoint:
    return Endpoint(name, "GET", answer, Limit(per_day), **more)


def _post(
    name: str, answer: Callable[[Call], Answer], per_day: int | None = None, per_minute: int | None = None, **more: Any
) -> Endpoint:
    return Endpoint(name, "POST", answer, Limit(per_day, per_minute), **more)


ENDPOINTS: dict[str, Endpoint] = {
    "cgi-bin/token": _get("token", plain_token, 2_000, needs_token=False),
    "cgi-bin/stable_token": _post("stable_token", stable_token, 500_000, 10_000, needs_token=False),
    "cgi-bin/message/custom/send": _post("custom/send", sending.send, 500_000),
    "cgi-bin/message/custom/typing": _post("custom/typing", sending.typing),
    "cgi-bin/customservice/getkflist": _get("customservice/getkflist", sending.kf_list, 500_000),
    "cgi-bin/media/upload": _post("media/upload", files.upload, 100_000),
    "cgi-bin/media/get": _get("media/get", files.download, 200_000),
    "cgi-bin/user/info": _get("user/info", people.info, 5_000_000),
    "cgi-bin/user/info/batchget": _post("user/info/batchget", people.info_of_many, 5_000_000),
    "sns/jscode2session": _get("jscode2session", people.login, needs_token=False),
    "cgi-bin/message/template/send": _post("template/send", notices.send_template, 100_000),
    "cgi-bin/message/subscribe/send": _post("subscribe/send", notices.send_subscribed, 10_000_000),
    "cgi-bin/message/subscribe/bizsend": _post("subscribe/bizsend", notices.send_subscribed, 100_000),
    "cgi-bin/clear_quota": _post("clear_quota", operations.clear_quota),
    "cgi-bin/openapi/rid/get": _post("openapi/rid/get", operations.request_about),
    "cgi-bin/getcallbackip": _get("getcallbackip", operations.addresses),
    "cgi-bin/get_api_domain_ip": _get("get_api_domain_ip", operations.addresses),
    "cgi-bin/callback/check": _post("callback/check", operations.check_callback),
}
ENDPOINTS["cgi-bin/openapi/quota/get"] = _post("openapi/quota/get", partial(operations.quota_of, ENDPOINTS))
NAMES = frozenset(endpoint.name for endpoint in ENDPOINTS.values())
RECEIPTED = frozenset({"template/send", "subscribe/send", "subscribe/bizsend"})


def _answered(call: Call, fault: Fault | None) -> Answer:
    endpoint = call.endpoint
    caller = _caller(call) if endpoint.needs_token else None
    if request.method != endpoint.method:
        raise ApiError(43002 if endpoint.method == "POST" else 43001)
    if caller is not None:
        call.of(caller)
    if fault is not None and fault.kind == "errcode":
        raise ApiError(fault.errcode, "a fault on demand")
    return endpoint.answer(call)


def _caller(call: Call) -> Account:
    token = request.args.get("access_token", "")
    call.noted["token"] = fingerprint(token)
    account = call.world.accounts.get(call.tokens.app_id_of(token))
    if account is None:
        raise ApiError(40001, "the account is gone")
    call.noted["app_id"] = account.app_id
    return account


def provider(world: World, tokens: Tokens, quotas: Quotas, faults: Faults, log: Log, pusher: Pusher) -> Blueprint:
    blueprint = Blueprint("wechat", __name__)

    @blueprint.route("/cgi-bin/<path:path>", methods=["GET", "POST"])
    @blueprint.route("/sns/<path:path>", methods=["GET", "POST"])
    def call_endpoint(path: str) -> Response:
        endpoint = ENDPOINTS.get(request.path.strip("/"))
        if endpoint is None:
            return _json(ApiError(40066).answer())
        call, fault = Call(endpoint, world, tokens, quotas, pusher), faults.take(endpoint.name)
        started = time.monotonic()
        if fault is not None:
            call.noted["fault"] = fault.kind
            call.fails_later = fault.kind == "fails_later"
        if fault is not None and fault.kind == "http":
            log.add(endpoint.name, status=fault.status, **call.noted)
            return Response(f"<html><body>{fault.status}</body></html>", fault.status, mimetype="text/html")
        try:
            answer = _answered(call, fault)
            response = answer if isinstance(answer, Response) else _json(answer)
            call.noted["errcode"] = 0
        except ApiError as error:
            response = _json(error.answer())
            call.noted.update(errcode=error.errcode, why=error.why)
            _remember(call, error, started)
        if fault is not None and fault.kind == "slow":
            time.sleep(fault.seconds)
        log.add(endpoint.name, status=200, seconds=round(time.monotonic() - started, 4), **call.noted)
        if fault is not None and fault.kind == "reset_after":
            cut_connection()
        return response

    return blueprint


def _remember(call: Call, error: ApiError, started: float) -> None:
    about = {
        "app_id": call.noted.get("app_id", ""),
        "invoke_time": int(call.world.now()),
        "cost_in_ms": int((time.monotonic() - started) * 1000),
        "request_url": request.path,
        "request_body": "",
        "response_body": json.dumps(error.answer(), ensure_ascii=False),
        "client_ip": request.remote_addr or "",
    }
    call.world.remember_refusal(error.request_id, about)


def _json(answer: dict[str, Any]) -> Response:
    return Response(json.dumps(answer, ensure_ascii=False), mimetype="application/json")
