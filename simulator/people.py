"""Who a user is: profiles of followers, and the code that a mini program exchanges for an openid."""

from __future__ import annotations

import secrets
from typing import Any

from flask import request

from simulator.accounts import User
from simulator.calls import Answer, Call, account_by_secret, json_body
from simulator.errors import ApiError

MOST_AT_ONCE = 100


def info(call: Call) -> Answer:
    user = call.user(request.args.get("openid"))
    call.must_be_granted()
    return _profile(user)


def info_of_many(call: Call) -> Answer:
    asked = json_body().get("user_list")
    call.must_be_granted()
    if not isinstance(asked, list) or not 0 < len(asked) <= MOST_AT_ONCE:
        raise ApiError(40032)
    users = [call.user(each.get("openid") if isinstance(each, dict) else None) for each in asked]
    return {"user_info_list": [_profile(user) for user in users]}


def _profile(user: User) -> dict[str, Any]:
    """No name and no picture: WeChat gives neither since 2021."""
    if not user.follows:
        return {"subscribe": 0, "openid": user.openid}
    numbered = user.scene.isdigit()
    return {
        "subscribe": 1,
        "openid": user.openid,
        "language": user.language,
        "subscribe_time": int(user.followed_at),
        **({"unionid": user.unionid} if user.unionid else {}),
        "remark": "",
        "groupid": 0,
        "tagid_list": [],
        "subscribe_scene": "ADD_SCENE_QR_CODE" if user.scene else "ADD_SCENE_SEARCH",
        "qr_scene": int(user.scene) if numbered else 0,
        "qr_scene_str": "" if numbered else user.scene,
    }


def login(call: Call) -> Answer:
    """jscode2session."""
    asked = request.args
    if asked.get("grant_type") != "authorization_code":
        raise ApiError(40002)
    account = account_by_secret(call, asked)
    call.of(account)
    call.must_be_granted()
    if not asked.get("js_code"):
        raise ApiError(41008)
    with call.world.lock:
        code = call.world.login_codes.get(asked["js_code"])
        if code is None or code.openid not in account.users or code.expires_at <= call.world.now():
            raise ApiError(40029)
        if code.used:
            raise ApiError(40163)
        code.used = True
    user = call.user(code.openid)
    session = {"openid": user.openid, "session_key": secrets.token_urlsafe(16)}
    return session | ({"unionid": user.unionid} if user.unionid else {})
