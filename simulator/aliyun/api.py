"""Aliyun's SMS API at /aliyun/, as its SDKs call it: everything in the query, signed in the headers."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

from flask import Blueprint, Response, jsonify, request

from simulator.aliyun.accounts import Account
from simulator.aliyun.calls import ACTIONS, Refused
from simulator.aliyun.pushing import Aliyun
from simulator.aliyun.signing import fault_in, key_of
from simulator.faults import Faults, Log, cut_connection

VERSION = "2017-05-25"


def api(aliyun: Aliyun, faults: Faults, log: Log) -> Blueprint:
    blueprint = Blueprint("aliyun", __name__, url_prefix="/aliyun")

    @blueprint.route("/", methods=["POST", "GET"])
    def call() -> Response:
        action = request.headers.get("x-acs-action", "")
        fault, started, code = faults.take(action), time.monotonic(), "OK"
        if fault is not None and fault.kind == "http":
            log.add(action, status=fault.status, fault="http")
            return Response(f"<html><body>{fault.status}</body></html>", fault.status, mimetype="text/html")
        try:
            account, query = _caller(aliyun)
            if fault is not None and fault.kind == "errcode":
                raise Refused(fault.code, fault.code)
            if action not in ACTIONS or request.headers.get("x-acs-version") != VERSION:
                raise Refused("InvalidAction.NotFound", "Specified api is not found.", 404)
            response = _told("OK", "OK", **ACTIONS[action](aliyun, account, query))
        except Refused as refused:
            code, response = refused.code, _told(refused.code, refused.message)
            response.status_code = refused.status
        if fault is not None and fault.kind == "slow":
            time.sleep(fault.seconds)
        about = {"errcode": "" if code == "OK" else code, "fault": fault.kind if fault else None}
        log.add(action, status=response.status_code, seconds=round(time.monotonic() - started, 4), **about)
        if fault is not None and fault.kind == "reset_after":
            cut_connection()
        return response

    return blueprint


def _caller(aliyun: Aliyun) -> tuple[Account, dict[str, str]]:
    headers = {name.lower(): value for name, value in request.headers.items()}
    query = parse_qsl(request.query_string.decode(), keep_blank_values=True)
    account = aliyun.accounts.get(key_of(headers))
    if account is None:
        raise Refused("InvalidAccessKeyId.NotFound", "Specified access key is not found.", 404)
    if code := fault_in(account.secret, request.method, query, headers, request.get_data(), time.time()):
        raise Refused(code, "Specified signature does not match our calculation.", 400)
    nonce = headers["x-acs-signature-nonce"]
    if nonce in account.nonces:
        raise Refused("SignatureNonceUsed", "Specified signature nonce was used already.", 400)
    account.nonces.add(nonce)
    return account, dict(query)


def _told(code: str, message: str, **more: Any) -> Response:
    return jsonify({"Code": code, "Message": message, "RequestId": str(uuid4()).upper(), **more})
