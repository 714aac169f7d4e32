"""Notifications outside the window: template messages, and subscribe messages, each for one of the user's yeses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from simulator import events
from simulator.accounts import Template, User
from simulator.calls import OK, Answer, Call, json_body
from simulator.errors import ApiError

DEDUPED_FOR = 600
TOLD_AFTER = 0.3  # seconds until WeChat tells what became of it
# what a field may hold, by its name without the number; "keyword1" and other old names hold anything
RULES: Mapping[str, re.Pattern[str]] = {
    "thing": re.compile(r".{1,20}", re.DOTALL),
    "number": re.compile(r"-?[\d.]{1,32}"),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "symbol": re.compile(r"[^\w\s]{1,5}"),
    "character_string": re.compile(r"[\x21-\x7e]{1,32}"),
    "time": re.compile(r"(\d{4}[年./-]\d{1,2}[月./-]\d{1,2}日? ?)?(\d{1,2}:\d{2}(:\d{2})?)?(~.+)?"),
    "date": re.compile(r"\d{4}[年./-]\d{1,2}[月./-]\d{1,2}日?( ?\d{1,2}:\d{2}(:\d{2})?)?(~.+)?"),
    "amount": re.compile(r"[^\d\w]?\d{1,10}(\.\d+)?元?"),
    "phone_number": re.compile(r"[\d+() -]{1,17}"),
    "car_number": re.compile(r".{1,8}"),
    "name": re.compile(r"[\x20-\x7e]{1,20}|[^\d]{1,10}"),
    "phrase": re.compile(r"[\u4e00-\u9fff]{1,5}"),
}
FIELD = re.compile(r"([a-z_]+?)\d*")
PAGE = re.compile(r"[\w/.-]*(\?\S*)?")


def send_template(call: Call) -> Answer:
    body = json_body()
    user = call.user(body.get("touser"))
    call.must_be_granted()
    template = _template(call, body)
    shown = _shown(template, body)
    if not user.follows:
        raise ApiError(43004)
    once = (call.caller.app_id, user.openid, str(body.get("client_msg_id") or ""))
    with call.world.lock:
        known, until = call.world.sent_notices.get(once, (0, 0.0))
        if once[2] and until > call.world.now():
            call.noted["repeated"] = True
            return {**OK, "msgid": known}
        message_id = call.world.next_message_id()
        call.world.sent_notices[once] = (message_id, call.world.now() + DEDUPED_FOR)
    status = "failed:user block" if user.blocked else "failed: system failed" if call.fails_later else "success"
    if status == "success":
        _show(call, user, "template", shown)
    call.pusher.push_later(events.template_sent(call.world, user, message_id, status), TOLD_AFTER)
    return {**OK, "msgid": message_id}


def send_subscribed(call: Call) -> Answer:
    """subscribe/send of a mini program, bizsend of an official account."""
    body = json_body()
    user = call.user(body.get("touser"))
    call.must_be_granted()
    template = _template(call, body)
    if not PAGE.fullmatch(str(body.get("page") or "")) and call.endpoint.name == "subscribe/send":
        raise ApiError(41030)
    shown = _shown(template, body)
    with call.world.lock:
        if user.grants[template.id] <= 0:
            raise ApiError(43101)
        user.grants[template.id] -= 1
    lost = user.blocked or call.fails_later
    if not lost:
        _show(call, user, "subscribe", shown)
    message_id = call.world.next_message_id()
    told = events.notice_sent(call.world, user, template.id, message_id, lost)
    call.pusher.push_later(told, TOLD_AFTER)
    return {**OK, "msgid": message_id}


def _template(call: Call, body: dict[str, Any]) -> Template:
    template = call.caller.templates.get(str(body.get("template_id", "")))
    if template is None or template.use != call.endpoint.name:
        raise ApiError(40037)
    return template


def _shown(template: Template, body: dict[str, Any]) -> dict[str, Any]:
    data = body.get("data")
    given = data if isinstance(data, dict) else {}
    rows = [{"label": label, "value": _value(name, given.get(name))} for name, label in template.fields.items()]
    page = body.get("miniprogram")
    path = body.get("page") or (page.get("pagepath") if isinstance(page, dict) else "")
    leads_to = {"url": str(body.get("url") or ""), "page": str(path or "")}
    return {"notice": {"title": template.title, "rows": rows, **leads_to}}


def _value(name: str, given: Any) -> str:
    value = given.get("value") if isinstance(given, dict) else None
    kind = FIELD.fullmatch(name)
    rule = RULES.get(kind[1]) if kind else None
    if not isinstance(value, str) or not value or (rule is not None and not rule.fullmatch(value)):
        raise ApiError(47003, f"{name} is missing or not as it must be", f"argument invalid! data.{name}.value invalid")
    return value


def _show(call: Call, user: User, shape: str, shown: dict[str, Any]) -> None:
    item = user.show(**{"from": "account"}, type=shape, ai=False, at=call.world.now(), **shown)
    call.noted["n"] = item["n"]
