"""What became of each send. The class of the error decides."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import false, func, select
from sqlalchemy.orm import joinedload

from channels.contract import (
    NO_LETTER,
    Address,
    Card,
    Choice,
    DeliveryResult,
    File,
    Letter,
    Link,
    Menu,
    OutboundMessage,
    Quoted,
    Receipt,
    Template,
)
from channels.errors import Gone, Misconfigured, OptedOut, Postponed, Refused, SendError, Uncertain, WindowClosed
from hub import current, files
from hub.db import db, now
from hub.jobs import PACED, again, claim, lost_claims, retry_later
from hub.live import tell
from hub.models import Attachment, ChannelState, Delivery, DeliveryAttempt, Identity, Message, Reconciliation
from hub.services import allowances, consents, pauses, routes, sla, threaded
from hub.settings import HubFile

LOST_WORKER = "The worker died while sending: it may have arrived."
POSTPONED = timedelta(seconds=5)
FORWARD = ("", "delivered", "read")
# when an uncertain delivery is looked for, where the provider can tell; then an agent decides
LOOKS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))


def claim_due(limit: int) -> list[Delivery]:
    """Parts to send, with all that `outbound` needs of them. Channels that are paused wait."""
    paused = select(ChannelState.channel).where(ChannelState.paused_until > now())
    sending = (Delivery.channel.not_in(paused), Delivery.channel.in_(list(current.channels())))
    whole = (joinedload(Delivery.identity), joinedload(Delivery.message), joinedload(Delivery.attachment))
    claimed = claim(Delivery, *sending, limit=limit, options=whole)
    threaded.load_letters(claimed)
    return claimed


def outbound(delivery: Delivery, store: Path, hub: HubFile) -> OutboundMessage:
    """The part as its channel takes it. Asks the database for nothing."""
    file = _file(delivery, store)
    link, card, menu = (delivery.payload.get(kind) for kind in ("link", "card", "menu"))
    return OutboundMessage(
        id=delivery.uid,
        to=Address(delivery.identity.scheme, delivery.identity.value),
        text=delivery.text,
        file=None if card else file,
        link=Link(**link) if link else None,
        card=Card(**card, cover=file) if card else None,
        menu=_menu(menu) if menu else None,
        template=Template(**delivery.payload["template"]) if "template" in delivery.payload else None,
        notice="notice" in delivery.payload,
        author=delivery.message.author_name,
        by_bot=delivery.message.author_kind != "agent",
        letter=_letter(delivery, store, hub) if "subject" in delivery.message.payload else NO_LETTER,
    )


def _letter(delivery: Delivery, store: Path, hub: HubFile) -> Letter:
    """`threaded.load_letters` has brought what it needs."""
    message, answers = delivery.message, delivery.answers
    conversation, payload = message.conversation, message.payload
    return Letter(
        thread=conversation.thread or f"conversation-{conversation.id}",
        conversation=conversation.id,
        subject=payload["subject"],
        cc=tuple(payload["cc"]),
        bcc=tuple(payload["bcc"]),
        in_reply_to=answers.payload.get("message_id") if answers else None,
        references=tuple(answers.payload.get("references", ())) if answers else (),
        quoted=_quoted(answers) if answers else None,
        files=tuple(_bytes(attachment, store) for attachment in message.attachments),
        signature=hub.signatures.get(conversation.team),
        language=hub.language,
    )


def _quoted(message: Message) -> Quoted | None:
    """Nothing of what was erased. The time is the sender's own, where the message told it."""
    text = message.payload.get("whole") or message.text
    written = message.payload.get("date")
    sent_at = datetime.fromisoformat(written) if written else message.sent_at
    author = message.author_name or message.payload.get("from", "")
    return Quoted(author=author, sent_at=sent_at, text=text) if text else None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one send went."""

    delivery_id: int
    started_at: datetime
    ended_at: datetime
    result: DeliveryResult | SendError


def record(outcomes: Sequence[Outcome]) -> None:
    """A claim that expired meanwhile is recorded all the same: now it is known."""
    with db.session.no_autoflush:
        _lock_customers([each.delivery_id for each in outcomes if isinstance(each.result, WindowClosed | Gone)])
        rows = {row.id: row for row in again(Delivery, [outcome.delivery_id for outcome in outcomes])}
        messages = _with_parts({row.message_id for row in rows.values()})
        for outcome in outcomes:
            delivery = rows[outcome.delivery_id]
            _record(delivery, outcome)
            tell(messages[delivery.message_id])
        pauses.lift({rows[each.delivery_id].channel for each in outcomes if isinstance(each.result, DeliveryResult)})


def _lock_customers(delivery_ids: Collection[int]) -> None:
    """Whoever takes in at this moment that they wrote does so before us, and we know it, or releases what we keep."""
    if delivery_ids:
        theirs = select(Identity.id).join(Delivery, Delivery.identity_id == Identity.id)
        rows = theirs.where(Delivery.id.in_(delivery_ids)).order_by(Identity.contact_id, Identity.id)
        db.session.execute(rows.with_for_update(of=Identity, key_share=True))


def _with_parts(ids: Collection[int]) -> dict[int, Message]:
    whole = (joinedload(Message.deliveries), joinedload(Message.attachments))
    rows = select(Message).where(Message.id.in_(ids)).options(*whole)
    return {row.id: row for row in db.session.scalars(rows).unique()}


def _record(delivery: Delivery, outcome: Outcome) -> None:
    error = outcome.result if isinstance(outcome.result, SendError) else None
    if isinstance(error, Postponed):
        delivery.attempts -= 1
        delivery.error, delivery.error_code = error.reason, PACED
        retry_later(delivery, error.after or POSTPONED)
        return
    db.session.add(
        DeliveryAttempt(
            delivery_id=delivery.id,
            started_at=outcome.started_at,
            ended_at=outcome.ended_at,
            outcome=type(error).__name__ if error else "sent",
            code=error.code if error else "",
            reason=error.reason if error else "",
        )
    )
    if delivery.provider_id is not None:
        return  # a receipt was faster
    if isinstance(outcome.result, DeliveryResult):
        _sent(delivery, outcome.result)
    else:
        _failed(delivery, outcome.result, outcome.started_at)


def _sent(delivery: Delivery, result: DeliveryResult) -> None:
    delivery.state, delivery.error, delivery.error_code = "done", "", ""
    delivery.provider_id = result.provider_id
    threaded.note_sent(delivery)
    _not_copied(delivery, result.refused)


def _not_copied(delivery: Delivery, refused: Mapping[str, str]) -> None:
    """The customer has it; somebody who should have had a copy has not."""
    if refused:
        payload = delivery.message.payload
        delivery.message.payload = {**payload, "refused": {**payload.get("refused", {}), **refused}}


def settle(delivery: Delivery, result: DeliveryResult) -> None:
    """One of which we do not know it, or that we are about to try again, was sent."""
    if delivery.state in ("pending", "running", "uncertain"):
        _sent(delivery, result)
        tell(delivery.message)


def _failed(delivery: Delivery, error: SendError, started_at: datetime) -> None:
    delivery.error, delivery.error_code = error.reason or type(error).__name__, error.code
    schedule = _schedule(delivery.channel)
    match error:
        case Misconfigured():  # nothing is wrong with the message: it waits until ops have mended the channel
            delivery.attempts -= 1
            retry_later(delivery, pauses.pause(delivery.channel, error))
        case SendError(retry=True) if delivery.attempts <= len(schedule):
            retry_later(delivery, error.after or schedule[delivery.attempts - 1])
        case Uncertain():
            delivery.state = "uncertain"
            _look_for_it(delivery)
        case WindowClosed() | Gone() if delivery.attempts <= len(schedule) and _came_back(delivery, started_at):
            retry_later(delivery, timedelta(0))
        case _:
            _give_up(delivery, error)


def _schedule(channel: str) -> Sequence[timedelta]:
    known = current.channels().get(channel)
    return (known.capabilities.retry_after if known else ()) or current.settings().hub.delivery.retry_after


def _look_for_it(delivery: Delivery) -> None:
    channel = current.channels().get(delivery.channel)
    if channel and channel.capabilities.reconciles:
        job = Reconciliation(lane=f"delivery:{delivery.id}", delivery=delivery, due_at=now() + LOOKS[0])
        db.session.add(job)


def _came_back(delivery: Delivery, since: datetime) -> bool:
    """The customer wrote while we sent: the provider's no may be about the time before."""
    if "notice" in delivery.payload:
        return False
    grants = routes.capabilities_of(delivery.channel).allowances
    return allowances.renewed_since(delivery.identity_id, grants, since)


