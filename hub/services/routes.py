"""Which way a reply takes: straight to where the customer wrote, or the way around that ops laid out in `fallback`."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, select

from channels.contract import Cap, Capabilities, Card, Link
from channels.templates import shown
from hub import current, letters
from hub.db import db, now
from hub.live import tell
from hub.models import Attachment, Call, Conversation, Delivery, Identity, Message
from hub.refusals import Refusal
from hub.services import allowances, consents, fitting
from hub.services.allowances import Purse
from hub.services.fitting import Content, Part

NOTICE, WAIT = "notice", "wait"  # in `fallback`; every other word there is a channel, or channel/template
BY_TEMPLATE = "/"
TEMPLATE_TEXT, UNKNOWN = 20, "-"  # what fills the gaps of a template is short, and never empty
# the customer has to do something first
CLOSED = ("window_closed", "allowance_used", "unreachable", "opted_out", "no_call")
WAITS = {
    "window_closed": "It goes out when the customer writes again: the time to answer was over.",
    "allowance_used": "It goes out when the customer writes again: the allowed number of answers was used up.",
    "unreachable": "It goes out when the customer comes back: they cannot be reached there now.",
    "opted_out": "It goes out when the customer subscribes again.",
    "no_call": "It goes out when the customer calls again.",
    "spoken": "It is said in the call.",
    "passive": "It goes out with the answer to the customer's next message.",
}
NOTICE_TEXT = 200  # characters of the reply that a notification may quote


@dataclass(frozen=True, slots=True)
class Notification:
    """That something waits: by the channel's own notice, or by an approved text of another channel."""

    channel: str
    identity: Identity
    way: str
    template: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    channel: str
    identity: Identity
    parts: list[Part]
    spent: list[str | None]  # the allowance each part was taken from
    waits: str = ""  # why it has to; "" sends at once
    notify: Notification | None = None
    detour: dict[str, Any] = field(default_factory=dict)  # what agents are told about it


def straight(channel: str, identity: Identity, content: Content, *, by_bot: bool, purse: Purse | None = None) -> Route:
    """Refuses what the channel would refuse. `purse` is what the identity allows, where the caller has it."""
    capabilities = capabilities_of(channel)
    if capabilities.answers_inline:
        parts = fitting.fit(content, capabilities)
        return Route(channel, identity, parts, [None] * len(parts), waits="passive")
    if capabilities.spoken:
        if not is_listening(channel, identity):
            raise Refusal("no_call", "There is no call in which this could be said. Call them, or write to them.")
        parts = fitting.fit(content, capabilities)
        return Route(channel, identity, parts, [None] * len(parts), waits="spoken")
    if identity.opted_out:
        raise Refusal("opted_out", "The customer unsubscribed: only they can undo it, by writing START.")
    if not _is_reachable(identity):
        raise Refusal("unreachable", "The customer cannot be reached there any more.")
    parts = fitting.fit(content, capabilities)
    if capabilities.cap:
        _check_cap(channel, identity, len(parts), capabilities.cap)
    if purse is None and capabilities.allowances:
        purse = allowances.purses([identity.id])[identity.id]
    return Route(channel, identity, parts, allowances.spend(purse or [], len(parts), capabilities, by_bot=by_bot))


def is_listening(channel: str, identity: Identity) -> bool:
    """To the bot, or to the music: who talks to a person hears that person."""
    listens = (Call.channel == channel) & (Call.identity_id == identity.id) & Call.state.in_(("bot", "queued"))
    return db.session.scalar(select(Call.id).where(listens).limit(1)) is not None


def _is_reachable(identity: Identity) -> bool:
    if not identity.reachable:  # as we last saw it: they may have come back since
        db.session.refresh(identity, ["reachable"])
    return identity.reachable


def _check_cap(channel: str, identity: Identity, count: int, cap: Cap) -> None:
    """Each message costs money, and a person who gets too many of them calls it spam."""
    since = now() - cap.within
    theirs = (Delivery.channel == channel) & (Delivery.identity_id == identity.id) & (Delivery.created_at > since)
    sent = select(Delivery.created_at).where(theirs, Delivery.state.not_in(("failed", "cancelled")))
    times = db.session.scalars(sent.order_by(Delivery.created_at.desc()).limit(cap.count)).all()
    room = cap.count - len(times)
    if count <= room:
        return
    frees = times[max(0, cap.count - count)] if count <= cap.count else times[-1] if times else now()
    after = str(math.ceil((frees + cap.within - now()).total_seconds()))
    detail = f"{cap.count} messages to one person in {_span(cap.within)} are enough."
    raise Refusal("too_many", detail, 429, after=after)


