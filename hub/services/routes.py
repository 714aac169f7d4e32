"""Which way a reply takes: straight to where the customer wrote, or the way around that ops laid out in `fallback`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select

from channels.contract import Capabilities, Card, Link
from hub import current
from hub.db import db
from hub.models import Attachment, Conversation, Delivery, Identity, Message
from hub.refusals import Refusal
from hub.services import allowances, consents, fitting
from hub.services.allowances import Purse
from hub.services.fitting import Content, Part

NOTICE, WAIT = "notice", "wait"  # in `fallback`; every other word there is a channel
CLOSED = ("window_closed", "allowance_used", "unreachable")  # the customer has to do something first
WAITS = {
    "window_closed": "It goes out when the customer writes again: the time to answer was over.",
    "allowance_used": "It goes out when the customer writes again: the allowed number of answers was used up.",
    "unreachable": "It goes out when the customer comes back: they cannot be reached there now.",
    "passive": "It goes out with the answer to the customer's next message.",
}
NOTICE_TEXT = 200  # characters of the reply that a notification may quote


@dataclass(frozen=True, slots=True)
class Route:
    channel: str
    identity: Identity
    parts: list[Part]
    spent: list[str | None]  # the allowance each part was taken from
    waits: str = ""  # why it has to; "" sends at once
    notify: bool = False
    detour: dict[str, Any] = field(default_factory=dict)  # what agents are told about it


def straight(channel: str, identity: Identity, content: Content, *, by_bot: bool, purse: Purse | None = None) -> Route:
    """Refuses what the channel would refuse. `purse` is what the identity allows, where the caller has it."""
    capabilities = capabilities_of(channel)
    if capabilities.answers_inline:
        parts = fitting.fit(content, capabilities)
        return Route(channel, identity, parts, [None] * len(parts), waits="passive")
    if not identity.reachable:
        raise Refusal("unreachable", "The customer cannot be reached there any more.")
    parts = fitting.fit(content, capabilities)
    if purse is None and capabilities.allowances:
        purse = allowances.purses([identity.id])[identity.id]
    return Route(channel, identity, parts, allowances.spend(purse or [], len(parts), capabilities, by_bot=by_bot))


def around(conversation: Conversation, channel: str, identity: Identity, content: Content, why: str) -> Route | None:
    """The first way of `fallback` that is open."""
    return _first(_config(channel), conversation, channel, identity, content, why)


def _first(
    ways: list[str], conversation: Conversation, channel: str, identity: Identity, content: Content, why: str
) -> Route | None:
    if why not in CLOSED:
        return None
    capabilities = capabilities_of(channel)
    for way in ways:
        if way == WAIT or (way == NOTICE and may_notify(identity, capabilities)):
            parts = fitting.fit(content, capabilities)
            route = Route(channel, identity, parts, [None] * len(parts), waits=why)
            return replace(route, notify=way == NOTICE, detour={"via": way, "reason": why})
        if way not in (WAIT, NOTICE) and (elsewhere := _elsewhere(conversation, way, content)):
            return replace(elsewhere, detour={"via": "channel", "channel": way, "reason": why})
    return None


def _elsewhere(conversation: Conversation, channel: str, content: Content) -> Route | None:
    """Another channel of the same contact, if it takes the reply now."""
    scheme = current.channels()[channel].scheme
    theirs = (
        select(Identity)
        .where(Identity.contact_id == conversation.contact_id, Identity.scheme == scheme, Identity.reachable)
        .order_by(Identity.id)
    )
    for identity in db.session.scalars(theirs):
        try:
            route = straight(channel, identity, content, by_bot=False)
        except Refusal:
            continue
        if not route.waits:
            return route
    return None


def may_notify(identity: Identity, capabilities: Capabilities) -> bool:
    """Once until they write, however many replies wait; takes the customer's consent where the channel needs one."""
    notice = capabilities.notice
    if notice is None or not identity.reachable or _is_notified(identity):
        return False
    return not notice.consent or consents.take(identity, notice.consent)


