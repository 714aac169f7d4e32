"""One call of WeChat's server API: who calls, what the body says, which checks come first."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Response, request

from simulator.accounts import Account, User, World
from simulator.errors import ApiError
from simulator.push import Pusher
from simulator.quotas import Limit, Quotas
from simulator.tokens import Tokens

ESCAPED = re.compile(r"(?<!\\)((?:\\\\)*)\\u([0-9a-fA-F]{4})")
OK = {"errcode": 0, "errmsg": "ok"}

Answer = dict[str, Any] | Response


@dataclass(frozen=True)
class Endpoint:
    name: str
    method: str
    answer: Callable[[Call], Answer]
    usual: Limit
    needs_token: bool = True


@dataclass
class Call:
    """One request to one endpoint. `noted` goes into the log."""

    endpoint: Endpoint
    world: World
    tokens: Tokens
    quotas: Quotas
    pusher: Pusher
    noted: dict[str, Any] = field(default_factory=dict)
    account: Account | None = None
    fails_later: bool = False  # a fault on demand: accepted now, lost afterwards

    @property
    def caller(self) -> Account:
        assert self.account is not None, "only endpoints with a token have a caller"
        return self.account

    def of(self, account: Account) -> None:
        """From here on it is known whose call this is, so it counts."""
        self.account = account
        self.noted["app_id"] = account.app_id
        with self.world.lock:
            self.quotas.count(account.app_id, self.endpoint.name, self.endpoint.usual)

    def must_be_granted(self) -> None:
        if not self.caller.granted(self.endpoint.name):
            raise ApiError(48001, "this kind of account, or an account without verification, may not call it")

    def user(self, openid: object) -> User:
        user = self.caller.users.get(str(openid or ""))
        if user is None:
            raise ApiError(40003)
        self.noted["openid"] = user.openid
        return user


def json_body() -> dict[str, Any]:
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


def account_by_secret(call: Call, asked: Mapping[str, Any]) -> Account:
    """Whose appid and secret these are."""
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
