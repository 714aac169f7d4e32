"""Customer-service messages: custom/send, the sign of typing, and the account's agents on WeChat's side."""

from __future__ import annotations

from typing import Any

from simulator.accounts import TYPING_LASTS, User, World
from simulator.calls import OK, Answer, Call, json_body
from simulator.errors import ApiError
from simulator.shown import SHOWN

TYPING_AFTER_ACTION = 30


def send(call: Call) -> Answer:
    body = json_body()
    user = call.user(body.get("touser"))
    call.must_be_granted()
    kind, message_type = call.caller.may, str(body.get("msgtype", ""))
    call.noted["msgtype"] = message_type
    if message_type in kind.refused_types:
        raise ApiError(kind.refused_types[message_type])
    if message_type not in kind.send_types:
        raise ApiError(40008)
    content = body.get(message_type)
    shown = SHOWN[message_type](call.world, call.caller, content if isinstance(content, dict) else {})
    shown |= _speaker(call, body)
    if not user.reachable:
        raise ApiError(45015, "the user has blocked the account" if user.blocked else "the user does not follow")
    refused = call.world.spend(user)
    if refused:
        raise ApiError(refused, _why_nothing_left(call.world, user))
    context = body.get("aimsgcontext")
    written_by_ai = isinstance(context, dict) and context.get("is_ai_msg") == 1
    user.typing_until = 0.0
    item = user.show(**{"from": "account"}, type=message_type, ai=written_by_ai, at=call.world.now(), **shown)
    call.noted["n"] = item["n"]
    return dict(OK)


def _speaker(call: Call, body: dict[str, Any]) -> dict[str, Any]:
    """The agent whose name the customer sees, if the account has such an agent."""
    named = body.get("customservice")
    if not call.caller.may.official or not isinstance(named, dict):
        return {}
    kf_account = str(named.get("kf_account", ""))
    if kf_account not in call.caller.kf_accounts:
        raise ApiError(65401)
    return {"kf": {"account": kf_account, "nick": call.caller.kf_accounts[kf_account]}}


def _why_nothing_left(world: World, user: User) -> str:
    if not user.allowances:
        return "the user has never done anything that allows a message"
    if not world.live_allowances(user):
        ended = max(allowance.until for allowance in user.allowances.values())
        return f"the last window ended {world.now() - ended:.0f} s ago"
    return "every message the user's action allowed is used up"


def typing(call: Call) -> Answer:
    body = json_body()
    user, command, now = call.user(body.get("touser")), body.get("command"), call.world.now()
    call.must_be_granted()
    if command not in ("Typing", "CancelTyping"):
        raise ApiError(45072)
    if command == "CancelTyping":
        user.typing_until = 0.0
    elif now - user.acted_at > TYPING_AFTER_ACTION or not user.reachable:
        raise ApiError(45080)
    elif user.typing_until > now:
        raise ApiError(45081)
    else:
        user.typing_until = now + TYPING_LASTS
    user.touch()
    return dict(OK)


def kf_list(call: Call) -> Answer:
    call.must_be_granted()
    known = [
        {"kf_account": kf_account, "kf_nick": nick, "kf_id": str(1001 + number), "kf_headimgurl": ""}
        for number, (kf_account, nick) in enumerate(call.caller.kf_accounts.items())
    ]
    return {"kf_list": known}
