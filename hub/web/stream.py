"""The live stream: what changed, as server-sent events that can be taken up again from any event."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from queue import Empty, Full, Queue
from threading import Lock, Thread
from typing import Any, cast

from flask import Response, current_app, request, stream_with_context
from redis import Redis, RedisError

from hub.db import db
from hub.live import STREAM

log = logging.getLogger(__name__)
HEARTBEAT = 15.0  # seconds
MOST_REPLAYED = 2000
MOST_WAITING = 500  # events a slow client may lag behind before it has to fetch anew

Id = tuple[int, int]
Entry = tuple[str, dict[str, str]]
Frame = tuple[Id, str, str]  # id, event name, JSON


class Radio:
    """One reader of the Redis stream per process, heard by every client of that process."""

    def __init__(self, redis_url: str):
        # longer than the XREAD below blocks
        self._redis = Redis.from_url(redis_url, decode_responses=True, socket_connect_timeout=1, socket_timeout=10)
        self._listeners: set[Queue[Frame]] = set()
        self._lock = Lock()
        self._reader: Thread | None = None
        self._last: Id = (0, 0)

    def tune_in(self, after: str) -> Iterator[Frame]:
        """Everything after that event, then what comes; a (…, "ping", …) every HEARTBEAT without news."""
        queue: Queue[Frame] = Queue(MOST_WAITING)
        with self._lock:
            self._listeners.add(queue)
            if self._reader is None:
                self._last = self._newest()
                self._reader = Thread(target=self._read, name="radio", daemon=True)
                self._reader.start()
        try:
            last = self._last
            yield (last, "ping", "{}") if not after else (_id(after), "ping", "{}")
            for frame in self._missed(after) if after else ():
                last = frame[0]
                yield frame
            while True:
                try:
                    frame = queue.get(timeout=HEARTBEAT)
                except Empty:
                    yield last, "ping", "{}"
                    continue
                if frame[0] > last or frame[1] == "resync":
                    last = frame[0]
                    yield frame
        finally:
            with self._lock:
                self._listeners.discard(queue)

    def _missed(self, after: str) -> list[Frame]:
        """What came since, or one `resync` where the stream no longer reaches back that far."""
        try:
            oldest = self._entries(count=1)
            if not oldest or _id(oldest[0][0]) > _id(after):
                return [] if _id(after) == self._last else [(self._last, "resync", "{}")]
            entries = self._entries(min=f"({after}", count=MOST_REPLAYED + 1)
        except RedisError:
            return [(self._last, "resync", "{}")]
        if len(entries) > MOST_REPLAYED:
            return [(self._newest(), "resync", "{}")]
        return [_frame(key, fields) for key, fields in entries]

    def _entries(self, **span: Any) -> list[Entry]:
        return cast(list[Entry], self._redis.xrange(STREAM, **span))

    def _newest(self) -> Id:
        try:
            newest = cast(list[Entry], self._redis.xrevrange(STREAM, count=1))
        except RedisError:
            newest = []
        return _id(newest[0][0]) if newest else (0, 0)

    def _read(self) -> None:
        while True:
            try:
                answer = self._news()
            except RedisError as error:
                log.warning("the live stream lost Redis: %s", type(error).__name__)
                self._wait_for_redis()
                continue
            for key, fields in answer:
                self._last = _id(key)
                self._broadcast(_frame(key, fields))

    def _news(self) -> list[Entry]:
        after = f"{self._last[0]}-{self._last[1]}"
        answer = cast(list[tuple[str, list[Entry]]], self._redis.xread({STREAM: after}, count=500, block=4000))
        return [entry for _, entries in answer or [] for entry in entries]

    def _wait_for_redis(self) -> None:
        """What was told meanwhile is lost, so everybody fetches anew."""
        while True:
            time.sleep(0.5)
            try:
                self._redis.ping()
            except RedisError:
                continue
            self._last = self._newest()
            self._broadcast((self._last, "resync", "{}"))
            return

    def _broadcast(self, frame: Frame) -> None:
        with self._lock:
            listeners = list(self._listeners)
        for queue in listeners:
            try:
                queue.put_nowait(frame)
            except Full:
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait((frame[0], "resync", "{}"))


def stream() -> Response:
    after = request.args.get("after") or request.headers.get("Last-Event-ID") or ""
    if not _is_id(after):
        after = ""
    radio = cast(Radio, current_app.extensions["radio"])
    db.session.remove()  # a stream lives for hours and needs no connection
    frames = (f"id: {key[0]}-{key[1]}\nevent: {name}\ndata: {data}\n\n" for key, name, data in radio.tune_in(after))
    response = Response(stream_with_context(frames), content_type="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _id(text: str) -> Id:
    milliseconds, _, number = text.partition("-")
    return int(milliseconds), int(number or 0)


def _is_id(text: str) -> bool:
    milliseconds, _, number = text.partition("-")
    return milliseconds.isdecimal() and (number or "0").isdecimal()


def _frame(key: str, fields: dict[str, str]) -> Frame:
    return _id(key), fields["event"], fields["data"]
