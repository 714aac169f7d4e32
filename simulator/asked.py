"""Request bodies of the /_sim API, and how a wrong one is refused."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal, TypeVar

from flask import Response, abort, jsonify, request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from simulator.accounts import Account, User, World
from simulator.aliyun.calls import ACTIONS
from simulator.events import REVOCATIONS, TAPS
from simulator.wechat import NAMES, RECEIPTED

Word = Annotated[str, StringConstraints(min_length=1, max_length=100)]
TwilioEndpoint = Annotated[str, StringConstraints(pattern=r"^(GET|POST|DELETE) [A-Za-z*/]+(\.\w+)?$")]
Scene = Annotated[str, StringConstraints(max_length=64)]


def _one_of(names: frozenset[str]) -> StringConstraints:
    return StringConstraints(pattern="^(" + "|".join(map(re.escape, sorted(names))) + ")$")


class Asked(BaseModel):
    """A request body; an unknown key is a mistake of the caller."""

    model_config = ConfigDict(extra="forbid")


# -- the world ---------------------------------------------------------------------------------------------------------


class AccountAsked(Asked):
    app_id: Word
    secret: Word
    token: Word
    aes_key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{43}$")]
    push_url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s?#]+$")]
    original_id: Word
    name: str = ""
    kind: str = "mp"
    verified: bool = True
    mode: Literal["plaintext", "compatible", "safe"] = "safe"
    format: Literal["", "json", "xml"] = ""  # empty: the kind's usual one
    ip_whitelist: tuple[str, ...] = ()
    push_tries: Annotated[int, Field(ge=1, le=10)] = 3
    push_timeout: Annotated[float, Field(gt=0, le=60)] = 5.0


class TemplateAsked(Asked):
    id: Word
    title: Word
    fields: dict[str, str]
    use: Annotated[str, _one_of(RECEIPTED)]


class KfAccountAsked(Asked):
    kf_account: Word
    nick: Word


class UserAsked(Asked):
    name: Word
    unionid: str | None = None  # none given: a new one; empty: the account has no open platform
    language: Literal["zh_CN", "en"] = "zh_CN"
    follows: bool = True


class BurstAsked(Asked):
    app_id: Word
    users: Annotated[int, Field(ge=1, le=100_000)]
    messages: Annotated[int, Field(ge=1, le=100_000)]
    each_pushed: Annotated[int, Field(ge=1, le=5)] = 1
    rate: Annotated[float, Field(gt=0)] | None = None
    text: Word = "{n}"


class FaultAsked(Asked):
    endpoint: Annotated[str, _one_of(NAMES | {"*", "push", "smtp", "imap", *ACTIONS})] | TwilioEndpoint
    kind: (
        Literal["errcode", "http", "slow", "reset_after", "fails_later", "duplicate", "out_of_order"]
        | Literal["busy", "refuse_login", "hang", "drop"]
    )
    errcode: int = -1
    code: Annotated[str, StringConstraints(max_length=100)] = ""
    status: Annotated[int, Field(ge=400, le=599)] = 502
    seconds: Annotated[float, Field(ge=0, le=120)] | None = None
    times: Annotated[int, Field(ge=1)] = 1


class QuotaAsked(Asked):
    app_id: Word
    endpoint: Annotated[str, _one_of(NAMES)]
    per_day: Annotated[int, Field(ge=0)] | None = None
    per_minute: Annotated[int, Field(ge=0)] | None = None


class ClockAsked(Asked):
    advance: float


class RevokeAsked(Asked):
    app_id: Word


# -- what a customer does ----------------------------------------------------------------------------------------------


class NothingAsked(Asked):
    pass


class EnterAsked(Asked):
    session_from: Annotated[str, StringConstraints(max_length=1000)] = ""


class MessageAsked(Asked):
    type: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]
    content: str = ""
    choice: str = ""
    recognition: str = ""
    title: str = ""
    description: str = ""
    url: str = ""
    page_path: str = ""
    app_id: str = ""
    latitude: Annotated[float, Field(ge=-90, le=90)] = 23.134521
    longitude: Annotated[float, Field(ge=-180, le=180)] = 113.358803
    scale: Annotated[int, Field(ge=1, le=28)] = 16
    label: str = ""
    fields: dict[str, Any] = {}


class FollowAsked(Asked):
    scene: Scene = ""


class ScanAsked(Asked):
    scene: Annotated[Scene, StringConstraints(min_length=1)]


class MenuAsked(Asked):
    type: Annotated[str, _one_of(frozenset(TAPS))] = "CLICK"
    key: Word
    scanned: str = "1"


class PositionAsked(Asked):
    latitude: float = 23.137466
    longitude: float = 113.352425
    precision: float = 119.385040


class ChoicesAsked(Asked):
    choices: Annotated[dict[str, Literal["accept", "reject", "ban"]], Field(min_length=1)]
    scene: Literal["0", "1", "2"] = "0"


class SwitchesAsked(Asked):
    choices: Annotated[dict[str, Literal["accept", "reject"]], Field(min_length=1)]


class AuthorizationAsked(Asked):
    what: Annotated[str, _one_of(frozenset(REVOCATIONS))]
    codes: str = ""


class HoldAsked(Asked):
    kf_account: Word


class BlockAsked(Asked):
    blocked: bool


class EventAsked(Asked):
    event: Word
    fields: dict[str, Any] = {}


# -- reading them ------------------------------------------------------------------------------------------------------

A = TypeVar("A", bound=Asked)


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


def problem(reason: str, status: int = 400) -> Response:
    response = jsonify(error=reason)
    response.status_code = status
    return response


def account_or_404(world: World, app_id: str) -> Account:
    return world.accounts.get(app_id) or abort(404)


def user_or_404(world: World, openid: str) -> User:
    return world.users.get(openid) or abort(404)