def _is_notified(identity: Identity) -> bool:
    told = (Message.payload["fallback"]["via"].as_string() == NOTICE) & (Delivery.state == "waiting")
    waiting = select(Delivery.id).join(Delivery.message).where(Delivery.identity_id == identity.id, told)
    return bool(db.session.scalar(select(waiting.exists())))


def deliveries(route: Route, excerpt: str = "") -> list[Delivery]:
    """One for each part, and one for the notification that they wait."""
    rows = [
        _delivery(
            route,
            lane=f"identity:{route.identity.id}",
            part=number,
            text=part.text,
            attachment=part.attachment,
            payload=part.payload,
            spent=taken_from,
            state="waiting" if route.waits else "pending",
            error=WAITS[route.waits] if route.waits else "",
            error_code=route.waits,
        )
        for number, (part, taken_from) in enumerate(zip(route.parts, route.spent, strict=True))
    ]
    if route.notify:
        rows.append(_notification(route, len(rows), excerpt))
    return rows


def _notification(route: Route, part: int, excerpt: str) -> Delivery:
    # a lane of its own: what waits must not keep it from going
    lane, text = f"notice:{route.identity.id}", excerpt.strip()[:NOTICE_TEXT]
    return _delivery(route, lane=lane, part=part, text=text, payload={"notice": True}, state="pending")


def _delivery(route: Route, **values: Any) -> Delivery:
    common = {"channel": route.channel, "identity_id": route.identity.id, "identity": route.identity}
    unset = {"attempts": 0, "error": "", "error_code": "", "receipt": "", "spent": None, "attachment": None}
    return Delivery(**{**common, **unset, **values})


def take_detour(delivery: Delivery, why: str) -> bool:
    """The provider refused it because the customer has to write first. True if there is a way around."""
    message, conversation = delivery.message, delivery.message.conversation
    if message.author_kind != "agent":
        return False
    ways = list(_untried(delivery))
    route = _first(ways, conversation, delivery.channel, delivery.identity, _content(delivery), why)
    if route is None:
        return False
    message.payload = {**message.payload, "fallback": route.detour}
    if route.waits:
        delivery.state, delivery.error, delivery.error_code, delivery.spent = "waiting", WAITS[why], why, None
        if route.notify:
            message.deliveries.append(_notification(route, len(message.deliveries), message.text))
    else:
        delivery.state = "cancelled"
        message.deliveries += deliveries(route)
    return True


def notice_failed(notice: Delivery) -> None:
    """What it announced still waits, or takes the way that stands after it."""
    for part in [part for part in notice.message.deliveries if part.state == "waiting"]:
        why = part.error_code
        if not take_detour(part, why):
            part.message.payload = {**part.message.payload, "fallback": {"via": WAIT, "reason": why}}


def _untried(delivery: Delivery) -> Iterator[str]:
    """The ways after the one this message took."""
    ways = _config(delivery.channel)
    detour = delivery.message.payload.get("fallback") or {}
    taken = detour.get("channel") or detour.get("via")
    return iter(ways[ways.index(taken) + 1 :] if taken in ways else ways)


def _content(delivery: Delivery) -> Content:
    """What this one part says."""
    link, card = delivery.payload.get("link"), delivery.payload.get("card")
    attachment: Attachment | None = delivery.attachment
    return Content(
        text=delivery.text,
        attachments=(attachment,) if attachment and not card else (),
        link=Link(**link) if link else None,
        card=Card(**card) if card else None,
        cover=attachment if card else None,
    )


def capabilities_of(channel: str) -> Capabilities:
    if channel not in current.channels():
        raise Refusal("no_channel", f"The channel {channel} is no longer configured.")
    return current.channels()[channel].capabilities


def _config(channel: str) -> list[str]:
    return current.settings().channels[channel].file.fallback
