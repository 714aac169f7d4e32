"""Tells open inboxes what changed: after the commit, through a Redis stream that can be read again from any event.

What is told is said as it stands at the commit. While Redis is away nothing can be told, so every reader that loses
Redis sends its clients `resync` when it finds it again, and so does a writer that could not tell.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime
from threading import Thread

from flask import current_app
from pydantic import BaseModel
from redis import RedisError
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from channels.contract import ReceivingChannel
from hub import current
from hub.cache import connect
from hub.db import db, now
from hub.models import Allowance, Bookmark, Call, ChannelState, Conversation, Message, Notification
from hub.shapes import ChannelShape, ConversationShape, LiveCallShape, MessageShape, ReceiverShape, Ref, Time

log = logging.getLogger(__name__)
STREAM = "live"
KEPT_EVENTS = 20_000
LOOK_AGAIN = 1.0  # seconds
Told = tuple[str, str]  # event name, JSON


class MessageChanged(BaseModel):
    message: MessageShape


class ConversationChanged(BaseModel):
    conversation: ConversationShape


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

    def announce(self, events: list[Told]) -> None:
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
                self._write([("resync", "{}")])
            except RedisError as error:
                self._away = True
                log.warning("inboxes cannot be told yet: %s", type(error).__name__)

    def _write(self, events: list[Told]) -> None:
        with self._redis.pipeline(transaction=False) as pipeline:
            for name, data in events:
                pipeline.xadd(STREAM, {"event": name, "data": data}, maxlen=KEPT_EVENTS, approximate=True)
            pipeline.execute()


def tell(row: Conversation | Message) -> None:
    """Say after the commit how this row stands then."""
    db.session.info.setdefault("told", {})[row] = None


def tell_call(call: Call) -> None:
    """Say after the commit how this call stands then: to those who are on it, or may take it."""
    db.session.info.setdefault("told calls", {})[call] = None


def tell_suggestion(conversation_id: int) -> None:
    """Say after the commit that there is something beside this thread."""
    words = Suggested(conversation_id=conversation_id).model_dump_json()
    db.session.info.setdefault("said", []).append(("suggestion", words))


def tell_notification(row: Notification) -> None:
    """Say after the commit to this agent that there is something to look at."""
    db.session.info.setdefault("told notifications", []).append(row)


def tell_presence(agent_id: int, status: str) -> None:
    """Say after the commit whether this colleague is there."""
    words = PresenceChanged(presence=PresenceOf(agent_id=agent_id, status=status)).model_dump_json()
    db.session.info.setdefault("said", []).append(("presence", words))


def tell_draft(agent_id: int, conversation_id: int, mode: str, updated_at: datetime | None = None) -> None:
    """Say after the commit, to the other devices of this agent, that there is something newer to be asked for."""
    words = DraftChanged(
        agent_id=agent_id, conversation_id=conversation_id, mode=mode, updated_at=updated_at
    ).model_dump_json()
    db.session.info.setdefault("said", []).append(("draft", words))


def say_viewers(conversation_id: int, viewers: list[Viewer]) -> None:
    """At once: nothing of it is in the database, and who misses it has lost nothing."""
    words = ViewersChanged(conversation_id=conversation_id, viewers=viewers).model_dump_json()
    current_app.extensions["announcer"].announce([("viewers", words)])


def tell_channel(name: str) -> None:
    """Say after the commit whether it sends and receives."""
    db.session.info.setdefault("told channels", {})[name] = None


@event.listens_for(db.session, "before_commit")
def _put_into_words(session: Session) -> None:
    for name in session.info.pop("told channels", ()):
        session.info.setdefault("said", []).append(_standing(name))
    for call in session.info.pop("told calls", ()):
        words = CallChanged(call=LiveCallShape.shown(call)).model_dump_json()
        session.info.setdefault("said", []).append(("call", words))
    if notifications := session.info.pop("told notifications", None):
        session.flush()
        session.info.setdefault("said", []).extend(_notified(row) for row in notifications)
    if rows := session.info.pop("told", None):
        session.flush()
        allowances = _allowances([row.reply_identity_id for row in rows if isinstance(row, Conversation)])
        session.info.setdefault("said", []).extend(_words(row, allowances) for row in rows)


@event.listens_for(db.session, "after_commit")
def _announce(session: Session) -> None:
    if said := session.info.pop("said", None):
        current_app.extensions["announcer"].announce(said)


@event.listens_for(db.session, "after_rollback")
def _forget(session: Session) -> None:
    for name in ("told", "told calls", "told notifications", "told channels", "said"):
        session.info.pop(name, None)


def _allowances(identities: list[int]) -> dict[int, list[Allowance]]:
    found: dict[int, list[Allowance]] = {}
    if identities:
        for row in db.session.scalars(select(Allowance).where(Allowance.identity_id.in_(identities))):
            found.setdefault(row.identity_id, []).append(row)
    return found


def _notified(row: Notification) -> Told:
    news = Notified(agent_id=row.agent_id, kind=row.kind, conversation_id=row.conversation_id)
    return "notification", news.model_dump_json()


def _standing(name: str) -> Told:
    db.session.flush()
    fresh = {"populate_existing": True}
    receives = isinstance(current.channels().get(name), ReceivingChannel)
    bookmark = db.session.get(Bookmark, name, **fresh) if receives else None  # type: ignore[arg-type]
    receiver = ReceiverShape.of(bookmark, now()) if receives else None
    shape = ChannelShape.of(name, db.session.get(ChannelState, name, **fresh), receiver)  # type: ignore[arg-type]
    return "channel", ChannelChanged(channel=shape).model_dump_json()


def _words(row: Conversation | Message, allowances: dict[int, list[Allowance]]) -> Told:
    if isinstance(row, Message):
        return "message", MessageChanged(message=MessageShape.of(row)).model_dump_json()
    shape = ConversationShape.of(row, allowances.get(row.reply_identity_id, []), now())
    return "conversation", ConversationChanged(conversation=shape).model_dump_json()
