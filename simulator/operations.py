"""What operators ask WeChat: quotas, what a request id was about, addresses, whether the push URL can be reached."""

from __future__ import annotations

import socket
import time
from typing import Any

from simulator.calls import OK, Answer, Call, Endpoint, json_body
from simulator.envelope import echo_query
from simulator.errors import ApiError
from simulator.wire import place_of

CHECKS = ("all", "dns", "ping")
OPERATORS = ("DEFAULT", "CHINANET", "UNICOM", "CAP")


def clear_quota(call: Call) -> Answer:
    if json_body().get("appid") != call.caller.app_id:
        raise ApiError(40013)
    with call.world.lock:
        call.quotas.start_over(call.caller.app_id)
    return dict(OK)


def quota_of(endpoint_at: dict[str, Endpoint], call: Call) -> Answer:
    endpoint = endpoint_at.get(str(json_body().get("cgi_path", "")).strip("/"))
    if endpoint is None:
        raise ApiError(76021)
    with call.world.lock:
        limit = call.quotas.limit(call.caller.app_id, endpoint.name, endpoint.usual)
        used = call.quotas.used_today(call.caller.app_id, endpoint.name)
    daily = limit.per_day if limit.per_day is not None else 0
    quota: dict[str, Any] = {"quota": {"daily_limit": daily, "used": used, "remain": max(0, daily - used)}}
    if limit.per_minute is not None:
        quota["rate_limit"] = {"call_count": limit.per_minute, "refresh_second": 60}
    return OK | quota


def request_about(call: Call) -> Answer:
    """openapi/rid/get: what a refused call was. Its body is not kept."""
    about = call.world.refusals.get(str(json_body().get("rid", "")))
    if about is None:
        raise ApiError(76001)
    if about["app_id"] != call.caller.app_id:
        raise ApiError(76003)
    return {**OK, "request": {name: value for name, value in about.items() if name != "app_id"}}


def addresses(call: Call) -> Answer:
    return {"ip_list": ["127.0.0.1"]}


def check_callback(call: Call) -> Answer:
    """callback/check: really looks the push URL up and asks it as the console does."""
    asked = json_body()
    if asked.get("action") not in CHECKS:
        raise ApiError(40202)
    if asked.get("check_operator", "DEFAULT") not in OPERATORS:
        raise ApiError(40203)
    account, place = call.caller, place_of(call.caller.push_url)
    try:
        found = sorted({str(info[4][0]) for info in socket.getaddrinfo(place.host, place.port)})
    except OSError as error:
        raise ApiError(40201, "the push URL's host is unknown") from error
    started = time.monotonic()
    query, echo = echo_query(account)
    answer = call.pusher.wire.get(account.push_url, query, account.push_timeout)
    reached = answer.status == 200 and answer.body == echo
    taken = f"{(time.monotonic() - started) * 1000:.3f}ms"
    ping = {"from_operator": "CAP", "package_loss": "0%" if reached else "100%", "time": taken if reached else ""}
    parts = {
        "dns": [{"ip": ip, "real_operator": "UNICOM"} for ip in found],
        "ping": [{"ip": ip, **ping} for ip in found],
    }
    return {name: rows for name, rows in parts.items() if asked["action"] in ("all", name)}
