"""Channels whose answers travel back in the response to the customer's own push.

The push waits for what the hub says. What is not said in time is caught by the provider's next try of the same push;
the last try is always acknowledged, and what is said after it waits for the customer's next message.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from typing import cast

from flask import current_app
from redis import Redis, RedisError
from sqlalchemy.exc import DBAPIError, TimeoutError

from channels.contract import Address, Channel, Inline, OutboundMessage
from hub.db import now, transaction
from hub.services import waiting
from hub.services.arrivals import Row

log = logging.getLogger(__name__)
LOOK_EVERY = 0.1  # seconds: a bot has said it soon
A_BOT_TAKES = 1.0
LOOK_FOR_PEOPLE_EVERY = 0.5
TRIES_KEPT = timedelta(minutes=2)
AFTER_THE_CUT = 0.5  # seconds; the provider has hung up for certain
AWAITS = {("message", None), ("presence", "followed"), ("signal", "entered"), ("signal", "menu")}
TELLS = {"presence": "state", "signal": "kind"}  # which field says what happened


def answer(channel: Channel, rows: list[Row], started: float) -> OutboundMessage | None:
    """What to answer this push with, once it is known. `started`: its monotonic time."""
    inline, row = channel.capabilities.answers_inline, next(filter(_awaits, rows), None)
    if inline is None or row is None:
        return None
    try:
        return _answer(channel, inline, row, started)
    except (DBAPIError, TimeoutError) as error:  # the push is stored, so what is said to it waits for the next one
        log.error("a push is acknowledged without its answer: %s", type(error).__name__)
        return None


def _answer(channel: Channel, inline: Inline, row: Row, started: float) -> OutboundMessage | None:
    is_last = _is_last(row, inline)  # asked first: a Redis that hangs must not keep us beyond the cut
    until = started + inline.within.total_seconds()
    while (at := time.monotonic()) < until:
        if _has_answer(channel, row) and (found := _said(channel, row)):
            return found
        pause = LOOK_EVERY if at - started < A_BOT_TAKES else LOOK_FOR_PEOPLE_EVERY
        time.sleep(min(pause, until - at))
    if is_last:
        return _said(channel, row)
    # so that the provider tries again, it must hang up before we answer
    time.sleep(max(0.0, started + inline.cut_after.total_seconds() + AFTER_THE_CUT - time.monotonic()))
    return None


def _awaits(row: Row) -> bool:
    event = row.event or {}
    name = event.get("event", "")
    return (name, event.get(TELLS.get(name, ""))) in AWAITS


def _sender(row: Row) -> Address:
    assert row.event, "nothing else awaits an answer"
    return Address(**row.event["sender"])


def _has_answer(channel: Channel, row: Row) -> bool:
    with transaction():
        return waiting.has_answer(channel.name, _sender(row), row.lane, row.key)


def _said(channel: Channel, row: Row) -> OutboundMessage | None:
    with transaction():
        return waiting.answer_inline(channel.name, _sender(row), row.key)


def _is_last(row: Row, inline: Inline) -> bool:
    """By the count of tries, or by the push's age: an earlier try may never have reached us."""
    age = now() - datetime.fromisoformat(row.sent_at)
    return _tries(row) >= inline.tries or age >= inline.cut_after * (inline.tries - 1) - timedelta(seconds=1)


def _tries(row: Row) -> int:
    """How often this push has come; as often as can be while Redis is away."""
    redis, key = cast(Redis, current_app.extensions["redis"]), f"tries:{row.channel}:{row.key}"
    try:
        with redis.pipeline() as pipeline:
            pipeline.incr(key)
            pipeline.expire(key, TRIES_KEPT)
            return int(pipeline.execute()[0])
    except RedisError as error:
        log.warning("tries of a push are not counted: %s", type(error).__name__)
        return 1_000