def _span(time: timedelta) -> str:
    hours, minutes = divmod(int(time.total_seconds()) // 60, 60)
    return f"{hours} h" if hours and not minutes else f"{hours * 60 + minutes} min"


def around(conversation: Conversation, channel: str, identity: Identity, content: Content, why: str) -> Route | None:
    """The first way of `fallback` that is open."""
    return _first(_ways(channel), conversation, channel, identity, content, why) if why in CLOSED else None


def _first(
    ways: list[str], conversation: Conversation, channel: str, identity: Identity, content: Content, why: str
) -> Route | None:
    capabilities = capabilities_of(channel)
    for way in ways:
        if way not in (WAIT, NOTICE) and BY_TEMPLATE not in way:
            if elsewhere := _elsewhere(conversation, way, content):
                return replace(elsewhere, detour={"via": "channel", "channel": way, "reason": why})
            continue
        notified = way != WAIT and _is_notified(identity, way)
        notification = None if way == WAIT or notified else _notification_by(conversation, way, channel, identity)
        if way == WAIT or notified or notification:
            parts = fitting.fit(content, capabilities)
            detour = {"via": "template", "way": way} if BY_TEMPLATE in way else {"via": way}
            route = Route(channel, identity, parts, [None] * len(parts), waits=why)
            return replace(route, notify=notification, detour={**detour, "reason": why})
    return None


def _notification_by(conversation: Conversation, way: str, channel: str, identity: Identity) -> Notification | None:
    """Takes the customer's consent where the channel needs one."""
    if way == NOTICE:
        return Notification(channel, identity, way) if may_notify(identity, capabilities_of(channel)) else None
    other, _, template = way.partition(BY_TEMPLATE)
    if theirs := next(iter(_identities(conversation, other)), None):
        return Notification(other, theirs, way, template)
    return None


def _elsewhere(conversation: Conversation, channel: str, content: Content) -> Route | None:
    """Another channel of the same contact, if it takes the reply now."""
    for identity in _identities(conversation, channel):
        try:
            route = straight(channel, identity, content, by_bot=False)
        except Refusal:
            continue
        if not route.waits:
            return route
    return None


def _identities(conversation: Conversation, channel: str) -> list[Identity]:
    """Where this channel reaches the customer."""
    scheme = current.channels()[channel].scheme
    theirs = (Identity.contact_id == conversation.contact_id) & (Identity.scheme == scheme) & Identity.reachable
    return list(db.session.scalars(select(Identity).where(theirs, ~Identity.opted_out).order_by(Identity.id)))


def may_notify(identity: Identity, capabilities: Capabilities) -> bool:
    """Takes the customer's consent where the channel needs one."""
    notice = capabilities.notice
    if notice is None or not identity.reachable:
        return False
    return not notice.consent or consents.take(identity.id, notice.consent)


def _is_notified(identity: Identity, way: str) -> bool:
    """Once until they write, however many replies wait."""
    db.session.flush()
    return bool(db.session.scalar(select(select(Delivery.id).where(_announced(identity.id, way)).exists())))


def _announced(identity_id: int, way: str) -> ColumnElement[bool]:
    fallback = Message.payload["fallback"]
    announced = fallback["via" if way == NOTICE else "way"].as_string() == way
    return Delivery.message.has(announced) & (Delivery.identity_id == identity_id) & (Delivery.state == "waiting")


def deliveries(route: Route, excerpt: str = "", author: str = "", answers: Message | None = None) -> list[Delivery]:
    """One for each part, and one for the notification that they wait. `answers`: the message replied to."""
    rows = [
        _delivery(
            route,
            lane=f"identity:{route.identity.id}",
            part=number,
            text=part.text,
            attachment=part.attachment,
            payload=part.payload,
            spent=taken_from,
            answers=answers,
            state="waiting" if route.waits else "pending",
            error=WAITS[route.waits] if route.waits else "",
            error_code=route.waits,
        )
        for number, (part, taken_from) in enumerate(zip(route.parts, route.spent, strict=True))
    ]
    if route.notify:
        rows.append(_notification(route.notify, route.identity, len(rows), excerpt, author))
    return rows


def _notification(notify: Notification, waits_for: Identity, part: int, excerpt: str, author: str) -> Delivery:
    # a lane of its own: what waits must not keep it from going
    lane, text = f"notice:{notify.identity.id}", excerpt.strip()[:NOTICE_TEXT]
    payload: dict[str, Any] = {"notice": True, "way": notify.way, "of": waits_for.id}
    if notify.template:
        form = capabilities_of(notify.channel).templates[notify.template]
        known = {"agent": author, "text": text[:TEMPLATE_TEXT], "name": waits_for.contact.name}
        fields = {name: known[name] or UNKNOWN for name in form.fields}
        payload["template"], text = {"name": notify.template, "fields": fields}, shown(form, fields)
    to = Route(notify.channel, notify.identity, [], [])
    return _delivery(to, lane=lane, part=part, text=text, payload=payload, state="pending")


def _delivery(route: Route, **values: Any) -> Delivery:
    common = {"channel": route.channel, "identity_id": route.identity.id, "identity": route.identity}
    unset = {"attempts": 0, "error": "", "error_code": "", "receipt": "", "spent": None, "attachment": None}
    return Delivery(**{**common, **unset, **values})


def take_detour(delivery: Delivery, why: str) -> bool:
    """The provider refused it because the customer has to write first. True if there is a way around."""
    if delivery.message.author_kind != "agent":
        return False
    if any(part.state == "waiting" for part in delivery.message.deliveries):  # a reply is kept together
        _park(delivery, why)
        return True
    return _take_first(_ways(delivery.channel), delivery, why)


def _take_first(ways: list[str], delivery: Delivery, why: str) -> bool:
    message = delivery.message
    route = _first(ways, message.conversation, delivery.channel, delivery.identity, _content(delivery), why)
    if route is None:
        return False
    message.payload = {**message.payload, "fallback": route.detour}
    if route.waits:
        _park(delivery, why)
        if route.notify:
            part = len(message.deliveries)
            message.deliveries.append(
                _notification(route.notify, route.identity, part, message.text, message.author_name)
            )
    else:
        _take(delivery, route)
    return True


def send_by(channel: str, delivery: Delivery) -> None:
    """A person wants this part to go by that channel. Refuses what would not be sent there at once."""
    message, refusal = delivery.message, Refusal("no_channel", f"{channel} does not reach the customer.")
    if channel not in current.channels() or channel == delivery.channel:
        raise refusal
    for identity in _identities(message.conversation, channel):
        try:
            route = straight(channel, identity, _content(delivery), by_bot=False)
        except Refusal as reason:
            refusal = reason
            continue
        if route.waits:
            refusal = Refusal(route.waits, WAITS[route.waits])
            continue
        message.payload = {**message.payload, "fallback": {"via": "channel", "channel": channel, "reason": "by_hand"}}
        _take(delivery, route)
        return
    raise refusal


def _take(delivery: Delivery, route: Route) -> None:
    """It goes by that route instead."""
    if capabilities_of(route.channel).whole:
        _send_whole(delivery.message, route)
    else:
        delivery.message.deliveries += deliveries(route)
    delivery.state = "cancelled"


def _send_whole(message: Message, route: Route) -> None:
    """There it is one message, whatever parts it had here; of those none is sent any more."""
    conversation = message.conversation
    answers = letters.answered(conversation)
    heading = letters.filled(letters.USUAL, conversation, route.identity.value, answers)
    message.payload = {**message.payload, **heading}
    for part in message.deliveries:
        if part.state in ("pending", "waiting", "failed"):
            part.state = "cancelled"
    link = next((part.payload["link"] for part in message.deliveries if "link" in part.payload), None)
    content = Content(text=message.text, attachments=tuple(message.attachments), link=Link(**link) if link else None)
    parts = fitting.fit(content, capabilities_of(route.channel))
    message.deliveries += deliveries(replace(route, parts=parts, spent=[None]), answers=answers)


def _park(delivery: Delivery, why: str) -> None:
    delivery.state, delivery.error, delivery.error_code, delivery.spent = "waiting", WAITS[why], why, None


def notice_failed(notice: Delivery) -> None:
    """All that it announced takes the way that stands after it, or still waits."""
    way, waits_for = notice.payload.get("way", NOTICE), notice.payload.get("of", notice.identity_id)
    db.session.flush()
    rows = select(Delivery).where(_announced(waits_for, way)).order_by(Delivery.id)
    announced = db.session.scalars(rows.with_for_update(of=Delivery).execution_options(populate_existing=True))
    for part in announced.all():
        message, why, ways = part.message, part.error_code, _ways(part.channel)
        after = ways[ways.index(way) + 1 :] if way in ways else []
        if not _take_first(after, part, why):
            message.payload = {**message.payload, "fallback": {"via": WAIT, "reason": why}}
        tell(message)
    db.session.flush()  # who looks at what waits for this customer sees it


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


def _ways(channel: str) -> list[str]:
    return current.settings().channels[channel].file.fallback
