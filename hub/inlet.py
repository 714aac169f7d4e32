"""The door for pushes: what many requests bring at the same time goes in with one insert and one commit.

A request returns when what it brought is durable: in PostgreSQL, or in the spool while PostgreSQL is away or hangs.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from queue import Empty, SimpleQueue
from threading import Lock, Thread

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, TimeoutError

from hub.doorbell import Doorbell
from hub.models import Arrival
from hub.services import arrivals
from hub.services.arrivals import Row
from hub.spool import Spool

log = logging.getLogger(__name__)
PATIENCE = 1.0  # seconds; WeChat waits five for our answer
LINGER = 0.003  # company is worth waiting for: a commit costs as much for one push as for ten
RING_EVERY = 0.05
REQUESTS_AT_ONCE = 200
DRAIN_EVERY = 1.0


class Waiting:
    """One request at the door."""

    def __init__(self, rows: list[Row]):
        self.rows = rows
        self.stored = False
        self._over = Lock()  # an Event is five of them
        self._over.acquire()

    def wait(self) -> None:
        self._over.acquire(timeout=PATIENCE)

    def end(self) -> None:
        self._over.release()


class Inlet:
    def __init__(self, engine: Engine, spool: Spool, doorbell: Doorbell):
        self._engine, self._spool, self._doorbell = engine, spool, doorbell
        self._queue: SimpleQueue[Waiting] = SimpleQueue()
        self._busy_since: float | None = None
        self._away_until = 0.0

    def open(self) -> None:
        """Start the two threads that write and drain. Called in the process that serves, after any fork."""
        Thread(target=self._write, name="inlet", daemon=True).start()
        Thread(target=self._drain, name="spool", daemon=True).start()

    def let_in(self, rows: list[Row]) -> bool:
        """Durable when it returns; raises only if neither the database nor the disk takes it.

        Returns whether it is in the database, where workers find it.
        """
        if not self._database_is_away():
            waiting = Waiting(rows)
            self._queue.put(waiting)
            waiting.wait()
            if waiting.stored:
                return True
        # it may still be stored as well: a second copy of an event is dropped by its key
        self._spool.append([arrivals.spooled(row) for row in rows])
        return False

    def _database_is_away(self) -> bool:
        at, busy_since = time.monotonic(), self._busy_since
        return at < self._away_until or (busy_since is not None and at - busy_since > PATIENCE)

    def _write(self) -> None:
        rung_at = 0.0
        while True:
            batch = [self._queue.get()]
            time.sleep(LINGER)
            try:
                while len(batch) < REQUESTS_AT_ONCE:
                    batch.append(self._queue.get_nowait())
            except Empty:
                pass
            self._busy_since = time.monotonic()
            try:
                self._store(batch)
            except Exception:  # this thread must outlive every bug: the requests go to the spool meanwhile
                log.exception("a batch of pushes could not be stored")
            self._busy_since = None
            # while more is waiting, the next batch rings as well
            if self._queue.empty() or time.monotonic() - rung_at > RING_EVERY:
                self._doorbell((Arrival.kind,))
                rung_at = time.monotonic()

    def _store(self, batch: list[Waiting]) -> None:
        try:
            self._keep([row for waiting in batch for row in waiting.rows])
        except (DBAPIError, TimeoutError) as error:
            self._away_until = time.monotonic() + PATIENCE
            log.error("PostgreSQL is away, pushes go to the spool: %s", type(error).__name__)
        else:
            for waiting in batch:
                waiting.stored = True
        for waiting in batch:
            waiting.end()

    def _keep(self, rows: list[Row]) -> None:
        """All of them: one that the database refuses does not keep the others out."""
        try:
            self._insert(rows)
        except DBAPIError as error:
            if not arrivals.is_refusal(error):
                raise
            if len(rows) > 1:
                for row in rows:
                    self._keep([row])
                return
            log.error("an event cannot be stored and is kept as unreadable: %s", type(error).__name__)
            self._insert([arrivals.unstorable(rows[0])])

    def _insert(self, rows: Iterable[Row]) -> None:
        with self._engine.begin() as connection:
            arrivals.store(connection, rows)

    def _drain(self) -> None:
        while True:
            time.sleep(DRAIN_EVERY)
            if self._spool.is_empty() or self._database_is_away():
                continue
            try:
                count = self._spool.drain(lambda lines: self._keep(list(map(arrivals.unspooled, lines))))
                self._doorbell((Arrival.kind,))
                log.warning("PostgreSQL is back: %s pushes taken from the spool", count)
            except (DBAPIError, TimeoutError) as error:
                log.error("the spool cannot be drained yet: %s", type(error).__name__)
