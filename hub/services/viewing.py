"""Which colleagues look at a conversation, and whether they type. Kept in Redis only: without it nobody is seen."""

from __future__ import annotations

import json
import logging
import time
from typing import Any, cast

from flask import current_app
from redis import Redis, RedisError

from hub.live import Viewer, say_viewers
from hub.models import Agent, Conversation
from hub.services import audit

log = logging.getLogger(__name__)
KEPT_FOR = 45  # seconds after the last word of a screen, which gives one every 15
SAID_EVERY = 30  # seconds: inboxes that hear nothing for longer than this take the mark away


def look(conversation: Conversation, agent: Agent, *, typing: bool) -> list[Viewer]:
    """All who look, this agent among them. The inboxes hear of it when it changes, and now and then."""
    return _changed(conversation.id, agent, json.dumps({"name": agent.name, "typing": typing, "at": time.time()}))


def leave(conversation: Conversation, agent: Agent) -> None:
    _changed(conversation.id, agent, None)


def watch(conversation: Conversation, agent: Agent) -> None:
    """Without being shown to those who are at work: that is for supervisors, and it leaves a trace."""
    audit.record(agent, "watch", conversation)
    leave(conversation, agent)


def _changed(conversation_id: int, agent: Agent, standing: str | None) -> list[Viewer]:
    key, redis = f"viewing:{conversation_id}", cast("Redis", current_app.extensions["redis"])
    try:
        before = _viewers(redis, key)
        if standing is None:
            redis.hdel(key, str(agent.id))
        else:
            redis.hset(key, str(agent.id), standing)
            redis.expire(key, KEPT_FOR)
        after = _viewers(redis, key)
        due = (
            redis.set(f"{key}:said", "1", nx=True, ex=SAID_EVERY)
            if after == before
            else redis.set(f"{key}:said", "1", ex=SAID_EVERY)
        )
    except RedisError as error:
        log.warning("viewers are not shown: %s", type(error).__name__)
        return []
    if due and (before or after):
        say_viewers(conversation_id, after)
    return after


def _viewers(redis: Redis, key: str) -> list[Viewer]:
    kept = cast("dict[bytes, bytes]", redis.hgetall(key))
    found: dict[int, dict[str, Any]] = {int(number): json.loads(words) for number, words in kept.items()}
    oldest = time.time() - KEPT_FOR
    return [
        Viewer(id=number, name=each["name"], typing=each["typing"])
        for number, each in sorted(found.items())
        if each["at"] > oldest
    ]
