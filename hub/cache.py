"""What channels share between processes, in Redis. Losing it costs a repeated call, never a message."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, cast
from uuid import uuid4

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger(__name__)
# frees a lock only if it is still ours
UNLOCK = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end"


def connect(redis_url: str, **options: Any) -> Redis:
    """Answers soon or not at all: left to itself the client tries for half a minute, and somebody waits for us."""
    once = Retry(NoBackoff(), 0)
    return Redis.from_url(redis_url, socket_connect_timeout=0.5, socket_timeout=2, retry=once, **options)


class RedisCache:
    """channels.contract.Cache on Redis. While Redis is away it forgets, and every lock is granted."""

    def __init__(self, redis_url: str):
        self._redis = connect(redis_url, decode_responses=True)

    def get(self, key: str) -> str | None:
        try:
            return cast("str | None", self._redis.get(key))
        except RedisError as error:
            log.warning("cache away: %s", type(error).__name__)
            return None

    def set(self, key: str, value: str, ttl: timedelta) -> None:
        try:
            self._redis.set(key, value, px=ttl)
        except RedisError as error:
            log.warning("cache away: %s", type(error).__name__)

    def delete(self, key: str) -> None:
        try:
            self._redis.delete(key)
        except RedisError as error:
            log.warning("cache away: %s", type(error).__name__)

    @contextmanager
    def lock(self, key: str, ttl: timedelta) -> Iterator[bool]:
        mine = uuid4().hex
        try:
            granted = bool(self._redis.set(key, mine, nx=True, px=ttl))
        except RedisError as error:
            log.warning("cache away: %s", type(error).__name__)
            granted, mine = True, ""
        try:
            yield granted
        finally:
            if granted and mine:
                self._unlock(key, mine)

    def _unlock(self, key: str, mine: str) -> None:
        try:
            self._redis.eval(UNLOCK, 1, key, mine)
        except RedisError as error:
            log.warning("cache away, the lock frees itself: %s", type(error).__name__)
