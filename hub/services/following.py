"""Agents who want to know how a conversation goes on, whoever has it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import joinedload

from hub.db import db, now
from hub.live import tell_left, tell_notification
from hub.models import Agent, Conversation, Follow, Message, Notification
from hub.services.notifications import notify


def follow(conversation: Conversation, agent: Agent) -> None:
    wanted = insert(Follow).values(conversation_id=conversation.id, agent_id=agent.id, created_at=now())
    db.session.execute(wanted.on_conflict_do_nothing())


def unfollow(conversation: Conversation, agent: Agent) -> None:
    theirs = delete(Follow).where(Follow.conversation_id == conversation.id, Follow.agent_id == agent.id)
    db.session.execute(theirs)
    tell_left(conversation.id, agent)


def tell_of_messages(newest: Mapping[Conversation, Message]) -> None:
    """The customers wrote. Who has not looked since the last time is told of the newest, once."""
    known = {conversation.id: conversation for conversation in newest if conversation.id is not None}
    if not known:
        return
    followers = _followers(list(known))
    unseen = {(row.agent_id, row.conversation_id): row for row in _unseen(list(known))} if followers else {}
    for row in followers:
        conversation = known[row.conversation_id]
        if before := unseen.get((row.agent_id, row.conversation_id)):
            before.message, before.created_at = newest[conversation], now()
            tell_notification(before)
        elif row.agent_id != conversation.assignee_id:  # who has it hears of it anyway
            notify(row.agent, "follow", conversation, newest[conversation], event="wrote")


def tell_of_end(conversation: Conversation, by: Agent) -> None:
    for row in _followers([conversation.id]):
        if row.agent_id != by.id:
            notify(row.agent, "follow", conversation, event="resolved", by=by.name)


def _followers(conversation_ids: list[int]) -> list[Follow]:
    rows = select(Follow).where(Follow.conversation_id.in_(conversation_ids)).options(joinedload(Follow.agent))
    return list(db.session.scalars(rows))


def _unseen(conversation_ids: list[int]) -> list[Notification]:
    rows = select(Notification).where(
        Notification.conversation_id.in_(conversation_ids),
        Notification.kind == "follow",
        Notification.seen_at.is_(None),
        Notification.message_id.is_not(None),
    )
    return list(db.session.scalars(rows))
