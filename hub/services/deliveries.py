"""What became of each send. The class of the error decides."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from channels.contract import Address, Card, DeliveryResult, File, Link, OutboundMessage, Receipt
from channels.errors import Gone, Misconfigured, SendError, Uncertain, WindowClosed
from hub import current, files
from hub.db import db, now
from hub.jobs import claim, lost_claims, retry_later
from hub.live import tell
from hub.models import ChannelState, Delivery, DeliveryAttempt
from hub.services import allowances, pauses

LOST_WORKER = "The worker died while sending: it may have arrived."
FORWARD = ("", "delivered", "read")


def next_due() -> Delivery | None:
    """Claim one. Channels that are paused wait."""
    paused = select(ChannelState.channel).where(ChannelState.paused_until > now())
    return claim(Delivery, Delivery.channel.not_in(paused), Delivery.channel.in_(current.channels()))


def outbound(delivery: Delivery) -> OutboundMessage:
    """The part as its channel takes it."""
    file = _file(delivery)
    link, card = delivery.payload.get("link"), delivery.payload.get("card")
    return OutboundMessage(
        id=delivery.uid,
        to=Address(delivery.identity.scheme, delivery.identity.value),
        text=delivery.text,
        file=None if card else file,
        link=Link(**link) if link else None,
        card=Card(**card, cover=file) if card else None,
        by_bot=delivery.message.author_kind == "bot",
    )


def record(delivery: Delivery, outcome: DeliveryResult | SendError, started_at: datetime) -> None:
    """A claim that expired meanwhile is recorded all the same: now it is known."""
    error = outcome if isinstance(outcome, SendError) else None
    db.session.add(
        DeliveryAttempt(
            delivery_id=delivery.id,
            started_at=started_at,
            outcome=type(outcome).__name__ if error else "sent",
            code=error.code if error else "",
            reason=error.reason if error else "",
        )
    )
    if isinstance(outcome, DeliveryResult):
        _sent(delivery, outcome)
    else:
        _failed(delivery, outcome)
    tell(delivery.message)


def _sent(delivery: Delivery, result: DeliveryResult) -> None:
    delivery.state, delivery.error, delivery.error_code = "done", "", ""
    delivery.provider_id = result.provider_id
    pauses.lift(delivery.channel)


def _failed(delivery: Delivery, error: SendError) -> None:
    delivery.error, delivery.error_code = error.reason or type(error).__name__, error.code
    schedule = current.settings().hub.delivery.retry_after
    match error:
        case Misconfigured():  # nothing is wrong with the message: it waits until ops have mended the channel
            delivery.attempts -= 1
            retry_later(delivery, pauses.pause(delivery.channel, error))
        case SendError(retry=True) if delivery.attempts <= len(schedule):
            retry_later(delivery, error.after or schedule[delivery.attempts - 1])
        case Uncertain():
            delivery.state = "uncertain"
        case _:
            _give_up(delivery, error)


def received(channel: str, receipt: Receipt) -> None:
    """Receipts only move a delivery forward, in whatever order they come."""
    ours = (Delivery.channel == channel) & (Delivery.provider_id == receipt.provider_id)
    delivery = db.session.scalar(select(Delivery).where(ours).with_for_update())
    if delivery is None:
        return
    if receipt.status == "failed":
        delivery.state, delivery.error = "failed", receipt.reason
    elif FORWARD.index(receipt.status) > FORWARD.index(delivery.receipt):
        delivery.state, delivery.receipt = "done", receipt.status
    tell(delivery.message)


def expire_claims(older_than: timedelta) -> int:
    """A claim whose worker died may have been sent: say so, unless the provider drops a second copy itself."""
    lost = lost_claims(Delivery, older_than)
    for delivery in lost:
        if current.channels()[delivery.channel].capabilities.resend_safe:
            retry_later(delivery, timedelta(0))
        else:
            delivery.state, delivery.error, delivery.error_code = "uncertain", LOST_WORKER, "lost_worker"
        started_at = delivery.claimed_at or now()
        db.session.add(DeliveryAttempt(delivery_id=delivery.id, started_at=started_at, outcome="lost"))
        tell(delivery.message)
    return len(lost)


def _give_up(delivery: Delivery, error: SendError) -> None:
    delivery.state = "failed"
    if isinstance(error, WindowClosed):
        allowances.exhaust(delivery.identity_id)
    else:
        allowances.refund(delivery)
    if isinstance(error, Gone):
        delivery.identity.reachable = False


def _file(delivery: Delivery) -> File | None:
    if delivery.attachment is None or delivery.attachment.sha256 is None:
        return None
    attachment = delivery.attachment
    return File(attachment.name, attachment.mime, files.read(attachment.sha256 or ""))
