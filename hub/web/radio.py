"""One reader of the Redis stream per process, heard by every client of that process: each hears what is for them.

Who a client is was asked when it came; `Standing` is asked again every half minute, and at once when the hub says that
somebody's rights have changed. A session that is no longer valid ends its streams.
"""

from __future__ import annotations

import logging
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from queue import Empty, Full, Queue
from threading import Event, Lock, Thread
from typing import Any, NamedTuple, cast

from redis import Redis, RedisError
from sqlalchemy.exc import SQLAlchemyError

from hub.live import ACCESS, STREAM, read
from hub.readers import Topics

log = logging.getLogger(__name__)
HEARTBEAT = 15.0  # seconds
MOST_REPLAYED = 2000
MOST_WAITING = 500  # events a slow client may lag behind before it has to fetch anew
LOOK_AGAIN = 30.0  # seconds, at who may still listen

Id = tuple[int, int]
Entry = tuple[str, dict[str, str]]
Standing = Callable[[Collection[str]], Mapping[str, Topics]]
"""What they may hear, of those sessions that are valid: by the digest of their token."""


class Frame(NamedTuple):
    id: Id
    event: str
    data: str  # JSON
    to: Topics = frozenset()
    but: Topics = frozenset()

    def is_for(self, topics: Topics) -> bool:
        return not topics.isdisjoint(self.to) and topics.isdisjoint(self.but)


END = ""  # of the stream; never sent


@dataclass(eq=False, slots=True)
class Listener:
    session: str
    topics: Topics
    queue: Queue[Frame] = field(default_factory=lambda: Queue(MOST_WAITING))

    def put(self, frame: Frame) -> None:
        try:
            self.queue.put_nowait(frame)
        except Full:
            self.put_first(Frame(frame.id, "resync", "{}"))

    def put_first(self, frame: Frame) -> None:
        """Nothing that waits matters any more."""
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(frame)


class Radio:
    def __init__(self, redis_url: str, standing: Standing):
        # longer than the XREAD below blocks
        self._redis = Redis.from_url(redis_url, decode_responses=True, socket_connect_timeout=1, socket_timeout=10)
        self._standing = standing
        self._listeners: set[Listener] = set()
        self._by_topic: dict[str, set[Listener]] = {}
        self._lock = Lock()
        self._started = False
        self._look = Event()
        self._recent: deque[Frame] = deque(maxlen=MOST_REPLAYED)  # so that a thousand who come back ask Redis nothing
        self._last: Id = (0, 0)

    def tune_in(self, session: str, after: str = "") -> Iterator[Frame] | None:
        """Everything for them after that event, then what comes; a "ping" every HEARTBEAT without news.

        None: this session may not listen.
        """
        topics = self._standing([session]).get(session)
        return None if topics is None else self._hear(Listener(session, topics), after)

    def _hear(self, listener: Listener, after: str) -> Iterator[Frame]:
        with self._lock:
            self._start()
            self._add(listener)
        try:
            last = parsed(after) if after else self._last
            yield Frame(last, "ping", "{}")
            for frame in self._missed(last) if after else ():
                last = frame.id
                if frame.event == "resync" or frame.is_for(listener.topics):
                    yield frame
            while True:
                try:
                    frame = listener.queue.get(timeout=HEARTBEAT)
                except Empty:
                    read_so_far = self._last
                    if listener.queue.empty():  # so all of it that was for them has been said
                        last = max(last, read_so_far)
                        yield Frame(last, "ping", "{}")
                    continue
                if frame.event == END:
                    return
                if frame.id > last or frame.event == "resync":
                    last = frame.id
                    yield frame
        finally:
            with self._lock:
                self._drop(listener)

    def _add(self, listener: Listener) -> None:
        self._listeners.add(listener)
        for topic in listener.topics:
            self._by_topic.setdefault(topic, set()).add(listener)

    def _drop(self, listener: Listener) -> None:
        self._listeners.discard(listener)
        for topic in listener.topics:
            others = self._by_topic.get(topic, set())
            others.discard(listener)
            if not others:
                self._by_topic.pop(topic, None)

    def _start(self) -> None:
        """With the first client: gunicorn forks before."""
        if self._started:
            return
        self._started = True
        try:
            self._recall()
        except RedisError:
            log.warning("the live stream has no Redis yet")
        for work in (self._read, self._keep_looking):
            Thread(target=work, name=work.__name__, daemon=True).start()

    def _recall(self) -> None:
        newest = cast(list[Entry], self._redis.xrevrange(STREAM, count=MOST_REPLAYED))
        self._recent.clear()
        self._recent.extend(_frame(*each) for each in reversed(newest))
        self._last = self._recent[-1].id if self._recent else (0, 0)

    def _missed(self, after: Id) -> list[Frame]:
        """What came since, or one `resync` where we no longer know all of it."""
        with self._lock:
            recent, last = list(self._recent), self._last
        if recent and recent[0].id <= after <= recent[-1].id:
            return recent[bisect_right(recent, after, key=lambda frame: frame.id) :]
        if after == last or (after > last and self._exists(after)):  # another process told them before we could
            return []
        return [Frame(last, "resync", "{}")]

    def _exists(self, id: Id) -> bool:
        try:
            newest = cast(list[Entry], self._redis.xrevrange(STREAM, count=1))
        except RedisError:
            return False
        return bool(newest) and id <= parsed(newest[0][0])

    def _read(self) -> None:
        while True:
            try:
                answer = self._news()
            except RedisError as error:
                log.warning("the live stream lost Redis: %s", type(error).__name__)
                self._wait_for_redis()
                continue
            for each in answer:
                self._take(_frame(*each))

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
                self._recall()
            except RedisError:
                continue
            with self._lock:
                for listener in self._listeners:
                    listener.put(Frame(self._last, "resync", "{}"))
            return

    def _take(self, frame: Frame) -> None:
        if frame.event == ACCESS:
            self._look.set()
        with self._lock:
            self._recent.append(frame)
            heard = self._listening(frame.to) - self._listening(frame.but)
        for listener in heard:
            listener.put(frame)
        self._last = frame.id  # last: a ping promises that all up to here was said

    def _listening(self, topics: Topics) -> set[Listener]:
        return {each for topic in topics for each in self._by_topic.get(topic, ())}

    def _keep_looking(self) -> None:
        while True:
            self._look.wait(LOOK_AGAIN)
            self._look.clear()
            self.look()

    def look(self) -> None:
        """At who may still listen, and to what."""
        with self._lock:
            listeners = list(self._listeners)
        try:
            standing = self._standing({each.session for each in listeners}) if listeners else {}
        except SQLAlchemyError as error:
            log.warning("nobody can say who may still listen: %s", type(error).__name__)
            return
        for listener in listeners:
            topics = standing.get(listener.session)
            if topics is None:
                listener.put_first(Frame(self._last, END, ""))
            elif topics != listener.topics:
                self._retune(listener, topics)

    def _retune(self, listener: Listener, topics: Topics) -> None:
        with self._lock:
            self._drop(listener)
            listener.topics = topics
            self._add(listener)
        listener.put_first(Frame(self._last, "resync", "{}"))


def parsed(text: str) -> Id:
    milliseconds, _, number = text.partition("-")
    return int(milliseconds), int(number or 0)


def _frame(key: str, fields: dict[str, Any]) -> Frame:
    told = read(fields)
    return Frame(parsed(key), *told)
