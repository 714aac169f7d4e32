"""Every background job: claim what is due, do the work, record how it went.

Work is taken in batches, one job a lane: what a batch costs the database is shared by all that is in it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import timedelta
from functools import cache
from pathlib import Path

from redis import RedisError

from channels.contract import Address, Attachment, Channel, DeliveryResult, File
from channels.errors import SendError, Uncertain
from hub import current, files
from hub.db import now, transaction
from hub.doorbell import TYPING, WORK, pending_key
from hub.jobs import again, claim, due_kinds, lost_claims, one_again, retry_later, served
from hub.models import (
    Arrival,
    BotTurn,
    Delivery,
    MediaFetch,
    Message,
    Poll,
    ProfileFetch,
    Push,
    Reconciliation,
    Suggestion,
    Transcription,
)
from hub.services import (
    arrivals,
    asking,
    attachments,
    call_actions,
    calls,
    conversations,
    deliveries,
    indexing,
    intake,
    lines,
    overdue,
    pauses,
    polls,
    presence,
    queueing,
    recordings,
    routing,
    silence,
    suggestions,
    versions,
)
from hub.services import pushing as pushes
from hub.services.deliveries import Outcome
from hub.settings import HubFile
from workers import (
    answering,
    audio,
    calling,
    learning,
    polling,
    profiles,
    pushing,
    reconciling,
    reloading,
    suggesting,
    transcription,
)
from workers.app import celery, hub
from workers.attempts import tried

log = logging.getLogger(__name__)
AT_ONCE = 20
GATHER_SECONDS = 0.02  # sends that end nearly together are recorded together
OVERDUE_AT_ONCE = 100  # conversations a sweep looks at
SENDS_AT_ONCE = 8  # side by side, so that one slow answer of a provider does not stop the others
# then it goes to the end of the queue, so that no kind of job keeps the others waiting
TURN_SECONDS = 0.2
PUSHES_KEPT = timedelta(days=7)
ARRIVALS_KEPT = timedelta(days=7)  # providers repeat themselves for minutes; this is for the people who ask
READING_SECONDS = 40  # of each minute
SUGGESTIONS_KEPT = timedelta(days=90)  # as long as what is used together is counted


@celery.task(name=WORK)
def work(kind: str) -> None:
    """Do what is due of one kind and what follows from it, and wake a colleague while there is more than one can do."""
    with hub().app_context():
        _taken_up(kind)
        ring, until = hub().extensions["doorbell"], time.monotonic() + TURN_SECONDS
        kinds = FOLLOWS[FOLLOWS.index(kind) :] if kind in FOLLOWS else (kind,)
        with transaction():
            versions.refreshed()
        with served(kinds):
            while busy := [each for each in kinds if _do(each)]:
                if time.monotonic() > until:
                    ring(busy)
                    return


def _do(kind: str) -> int:
    do, at_once = DOES[kind]
    done = do(at_once)
    if done == at_once:
        hub().extensions["doorbell"]((kind,))
    return done


def take_in(limit: int) -> int:
    """Events of providers become messages."""
    batch: list[Arrival] = []
    try:
        with transaction():
            batch = intake.next_arrivals(limit)
            answering.answer_at_once(intake.accept(batch))
    except Exception:
        if not batch:
            raise
        log.exception("a batch of arrivals is taken in one by one")
        for arrival in batch:
            _take_in_alone(arrival.id)
    return len(batch)


def _take_in_alone(arrival_id: int) -> None:
    try:
        with transaction():
            intake.accept([row for row in again(Arrival, [arrival_id]) if row.state == "pending"])
    except Exception as error:
        log.exception("arrival %s cannot be taken in", arrival_id)
        with transaction():
            intake.put_off(one_again(Arrival, arrival_id), error)


def deliver(limit: int) -> int:
    """Parts of messages go to their providers."""
    with transaction():
        claimed = deliveries.claim_due(limit)
    if not claimed:
        return 0
    senders, store, config = _senders(), files.folder(), current.settings().hub
    sends = [senders.submit(_send, current.channels()[each.channel], each, store, config) for each in claimed]
    for outcomes in _as_they_end(sends):
        with transaction():
            deliveries.record(outcomes)
    return len(claimed)


@cache
def _senders() -> ThreadPoolExecutor:
    """Of this process: made when it first sends, after the fork."""
    return ThreadPoolExecutor(SENDS_AT_ONCE)


def _send(channel: Channel, delivery: Delivery, store: Path, config: HubFile) -> Outcome:
    started_at = now()
    result: DeliveryResult | SendError
    try:
        result = channel.send(deliveries.outbound(delivery, store, config))
    except SendError as error:
        result = error
    except Exception as error:  # a bug in the adapter: it may have come before or after the send
        log.exception("%s: a bug in the adapter's send", channel.name)
        result = Uncertain(f"{type(error).__name__} in the adapter", code="bug")
    return Outcome(delivery.id, started_at, now(), result)


def _as_they_end(sends: list[Future[Outcome]]) -> Iterator[list[Outcome]]:
    waiting = set(sends)
    while waiting:
        first, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        more, waiting = wait(waiting, timeout=GATHER_SECONDS)
        yield [send.result() for send in first | more]


def fetch(limit: int) -> int:
    """Files come from the provider before it deletes them."""
    with transaction():
        claimed = claim(MediaFetch, MediaFetch.channel.in_(list(current.channels())), limit=limit)
        jobs = [(job.id, current.channels()[job.channel], attachments.wanted(job)) for job in claimed]
    for job_id, channel, wanted in jobs:
        _fetch(job_id, channel, wanted)
    return len(jobs)


def _fetch(job_id: int, channel: Channel, wanted: Attachment) -> None:
    brought = tried(lambda: _kept(*audio.playable(channel.fetch(wanted))), channel.name)
    with transaction():
        job = one_again(MediaFetch, job_id)
        if isinstance(brought, SendError):
            attachments.not_fetched(job, brought)
        else:
            attachments.fetched(job, *brought)


def _kept(file: File, peaks: list[int] | None) -> tuple[File, str, list[int] | None]:
    return file, files.keep(file.content), peaks


def ask_customers(limit: int) -> int:
    """How it was."""
    with transaction():
        return asking.ask(limit)


FOLLOWS = ("arrival", "bot_turn", "delivery")  # what one worker does without a bell in between
DOES: dict[str, tuple[Callable[[int], int], int]] = {
    "arrival": (take_in, AT_ONCE),
    "bot_turn": (answering.answer, AT_ONCE),
    "delivery": (deliver, SENDS_AT_ONCE),
    "media_fetch": (fetch, 1),
    "call_action": (calling.act, 4),
    "poll": (polling.poll, 1),
    "push": (pushing.push, 4),
    "profile_fetch": (profiles.fetch_profiles, 1),
    "survey": (ask_customers, AT_ONCE),
    "suggestion": (suggesting.suggest, AT_ONCE),
    "transcription": (transcription.transcribe, 1),
    "reconciliation": (reconciling.reconcile, 1),
}


@celery.task(name=TYPING)
def show_typing(channel: str, scheme: str, value: str) -> None:
    with hub().app_context():
        if known := current.channels().get(channel):
            known.typing(Address(scheme, value))


@celery.task
def sweep() -> None:
    """Ring for everything that is due, and decide about claims whose worker died."""
    with hub().app_context():
        older_than = current.settings().hub.delivery.claim_expires
        with transaction():
            deliveries.expire_claims(older_than)
            for model in (BotTurn, MediaFetch, Poll, ProfileFetch, Push, Suggestion, Transcription, Reconciliation):
                for job in lost_claims(model, older_than):
                    retry_later(job, timedelta(0))
            conversations.wake_due()
            pauses.miss_receivers()
            polls.begin()
        with transaction():
            call_actions.expire_claims(older_than)
            call_actions.lose_overdue()
            calls.lose_silent()
        with transaction():
            presence.notice()
        with transaction():
            silence.act()
        with transaction():
            routing.hand_out_queue()
        with transaction():
            queueing.tell()
        with transaction():
            overdue.look(OVERDUE_AT_ONCE)
        with transaction():
            kinds = due_kinds()
        hub().extensions["doorbell"](kinds)


@celery.task
def look_at_files() -> None:
    """Ops have changed what bots know."""
    with hub().app_context():
        reloading.look()


@celery.task
def learn() -> None:
    """What bots did not understand becomes a list for people."""
    with hub().app_context():
        learning.learn()


@celery.task
def tidy() -> None:
    with hub().app_context():
        for forget, kept in (
            (arrivals.forget, ARRIVALS_KEPT),
            (suggestions.forget, SUGGESTIONS_KEPT),
            (pushes.forget, PUSHES_KEPT),
        ):
            purged = True
            while purged:
                with transaction():
                    purged = bool(forget(kept))
        for line in lines.lines():
            _forget_recordings(line.name)


@celery.task
def read_for_search() -> None:
    """Messages from before there was a search become found, bit by bit; usually there are none."""
    with hub().app_context():
        until, left = time.monotonic() + READING_SECONDS, True
        while left and time.monotonic() < until:
            with transaction():
                left = bool(indexing.catch_up())


def _forget_recordings(channel: str) -> None:
    while True:
        with transaction():
            old = recordings.outlived(channel)
            attachments.forget(Message.id.in_(old))
            recordings.say_erased(old)
        if not old:
            return


def _taken_up(kind: str) -> None:
    """From here on a new wake is news."""
    try:
        hub().extensions["redis"].delete(pending_key(kind))
    except RedisError as error:
        log.warning("Redis is away: %s", type(error).__name__)