def received(channel: str, receipt: Receipt) -> bool:
    """Receipts only move a delivery forward, in whatever order they come. False: we know of no such delivery."""
    delivery = _delivery_of(channel, receipt)
    if delivery is None:
        return False
    if receipt.status == "sent":
        return True
    if receipt.status == "delayed":
        if delivery.state == "done" and not delivery.receipt:
            delivery.error = receipt.reason
    elif receipt.status == "failed" and receipt.recipient not in ("", delivery.identity.value):
        _not_copied(delivery, {receipt.recipient: receipt.reason})
    elif receipt.status == "failed":
        if receipt.again and not delivery.receipt and _times_sent(delivery) <= 1:
            delivery.provider_id, delivery.error = None, receipt.reason
            retry_later(delivery, receipt.again)
        elif not delivery.receipt:
            delivery.state, delivery.error = "failed", receipt.reason
            sla.answer_failed(delivery.message)
            if "notice" in delivery.payload:
                routes.notice_failed(delivery)
    elif FORWARD.index(receipt.status) > FORWARD.index(delivery.receipt):
        delivery.state, delivery.receipt = "done", receipt.status
        delivery.error = delivery.error_code = ""
    tell(delivery.message)
    return True


def _times_sent(delivery: Delivery) -> int:
    sent = select(func.count()).where(DeliveryAttempt.delivery_id == delivery.id, DeliveryAttempt.outcome == "sent")
    return db.session.scalar(sent) or 0


