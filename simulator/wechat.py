"""WeChat's server API as a mini program's backend sees it: paths, order of checks, codes and answers are WeChat's."""

from __future__ import annotations

import json
import re
import socket
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, request

from simulator.accounts import TYPING_LASTS, Account, User, World, mime_of
from simulator.errors import ApiError
from simulator.faults import Fault, Faults, Log, fingerprint
from simulator.tokens import Tokens

TEXT_BYTES = 2048
TYPING_AFTER_ACTION = 30
IMAGE_NAMES = (".png", ".jpg", ".jpeg", ".gif")
ESCAPED = re.compile(r"(?<!\\)((?:\\\\)*)\\u([0-9a-fA-F]{4})")

Answer = dict[str, Any] | Response


@dataclass
class Call:
    """One request to one endpoint. `noted` goes into the log."""

    world: World
    tokens: Tokens
    noted: dict[str, Any] = field(default_factory=dict)
    account: Account | None = None

    @property
    def caller(self) -> Account:
        assert self.account is not None, "only endpoints with a token have a caller"
        return self.account


@dataclass(frozen=True)
class Endpoint:
    name: str
    method: str
    answer: Callable[[Call], Answer]
    needs_token: bool = True


# -- tokens ------------------------------------------------------------------------------------------------------------


def plain_token(call: Call) -> Answer:
    account = _authenticated(call, request.args)
    with call.world.lock:
        token, lives = call.tokens.plain(account)
    return _issued(call, token, lives)


def stable_token(call: Call) -> Answer:
    asked = _json_body()
    account = _authenticated(call, asked)
    with call.world.lock:
        token, lives = call.tokens.stable(account, asked.get("force_refresh") is True)
    return _issued(call, token, lives)


def _issued(call: Call, token: str, lives: int) -> Answer:
    call.noted["token"] = fingerprint(token)
    return {"access_token": token, "expires_in": lives}


def _authenticated(call: Call, asked: Mapping[str, Any]) -> Account:
    if asked.get("grant_type") != "client_credential":
        raise ApiError(40002)
    for name, missing in (("appid", 41002), ("secret", 41004)):
        if not asked.get(name):
            raise ApiError(missing)
    account = call.world.accounts.get(str(asked["appid"]))
    if account is None:
        raise ApiError(40013)
    call.noted["app_id"] = account.app_id
    address = request.remote_addr or ""
    if account.ip_whitelist and address not in account.ip_whitelist:
        raise ApiError(40164, words=f"invalid ip {address} ipv6 ::ffff:{address}, not in whitelist")
    if asked["secret"] != account.secret:
        raise ApiError(40125)
    return account


# -- customer-service messages -----------------------------------------------------------------------------------------


def send(call: Call) -> Answer:
    body = _json_body()
    user = _user(call, body)
    kind, message_type = call.caller.may, str(body.get("msgtype", ""))
    call.noted["msgtype"] = message_type
    if message_type in kind.refused_types:
        raise ApiError(kind.refused_types[message_type])
    if message_type not in kind.send_types:
        raise ApiError(40008)
    content = body.get(message_type)
    shown = SHOWN[message_type](call, content if isinstance(content, dict) else {})
    refused = call.world.spend(user)
    if refused:
        raise ApiError(refused, _why_nothing_left(call.world, user))
    context = body.get("aimsgcontext")
    written_by_ai = isinstance(context, dict) and context.get("is_ai_msg") == 1
    user.typing_until = 0.0
    item = user.show(**{"from": "account"}, type=message_type, ai=written_by_ai, at=call.world.now(), **shown)
    call.noted["n"] = item["n"]
    return {"errcode": 0, "errmsg": "ok"}


def _why_nothing_left(world: World, user: User) -> str:
    if not user.allowances:
        return "the user has never written nor entered"
    if not world.live_allowances(user):
        ended = max(allowance.until for allowance in user.allowances.values())
        return f"the last window ended {world.now() - ended:.0f} s ago"
    return "every message the user's action allowed is used up"


def _text(call: Call, content: dict[str, Any]) -> dict[str, Any]:
    text = _filled(content, "content")
    if len(text.encode()) > TEXT_BYTES:
        raise ApiError(45002, f"{len(text.encode())} bytes of text")
    return {"text": text}


def _image(call: Call, content: dict[str, Any]) -> dict[str, Any]:
    return {"image_url": _media_url(call, content.get("media_id"))}


def _link(call: Call, content: dict[str, Any]) -> dict[str, Any]:
    optional = {name: str(content.get(name) or "") for name in ("description", "thumb_url")}
    return {"link": {"title": _filled(content, "title"), "url": _filled(content, "url"), **optional}}


def _card(call: Call, content: dict[str, Any]) -> dict[str, Any]:
    named = {"title": _filled(content, "title"), "page_path": _filled(content, "pagepath")}
    return {"card": {**named, "cover_url": _media_url(call, content.get("thumb_media_id"))}}


SHOWN: Mapping[str, Callable[[Call, dict[str, Any]], dict[str, Any]]] = {
    "text": _text,
    "image": _image,
    "link": _link,
    "miniprogrampage": _card,
}


def _filled(content: dict[str, Any], name: str) -> str:
    value = content.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ApiError(44004, f"{name} is empty")
    return value


def _media_url(call: Call, media_id: object) -> str:
    media = call.world.live_media(call.caller, media_id)
    if media is None:
        raise ApiError(40007)
    return f"/_sim/media/{media.id}"


