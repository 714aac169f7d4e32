"""What customers do, and what becomes of notices: one reader for each of WeChat's events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from channels.contract import Address, Consent, Event, Personal, Presence, Receipt, Revocation, Signal
from channels.wechat.messages import coordinates
from channels.wechat.push import Push, filled, text_of

Reader = Callable[[Push], list[Event]]

UNIONID = "wechat:unionid"
QR_PREFIX = "qrscene_"
# the codes of the mini program, and from 201 on those of pages of an official account
REVOKED: dict[str, Personal] = {
    "2": "address",
    "6": "name",
    "8": "phone",
    "13": "location",
    "14": "files",
    "15": "files",
    "16": "email",
    "18": "location",
    "19": "name",
    "20": "name",
    "201": "address",
    "205": "name",
    "206": "location",
    "207": "files",
}


def events(push: Push, readers: Mapping[str, Reader]) -> list[Event]:
    return readers.get(push.event, other)(push)


def other(push: Push) -> list[Event]:
    return _signal(push, "other", {**push.others, "type": push.event})


def nothing(push: Push) -> list[Event]:
    return []


def entered(push: Push) -> list[Event]:
    return _signal(push, "entered", {"session_from": push.hint("SessionFrom")}, renews="entered")


def followed(push: Push) -> list[Event]:
    key = push.hint("EventKey")
    payload = {"scene": key.removeprefix(QR_PREFIX)} if key.startswith(QR_PREFIX) else {}
    return _presence(push, "followed", payload, renews="follow")


def left(push: Push) -> list[Event]:
    return _presence(push, "left", {})


def scanned(push: Push) -> list[Event]:
    return _signal(push, "entered", {"scene": push.hint("EventKey")}, renews="scan")


def menu(push: Push) -> list[Event]:
    scan = push.fields.get("ScanCodeInfo")
    result = text_of(scan, "ScanResult") if isinstance(scan, dict) else ""
    payload = {"key": push.hint("EventKey")} | ({"scanned": result} if result else {})
    return _signal(push, "menu", payload, renews="menu")


def located(push: Push) -> list[Event]:
    latitude, longitude = coordinates(push, "Latitude", "Longitude")
    if latitude is None or longitude is None:
        return other(push)
    return _signal(push, "other", {"type": push.event, "latitude": latitude, "longitude": longitude})


def held(push: Push) -> list[Event]:
    return _signal(push, "held", {"by": push.text("KfAccount")})


def released(push: Push) -> list[Event]:
    return _signal(push, "released", {})


def template_sent(push: Push) -> list[Event]:
    status = push.text("Status")
    reason = status.removeprefix("failed:").strip()
    return [_receipt(push, push.event_key(), filled(push.fields, "MsgID"), status == "success", reason)]


def notices_sent(push: Push) -> list[Event]:
    return [
        _receipt(
            push,
            push.event_key(number, item),
            filled(item, "MsgID"),
            text_of(item, "ErrorCode") == "0" or text_of(item, "ErrorStatus") == "success",
            text_of(item, "ErrorStatus") or text_of(item, "ErrorCode"),
        )
        for number, item in enumerate(_items(push, "SubscribeMsgSentEvent"))
    ] or other(push)


def asked_for_consent(push: Push) -> list[Event]:
    items = list(_items(push, "SubscribeMsgPopupEvent"))
    # who declines once keeps what they agreed to before
    granted = Counter(
        filled(item, "TemplateId") for item in items if text_of(item, "SubscribeStatusString") == "accept"
    )
    return _consent(push, items, granted=dict(granted)) if granted else other(push)


def changed_consent(push: Push) -> list[Event]:
    items = list(_items(push, "SubscribeMsgChangeEvent"))
    revoked = tuple(filled(item, "TemplateId") for item in items if text_of(item, "SubscribeStatusString") == "reject")
    return _consent(push, items, revoked=revoked) if revoked else other(push)


def revoked(push: Push) -> list[Event]:
    codes = push.text("RevokeInfo").split(",")
    # each once, in WeChat's order
    return _revocation(push, tuple(dict.fromkeys(REVOKED.get(code.strip(), "other") for code in codes)))


def closed_account(push: Push) -> list[Event]:
    return _revocation(push, ("everything",))


def modified(push: Push) -> list[Event]:
    """WeChat took down the customer's name or picture."""
    return _revocation(push, ("name",))


SHARED: Mapping[str, Reader] = {
    "kf_create_session": held,
    "kf_close_session": released,
    "subscribe_msg_popup_event": asked_for_consent,
    "subscribe_msg_change_event": changed_consent,
    "subscribe_msg_sent_event": notices_sent,
    "user_authorization_revoke": revoked,
    "user_authorization_cancellation": closed_account,
    "user_info_modified": modified,
}


def _signal(
    push: Push,
    kind: Literal["entered", "menu", "held", "released", "other"],
    payload: dict[str, Any],
    renews: str = "",
) -> list[Event]:
    key = push.event_key()
    return [Signal(key=key, sender=push.sender, sent_at=push.sent_at, kind=kind, payload=payload, renews=renews)]


def _presence(push: Push, state: Literal["followed", "left"], payload: dict[str, Any], renews: str = "") -> list[Event]:
    key = push.event_key()
    return [Presence(key=key, sender=push.sender, sent_at=push.sent_at, state=state, payload=payload, renews=renews)]


def _receipt(push: Push, key: str, provider_id: str, delivered: bool, reason: str) -> Receipt:
    return Receipt(
        key=key,
        sent_at=push.sent_at,
        provider_id=provider_id,
        status="delivered" if delivered else "failed",
        reason="" if delivered else reason,
    )


def _consent(
    push: Push, items: list[Any], granted: Mapping[str, int] | None = None, revoked: tuple[str, ...] = ()
) -> list[Event]:
    key = push.event_key(items)
    return [Consent(key=key, sender=push.sender, sent_at=push.sent_at, granted=granted or {}, revoked=revoked)]


def _revocation(push: Push, what: tuple[Personal, ...]) -> list[Event]:
    unionid = push.text("UnionID")
    aliases = (Address(UNIONID, unionid),) if unionid else ()
    return [Revocation(key=push.event_key(), sender=push.sender, sent_at=push.sent_at, what=what, aliases=aliases)]


def _items(push: Push, wrapper: str) -> Iterator[dict[str, Any]]:
    """The entries of `List`: one or several, in XML inside of a wrapper."""
    inside = push.fields.get(wrapper)
    found = (inside if isinstance(inside, dict) else push.fields).get("List", [])
    yield from (item for item in (found if isinstance(found, list) else [found]) if isinstance(item, dict))