def _delivery_of(channel: str, receipt: Receipt) -> Delivery | None:
    """By our own id it is found before `send` has returned, and when its answer was lost: then it was sent."""
    theirs = Delivery.provider_id == receipt.provider_id
    ours = Delivery.uid == receipt.message if receipt.message else false()
    row = select(Delivery).where(Delivery.channel == channel, theirs | ours).with_for_update()
    delivery = db.session.scalar(row)
    if delivery and delivery.provider_id is None and not _times_sent(delivery):
        settle(delivery, DeliveryResult(receipt.provider_id))
    return delivery


def expire_claims(older_than: timedelta) -> int:
    """A claim whose worker died may have been sent: say so, unless the provider drops a second copy itself."""
    lost = [row for row in lost_claims(Delivery, older_than) if not _may_still_send(row)]
    for delivery in lost:
        channel = current.channels().get(delivery.channel)
        if channel and channel.capabilities.resend_safe:
            retry_later(delivery, timedelta(0))
        else:
            delivery.state, delivery.error, delivery.error_code = "uncertain", LOST_WORKER, "lost_worker"
            _look_for_it(delivery)
        started_at = delivery.claimed_at or now()
        db.session.add(DeliveryAttempt(delivery_id=delivery.id, started_at=started_at, outcome="lost"))
        tell(delivery.message)
    return len(lost)


def _may_still_send(delivery: Delivery) -> bool:
    channel = current.channels().get(delivery.channel)
    takes = channel.capabilities.send_takes if channel else timedelta(0)
    return delivery.claimed_at is not None and delivery.claimed_at > now() - takes


def _give_up(delivery: Delivery, error: SendError) -> None:
    delivery.state = "failed"
    if "notice" in delivery.payload:
        _notice_refused(delivery, error)
        return
    sla.answer_failed(delivery.message)
    match error:
        case WindowClosed(used_up=True):
            why = "allowance_used"
            allowances.exhaust(delivery.identity_id)
        case WindowClosed():
            why = "window_closed"
            allowances.close(delivery.identity_id)
        case Gone():
            why = "unreachable"
            allowances.refund(delivery)
            delivery.identity.reachable = False
            delivery.identity.opted_out = delivery.identity.opted_out or isinstance(error, OptedOut)
        case _:
            allowances.refund(delivery)
            return
    routes.take_detour(delivery, why)
    tell(delivery.message.conversation)


def _notice_refused(notice: Delivery, error: SendError) -> None:
    terms = routes.capabilities_of(notice.channel).notice
    if terms and terms.consent:
        settle = consents.revoke if isinstance(error, WindowClosed) else consents.give_back
        settle(notice.identity_id, terms.consent)
    if isinstance(error, Gone):
        notice.identity.reachable = False
    routes.notice_failed(notice)


def _menu(menu: dict[str, Any]) -> Menu:
    return Menu(menu["head"], tuple(Choice(**choice) for choice in menu["choices"]), menu["tail"])


def _file(delivery: Delivery, store: Path) -> File | None:
    return _bytes(delivery.attachment, store) if delivery.attachment else None


def _bytes(attachment: Attachment, store: Path) -> File:
    try:
        content = files.read_in(store, attachment.sha256 or "")
    except LookupError:
        raise Refused("the file is no longer in the store", code="lost_file") from None
    return File(attachment.name, attachment.mime, content)
