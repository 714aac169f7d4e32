"""Tells open inboxes what changed: after the commit, through a Redis stream that can be read again from any event.

What is told is said as it stands at the commit, and to whom: each event names its audience (see `hub.readers`), and
whoever stands in none of its topics never gets it. While Redis is away nothing can be told, so every reader that loses
Redis sends its clients `resync` when it finds it again, and so does a writer that could not tell.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from threading import Thread
from typing import Any, NamedTuple

from flask import current_app
from pydantic import BaseModel
from redis import RedisError
from sqlalchemy import event, inspect, select
from sqlalchemy.orm import Session

from channels.contract import ReceivingChannel
from hub import current
from hub.cache import connect
from hub.db import db, now
from hub.models import Agent, Allowance, Bookmark, Call, ChannelState, Conversation, Message, Notification
from hub.readers import EVERYBODY, Topics, audience, audiences, of_agent
from hub.shapes import ChannelShape, ConversationShape, LiveCallShape, MessageShape, ReceiverShape, Ref, Time

log = logging.getLogger(__name__)
STREAM = "live"
KEPT_EVENTS = 20_000
LOOK_AGAIN = 1.0  # seconds
NOBODY: Topics = frozenset()
ACCESS = "access"  # for the streams themselves: somebody's rights have changed


class Told(NamedTuple):
    event: str
    data: str  # JSON
    to: Topics
    but: Topics = NOBODY  # even where they hear it otherwise


class MessageChanged(BaseModel):
    message: MessageShape


class ConversationChanged(BaseModel):
    conversation: ConversationShape


class Gone(BaseModel):
    """For those who could read it before, and no longer can."""

    conversation_id: int


class CallChanged(BaseModel):
    call: LiveCallShape


class Suggested(BaseModel):
    conversation_id: int


class Notified(BaseModel):
    """Nothing of what it is about: that is for this agent, who asks for it."""

    agent_id: int
    kind: str
    conversation_id: int


class ChannelChanged(BaseModel):
    channel: ChannelShape


class PresenceOf(BaseModel):
    agent_id: int
    status: str  # online, busy, away, offline


class PresenceChanged(BaseModel):
    presence: PresenceOf


class DraftChanged(BaseModel):
    """Not what it says: that is asked for by whose it is."""

    agent_id: int
    conversation_id: int
    mode: str
    updated_at: Time | None  # None: there is none any more


class Viewer(Ref):
    typing: bool


class ViewersChanged(BaseModel):
    conversation_id: int
    viewers: list[Viewer]


class Announcer:
    """Writes to the stream. One per process."""

    def __init__(self, redis_url: str):
        self._redis = connect(redis_url)
        self._away = False

    def announce(self, events: Iterable[Told]) -> None:
        if self._away:  # `_come_back` says that something was missed
            return
        try:
            self._write(events)
        except RedisError as error:
            log.warning("inboxes could not be told: %s", type(error).__name__)
            self._away = True
            Thread(target=self._come_back, name="announcer", daemon=True).start()

    def _come_back(self) -> None:
        """Nobody may have a next word for a while, so it does not wait for one."""
        while self._away:
            time.sleep(LOOK_AGAIN)
            try:
                self._away = False  # before the word: what is said meanwhile is heard by itself
                self._write([Told("resync", "{}", EVERYBODY)])
            except RedisError as error:
                self._away = True
                log.warning("inboxes cannot be told yet: %s", type(error).__name__)

    def _write(self, events: Iterable[Told]) -> None:
        with self._redis.pipeline(transaction=False) as pipeline:
            for told in events:
                pipeline.xadd(STREAM, entry(told), maxlen=KEPT_EVENTS, approximate=True)
            pipeline.execute()


def entry(told: Told) -> dict[Any, Any]:
    """As the stream keeps it; only sets that say something."""
    sets = {"to": told.to, "but": told.but}
    return {"event": told.event, "data": told.data} | {
        name: json.dumps(sorted(each)) for name, each in sets.items() if each
    }


def read(fields: Mapping[str, str]) -> Told:
    sets = {name: frozenset(json.loads(fields[name])) for name in ("to", "but") if name in fields}
    return Told(fields["event"], fields["data"], sets.get("to", NOBODY), sets.get("but", NOBODY))


def tell(row: Conversation | Message) -> None:
    """Say after the commit how this row stands then, to those who may read its conversation then."""
    db.session.info.setdefault("told", {})[row] = None


def tell_call(call: Call) -> None:
    """Say after the commit how this call stands then: also to those whose phone it rings."""
    db.session.info.setdefault("told calls", {})[call] = None


def tell_suggestion(conversation_id: int) -> None:
    """Say after the commit that there is something beside this thread."""
    tell_readers(conversation_id, "suggestion", Suggested(conversation_id=conversation_id))


def tell_readers(conversation_id: int, name: str, words: BaseModel) -> None:
    """Say something else after the commit to those who may read this conversation then."""
    told = (name, words.model_dump_json())
    db.session.info.setdefault("told readers", []).append((conversation_id, *told))


def tell_agents(agent_ids: Iterable[int], name: str, words: BaseModel) -> None:
    """Say something after the commit to these agents alone."""
    _say(Told(name, words.model_dump_json(), frozenset(map(of_agent, agent_ids))))


def tell_everybody(name: str, words: BaseModel) -> None:
    """Say something after the commit that every agent may know."""
    _say(Told(name, words.model_dump_json(), EVERYBODY))


def tell_access() -> None:
    """After the commit, streams look again who may listen, and to what."""
    _say(Told(ACCESS, "{}", NOBODY))


def tell_notification(row: Notification) -> None:
    """Say after the commit to this agent that there is something to look at."""
    db.session.info.setdefault("told notifications", []).append(row)


def tell_presence(agent_id: int, status: str) -> None:
    """Say after the commit whether this colleague is there."""
    tell_everybody("presence", PresenceChanged(presence=PresenceOf(agent_id=agent_id, status=status)))


def tell_left(conversation_id: int, agent: Agent) -> None:
    """After the commit it is gone for this agent, unless it still is for them to read."""
    _leave(db.session, conversation_id, frozenset({of_agent(agent.id)}))


def tell_draft(agent_id: int, conversation_id: int, mode: str, updated_at: datetime | None = None) -> None:
    """Say after the commit, to the other devices of this agent, that there is something newer to be asked for."""
    words = DraftChanged(agent_id=agent_id, conversation_id=conversation_id, mode=mode, updated_at=updated_at)
    tell_agents([agent_id], "draft", words)


def say_viewers(conversation_id: int, viewers: list[Viewer]) -> None:
    """At once: nothing of it is in the database, and who misses it has lost nothing."""
    words = ViewersChanged(conversation_id=conversation_id, viewers=viewers).model_dump_json()
    readers = audiences([conversation_id])[conversation_id]
    current_app.extensions["announcer"].announce([Told("viewers", words, readers)])


def tell_channel(name: str) -> None:
    """Say after the commit whether it sends and receives."""
    db.session.info.setdefault("told channels", {})[name] = None


def _leave(session: Any, conversation_id: int, readers: Topics) -> None:
    left = session.info.setdefault("left", {})
    left[conversation_id] = left.get(conversation_id, NOBODY) | readers


def _say(*told: Told) -> None:
    db.session.info.setdefault("said", []).extend(told)


@event.listens_for(db.session, "before_flush")
def _remember_readers(session: Session, *_: object) -> None:
    """A conversation that goes to another team or agent is gone for those it leaves."""
    for row in session.dirty:
        if isinstance(row, Conversation) and (readers := _readers_before(row)):
            _leave(session, row.id, readers)


def _readers_before(row: Conversation) -> Topics:
    now_and_before = inspect(row).attrs
    if not any(getattr(now_and_before, name).history.has_changes() for name in ("team", "assignee", "assignee_id")):
        return NOBODY
    # a new `assignee` is written into `assignee_id` by the flush
    team, assignee_id = (
        next(iter(getattr(now_and_before, name).history.deleted or ()), getattr(row, name))
        for name in ("team", "assignee_id")
    )
    return audience(team, assignee_id)


@event.listens_for(db.session, "before_commit")
def _put_into_words(session: Session) -> None:
    rows = session.info.pop("told", {})
    calls = session.info.pop("told calls", {})
    words = session.info.pop("told readers", [])
    for name in session.info.pop("told channels", ()):
        _say(_standing(name))
    session.flush()
    for row in session.info.pop("told notifications", ()):
        _say(_notified(row))
    left = session.info.pop("left", {})
    conversations = {row.id if isinstance(row, Conversation) else row.conversation_id for row in rows}
    conversations |= {call.message.conversation_id for call in calls} | {number for number, *_ in words} | left.keys()
    if not conversations:
        return
    readers = audiences(conversations)
    allowances = _allowances([row.reply_identity_id for row in rows if isinstance(row, Conversation)])
    _say(
        *(_call(call, readers[call.message.conversation_id]) for call in calls),
        *(Told(name, data, readers[number]) for number, name, data in words if number in readers),
        *(_words(row, allowances, readers) for row in rows),
        *(_gone(number, before, readers[number]) for number, before in left.items() if before - readers[number]),
    )


@event.listens_for(db.session, "after_commit")
def _announce(session: Session) -> None:
    if said := session.info.pop("said", None):
        current_app.extensions["announcer"].announce(said)


@event.listens_for(db.session, "after_rollback")
def _forget(session: Session) -> None:
    for name in ("told", "told calls", "told notifications", "told channels", "told readers", "left", "said"):
        session.info.pop(name, None)


def _allowances(identities: list[int]) -> dict[int, list[Allowance]]:
    found: dict[int, list[Allowance]] = {}
    if identities:
        for row in db.session.scalars(select(Allowance).where(Allowance.identity_id.in_(identities))):
            found.setdefault(row.identity_id, []).append(row)
    return found


def _notified(row: Notification) -> Told:
    news = Notified(agent_id=row.agent_id, kind=row.kind, conversation_id=row.conversation_id)
    return Told("notification", news.model_dump_json(), frozenset({of_agent(row.agent_id)}))


def _standing(name: str) -> Told:
    db.session.flush()
    fresh = {"populate_existing": True}
    receives = isinstance(current.channels().get(name), ReceivingChannel)
    bookmark = db.session.get(Bookmark, name, **fresh) if receives else None  # type: ignore[arg-type]
    receiver = ReceiverShape.of(bookmark, now()) if receives else None
    shape = ChannelShape.of(name, db.session.get(ChannelState, name, **fresh), receiver)  # type: ignore[arg-type]
    return Told("channel", ChannelChanged(channel=shape).model_dump_json(), EVERYBODY)


def _call(call: Call, readers: Topics) -> Told:
    on_it = {of_agent(each) for each in (call.agent_id, *(leg.agent_id for leg in call.legs)) if each}
    return Told("call", CallChanged(call=LiveCallShape.shown(call)).model_dump_json(), readers | on_it)


def _words(row: Conversation | Message, allowances: dict[int, list[Allowance]], readers: Mapping[int, Topics]) -> Told:
    if isinstance(row, Message):
        words = MessageChanged(message=MessageShape.of(row)).model_dump_json()
        return Told("message", words, readers[row.conversation_id])
    shape = ConversationShape.of(row, allowances.get(row.reply_identity_id, []), now())
    return Told("conversation", ConversationChanged(conversation=shape).model_dump_json(), readers[row.id])


def _gone(conversation_id: int, before: Topics, readers: Topics) -> Told:
    return Told("gone", Gone(conversation_id=conversation_id).model_dump_json(), before - readers, but=readers)
