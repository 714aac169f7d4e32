"""The door for what we fetch ourselves: one process a channel, with a connection to the provider and a bookmark.

What it reads is durable, together with the bookmark behind it, before it reads on: so it may die at any moment. A lease
in Redis keeps two hosts from reading the same channel. That saves work, and nothing depends on it, for what is stored
twice is dropped by its key.
"""

from __future__ import annotations

import logging
import random
import signal
import socket
import time
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from flask import Flask
from redis import Redis, RedisError
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError, TimeoutError

from channels.contract import ReceivingChannel, WebhookRequest
from channels.errors import Misconfigured, SendError
from hub.cache import UNLOCK
from hub.db import db, now, transaction
from hub.live import tell_channel
from hub.models import Arrival, Bookmark
from hub.services import arrivals
from hub.services.arrivals import Row

log = logging.getLogger(__name__)
PATIENCE = timedelta(seconds=20)  # how long one look waits for news
LEASE, RENEW_EVERY = 60.0, 20.0  # seconds
SOMEBODY_ELSE = 5.0  # seconds until we look whether they are still there
PAUSES = (2.0, 5.0, 15.0, 60.0, 300.0)  # seconds, one after the other while it fails
PAUSE_FOR_OPS = 300.0  # providers lock accounts that come with a wrong password too often
PAUSE_FOR_THE_DATABASE = 2.0
WELL = {"failing_since": None, "reason": "", "code": ""}
HICCUPS = 1  # failures in a row that nobody needs to know of: servers close connections now and then


# ours already, or nobody's
HOLD = """
    local holder = redis.call('get', KEYS[1])
    if holder and holder ~= ARGV[1] then return 0 end
    redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2])
    return 1
"""


class Ended(BaseException):
    """Somebody asked us to end while we wait or work."""


def _end(*_: object) -> None:
    raise Ended


class Receiver:
    """Of one channel."""

    def __init__(self, app: Flask, channel: ReceivingChannel):
        self._app, self._channel = app, channel
        holder = f"{socket.gethostname()}:{app.extensions['data']}"
        self._lease = Lease(app.extensions["redis"], channel.name, holder)
        self._failures = 0
        self._hears = False

    def run(self) -> None:
        """Until somebody asks it to end: at once, for it may end anywhere."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _end)
        try:
            while True:
                time.sleep(self.turn())
        except Ended:
            self._lease.release()
            self._channel.close()

    def turn(self) -> float:
        """One look; returns the seconds to pause before the next."""
        if not self._lease.hold():
            return SOMEBODY_ELSE
        try:
            self._read()
        except SendError as error:
            return self._failed(error)
        except (DBAPIError, TimeoutError) as error:
            log.error(
                "%s: PostgreSQL is away, its mail stays where it is: %s", self._channel.name, type(error).__name__
            )
            self._channel.close()
            return PAUSE_FOR_THE_DATABASE
        except Exception as error:  # this process must outlive every bug
            log.exception("%s: a bug in what receives", self._channel.name)
            self._channel.close()
            return self._failed(SendError(type(error).__name__, code="bug"))
        return 0.0

    def _read(self) -> None:
        with transaction():
            bookmark = db.session.get(Bookmark, self._channel.name, populate_existing=True)
            place = bookmark.place if bookmark else ""
        # a first look does not wait for news, so that it is soon known that we hear
        for behind, request in self._channel.receive(place, PATIENCE if self._hears else timedelta(0)):
            self._take(behind, request)
            if not self._lease.hold():
                self._channel.close()
                return
        self._note(heard_at=now(), **WELL)
        if self._failures > HICCUPS:
            self._tell()
        self._failures, self._hears = 0, True

    def _take(self, place: str, request: WebhookRequest) -> None:
        """Durable when it returns."""
        self._channel.verify(request)
        rows = arrivals.rows(self._channel, request)
        try:
            self._store(rows, place)
        except DBAPIError as error:
            if not arrivals.is_refusal(error):
                raise
            log.error("a message cannot be stored and is kept as unreadable: %s", type(error).__name__)
            self._store([arrivals.unstorable(row) for row in rows], place)
        self._app.extensions["doorbell"]((Arrival.kind,))

    def _store(self, rows: Collection[Row], place: str) -> None:
        with db.engine.begin() as connection:
            if rows:
                arrivals.store(connection, rows)
            _write(connection, self._channel.name, place=place, heard_at=now(), **WELL)

    def _failed(self, error: SendError) -> float:
        name, is_for_ops = self._channel.name, isinstance(error, Misconfigured)
        reason = error.reason or type(error).__name__
        self._failures, self._hears = self._failures + 1, False
        log.warning("%s cannot be read: %s", name, reason)
        pause = PAUSES[min(self._failures, len(PAUSES)) - 1] * random.uniform(0.8, 1.2)
        if is_for_ops or self._failures > HICCUPS:
            try:
                self._note(failing_since=now(), reason=reason, code=error.code)
                self._tell()
            except (DBAPIError, TimeoutError) as away:
                log.error("%s: and nobody can be told: %s", name, type(away).__name__)
        if is_for_ops:
            pause = PAUSE_FOR_OPS
        return max(pause, error.after.total_seconds() if error.after else 0.0)

    def _note(self, **values: Any) -> None:
        with db.engine.begin() as connection:
            _write(connection, self._channel.name, **values)

    def _tell(self) -> None:
        with transaction():
            tell_channel(self._channel.name)


def _write(connection: Connection, channel: str, **values: Any) -> None:
    """`failing_since` stays what it was while it fails."""
    row = insert(Bookmark).values(channel=channel, **{"place": "", "reason": "", "code": "", **values})
    if values.get("failing_since"):
        values["failing_since"] = db.func.coalesce(Bookmark.failing_since, values["failing_since"])
    connection.execute(row.on_conflict_do_update(index_elements=["channel"], set_=values))


class Lease:
    """Who reads this channel: a host and its data directory. While Redis is away everybody does."""

    def __init__(self, redis: Redis, channel: str, holder: str):
        self._redis, self._key, self._holder = redis, f"receiver:{channel}", holder
        self._is_ours = False
        self._ask_at = 0.0

    def hold(self) -> bool:
        """Whether it is ours, and stays so until we ask again. After a crash we find our own."""
        if self._is_ours and time.monotonic() < self._ask_at:
            return True
        try:
            self._is_ours = bool(self._redis.eval(HOLD, 1, self._key, self._holder, int(LEASE * 1000)))
        except RedisError as error:
            log.warning("the lease is not looked at: %s", type(error).__name__)
            self._is_ours = True
        self._ask_at = time.monotonic() + RENEW_EVERY
        return self._is_ours

    def release(self) -> None:
        try:
            self._redis.eval(UNLOCK, 1, self._key, self._holder)
        except RedisError as error:
            log.warning("the lease frees itself: %s", type(error).__name__)