def typing(call: Call) -> Answer:
    body = _json_body()
    user, command, now = _user(call, body), body.get("command"), call.world.now()
    if command not in ("Typing", "CancelTyping"):
        raise ApiError(45072)
    if command == "CancelTyping":
        user.typing_until = 0.0
    elif now - user.acted_at > TYPING_AFTER_ACTION:
        raise ApiError(45080)
    elif user.typing_until > now:
        raise ApiError(45081)
    else:
        user.typing_until = now + TYPING_LASTS
    user.touch()
    return {"errcode": 0, "errmsg": "ok"}


# -- media -------------------------------------------------------------------------------------------------------------


def upload(call: Call) -> Answer:
    medium = request.args.get("type", "")
    limit = call.caller.may.media_types.get(medium)
    if limit is None:
        raise ApiError(40004)
    file = request.files.get("media")
    if file is None:
        raise ApiError(41005)
    name, data = file.filename or "", file.read()
    if not data:
        raise ApiError(44001)
    if len(data) > limit:
        raise ApiError(45001, f"{len(data)} bytes")
    if not name.lower().endswith(IMAGE_NAMES):
        raise ApiError(40005, "the file name ends in no image type")
    media = call.world.keep_media(call.caller, data, name)
    return {"type": medium, "media_id": media.id, "created_at": int(media.created_at)}


def download(call: Call) -> Answer:
    media = call.world.live_media(call.caller, request.args.get("media_id"))
    if media is None:
        raise ApiError(40007)
    disposition = f'attachment; filename="{quote(media.name, safe=". _-()")}"'
    return Response(media.data, mimetype=mime_of(media.data), headers={"Content-Disposition": disposition})


ENDPOINTS: Mapping[str, Endpoint] = {
    "token": Endpoint("token", "GET", plain_token, needs_token=False),
    "stable_token": Endpoint("stable_token", "POST", stable_token, needs_token=False),
    "message/custom/send": Endpoint("custom/send", "POST", send),
    "message/custom/typing": Endpoint("custom/typing", "POST", typing),
    "media/upload": Endpoint("media/upload", "POST", upload),
    "media/get": Endpoint("media/get", "GET", download),
}
FAULTY = frozenset(endpoint.name for endpoint in ENDPOINTS.values()) | {"*", "push"}


# -- what every call goes through --------------------------------------------------------------------------------------


def _json_body() -> dict[str, Any]:
    raw = request.get_data()
    if not raw:
        raise ApiError(44002)
    try:
        body = json.loads(_escapes_kept(raw.decode()))
    except ValueError as error:
        raise ApiError(47001) from error
    if not isinstance(body, dict):
        raise ApiError(47001)
    return body


def _escapes_kept(raw: str) -> str:
    """WeChat does not undo \\u4f60: the customer reads the six characters, and so must whoever watches a test."""
    if "\\u" not in raw:
        return raw
    return ESCAPED.sub(lambda found: found[0] if int(found[2], 16) < 0x80 else f"{found[1]}\\\\u{found[2]}", raw)


def _user(call: Call, body: dict[str, Any]) -> User:
    user = call.caller.users.get(str(body.get("touser", "")))
    if user is None:
        raise ApiError(40003)
    call.noted["openid"] = user.openid
    return user


def _answered(endpoint: Endpoint, call: Call, fault: Fault | None) -> Answer:
    if endpoint.needs_token:
        token = request.args.get("access_token", "")
        call.noted["token"] = fingerprint(token)
        call.account = call.world.accounts.get(call.tokens.app_id_of(token))
        if call.account is None:
            raise ApiError(40001, "the account is gone")
        call.noted["app_id"] = call.account.app_id
    if request.method != endpoint.method:
        raise ApiError(43002 if endpoint.method == "POST" else 43001)
    if fault is not None and fault.kind == "errcode":
        raise ApiError(fault.errcode, "a fault on demand")
    return endpoint.answer(call)


def _cut_connection() -> None:
    """Reset, not closed: the caller cannot mistake it for an empty answer."""
    sock = request.environ["gunicorn.socket"]
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.shutdown(socket.SHUT_RDWR)


def provider(world: World, tokens: Tokens, faults: Faults, log: Log) -> Blueprint:
    blueprint = Blueprint("wechat", __name__)

    @blueprint.route("/cgi-bin/<path:path>", methods=["GET", "POST"])
    def call_endpoint(path: str) -> Response:
        endpoint = ENDPOINTS.get(path)
        if endpoint is None:
            return _json(ApiError(40066).answer())
        call, fault, started = Call(world, tokens), faults.take(endpoint.name), time.monotonic()
        if fault is not None:
            call.noted["fault"] = fault.kind
        if fault is not None and fault.kind == "http":
            log.add(endpoint.name, status=fault.status, **call.noted)
            return Response(f"<html><body>{fault.status}</body></html>", fault.status, mimetype="text/html")
        try:
            answer = _answered(endpoint, call, fault)
            response = answer if isinstance(answer, Response) else _json(answer)
            call.noted["errcode"] = 0
        except ApiError as error:
            response = _json(error.answer())
            call.noted.update(errcode=error.errcode, why=error.why)
        if fault is not None and fault.kind == "slow":
            time.sleep(fault.seconds)
        log.add(endpoint.name, status=200, seconds=round(time.monotonic() - started, 4), **call.noted)
        if fault is not None and fault.kind == "reset_after":
            _cut_connection()
        return response

    return blueprint


def _json(answer: dict[str, Any]) -> Response:
    return Response(json.dumps(answer, ensure_ascii=False), mimetype="application/json")
