"""Every background job, each one a claim, the work, and a record of how it went."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from redis import RedisError

from channels.contract import Address, Channel, DeliveryResult, OutboundMessage
from channels.errors import SendError, Uncertain
from hub import current, files
from hub.db import db, now, transaction
from hub.doorbell import TYPING, WORK, pending_key
from hub.jobs import J, claim, due_kinds, lost_claims, purge, retry_later
from hub.models import Arrival, BotTurn, MediaFetch
from hub.services import attachments, bot_turns, conversations, deliveries, intake
from workers.app import bots, celery, hub
from workers.bots.thinking import think

log = logging.getLogger(__name__)
# then it goes to the end of the queue, so that no kind of job keeps the others waiting
TURN_SECONDS = 2.0
ARRIVALS_KEPT = timedelta(days=7)  # providers repeat themselves for minutes; this is for the people who ask


@celery.task(name=WORK)
def work(kind: str) -> None:
    """Do what is due of one kind, and wake a colleague while there is more."""
    with hub().app_context():
        ring = hub().extensions["doorbell"]
        _taken_up(kind)
        do_next, began, done = DOES[kind], time.monotonic(), 0
        while do_next():
            done += 1
            if done == 1 or time.monotonic() - began > TURN_SECONDS:
                ring((kind,))
            if time.monotonic() - began > TURN_SECONDS:
                return


def take_in() -> bool:
    """One event of a provider, in one transaction."""
    arrival: Arrival | None = None
    try:
        with transaction():
            arrival = intake.next_arrival()
            if arrival is None:
                return False
            intake.accept(arrival)
    except Exception as error:
        if arrival is None:
            raise
        log.exception("arrival %s cannot be taken in", arrival.id)
        with transaction():
            intake.put_off(_again(arrival), error)
    return True


def answer() -> bool:
    """One turn of a bot."""
    with transaction():
        turn = claim(BotTurn)
    if turn is None:
        return False
    question = bot_turns.question(turn)
    db.session.rollback()  # no transaction stays open while the bot thinks
    try:
        verdict = think(bots(), question)
        with transaction():
            bot_turns.record(_again(turn), verdict)
    except Exception as error:
        log.exception("bot turn %s failed", turn.id)
        with transaction():
            bot_turns.try_again(_again(turn), error)
    return True


def deliver() -> bool:
    """One send."""
    with transaction():
        delivery = deliveries.next_due()
    if delivery is None:
        return False
    started_at = now()
    channel, message = current.channels()[delivery.channel], deliveries.outbound(delivery)
    db.session.rollback()  # no transaction stays open while the provider thinks
    outcome = _send(channel, message)
    with transaction():
        deliveries.record(_again(delivery), outcome, started_at)
    return True


def _send(channel: Channel, message: OutboundMessage) -> DeliveryResult | SendError:
    try:
        return channel.send(message)
    except SendError as error:
        return error
    except Exception as error:  # a bug in the adapter: it may have come before or after the send
        log.exception("%s: a bug in the adapter's send", channel.name)
        return Uncertain(f"{type(error).__name__} in the adapter", code="bug")


def fetch() -> bool:
    """One file, before the provider deletes it."""
    with transaction():
        job = claim(MediaFetch, MediaFetch.channel.in_(current.channels()))
    if job is None:
        return False
    channel, wanted = current.channels()[job.channel], attachments.wanted(job)
    db.session.rollback()
    try:
        file = channel.fetch(wanted)
        digest = files.keep(file.content)
    except SendError as error:
        with transaction():
            attachments.not_fetched(_again(job), error)
    else:
        with transaction():
            attachments.fetched(_again(job), file, digest)
    return True


def _again(job: J) -> J:
    """The row as it is now, ours alone until the commit."""
    return db.session.get_one(type(job), job.id, with_for_update=True, populate_existing=True)


DOES: dict[str, Callable[[], bool]] = {
    "arrival": take_in,
    "bot_turn": answer,
    "delivery": deliver,
    "media_fetch": fetch,
}


@celery.task(name=TYPING)
def show_typing(channel: str, scheme: str, value: str) -> None:
    with hub().app_context():
        if known := current.channels().get(channel):
            known.typing(Address(scheme, value))


def _taken_up(kind: str) -> None:
    """From here on a new wake is news."""
    try:
        hub().extensions["redis"].delete(pending_key(kind))
    except RedisError as error:
        log.warning("Redis is away: %s", type(error).__name__)


@celery.task
def sweep() -> None:
    """Ring for everything that is due, and decide about claims whose worker died."""
    with hub().app_context():
        older_than = current.settings().hub.delivery.claim_expires
        with transaction():
            deliveries.expire_claims(older_than)
            for model in (BotTurn, MediaFetch):
                for job in lost_claims(model, older_than):
                    retry_later(job, timedelta(0))
            conversations.wake_due()
        with transaction():
            kinds = due_kinds()
        hub().extensions["doorbell"](kinds)


@celery.task
def tidy() -> None:
    with hub().app_context(), transaction():
        purge(Arrival, ARRIVALS_KEPT)
