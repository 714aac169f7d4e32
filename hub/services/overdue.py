"""What becomes of promises in time: agents are warned, breaches are told, and answers that did not arrive taken back.

May run twice, and side by side: who comes second finds nothing left to do.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from hub.db import db, now
from hub.models import Agent, Conversation, Delivery, Message, SlaClock
from hub.services import sla
from hub.services.notifications import notify, supervisors_of
from hub.services.threads import note_event, touch_quietly
from hub.shapes import rfc3339


def look(limit: int) -> int:
    """At the clocks whose time has come, of this many conversations at most; how many it were."""
    due = select(SlaClock.conversation_id).where(SlaClock.next_at <= now()).limit(limit)
    ids = set(db.session.scalars(due))
    rows = select(Conversation).where(Conversation.id.in_(ids)).order_by(Conversation.id)
    mine = rows.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    found = db.session.scalars(mine).all() if ids else []
    for conversation in found:
        at = conversation.last_activity_at
        _look_at(conversation)
        touch_quietly(conversation)
        conversation.last_activity_at = at  # nobody said anything: it keeps its place in the list
    return len(found)


def _look_at(conversation: Conversation) -> None:
    its = select(SlaClock).where(SlaClock.conversation_id == conversation.id, SlaClock.next_at <= now())
    for clock in db.session.scalars(its.order_by(SlaClock.id).execution_options(populate_existing=True)).all():
        failed = _failed_answer(clock)
        if failed:
            _take_back(clock, failed)
        if sla.is_late(clock) and clock.breached_at is None:
            clock.breached_at, clock.next_at = clock.due_at, None
            _say(clock, "sla_breached", supervisors_of(conversation.team))
        elif clock.ended_at or clock.paused_at or clock.breached_at:
            clock.next_at = None
        elif not failed:
            clock.warned_at, clock.next_at = now(), clock.due_at
            _say(clock, "sla_warned", [])
    sla.show(conversation)


def _say(clock: SlaClock, event: str, supervisors: list[Agent]) -> None:
    """On the timeline, to who has the conversation, and to these."""
    conversation, due_at = clock.conversation, clock.due_at
    told = {"target": clock.target, "policy": clock.policy, "due_at": rfc3339(due_at) if due_at else ""}
    line = note_event(conversation, event, **told)
    assignee = [conversation.assignee] if conversation.assignee else []
    for agent in dict.fromkeys([*assignee, *supervisors]):
        notify(agent, "sla", conversation, line, event=event, **told)


def _failed_answer(clock: SlaClock) -> Message | None:
    failed = (Delivery.state == "failed") & ~Delivery.payload.has_key("notice")
    answer = select(Message).where(Message.id == clock.answer_id, Message.deliveries.any(failed))
    return db.session.scalar(answer) if clock.answer_id else None


def _take_back(clock: SlaClock, failed: Message) -> None:
    """It did not arrive. Unless another one did since, the customer still waits."""
    conversation = clock.conversation
    if other := _other_answer(conversation, clock.started_at):
        clock.answer_id = other.id
        clock.met_at = clock.ended_at = other.created_at if clock.target in sla.ANSWERS else None
        return
    clock.answer_id = None
    conversation.unanswered_since = conversation.unanswered_since or failed.created_at
    if clock.target not in sla.ANSWERS:
        return
    for later in sla.live_clocks(conversation):
        if later.target in sla.ANSWERS:
            sla.end(later)
    db.session.flush()  # before there are two
    conversation.unanswered_since = clock.started_at
    if clock.target == "first_answer":
        conversation.first_answered_at = None
    sla.revive(clock)


def _other_answer(conversation: Conversation, since: datetime) -> Message | None:
    by_agents = (Message.direction == "out") & (Message.author_kind == "agent") & (Message.kind != "call")
    failed = Message.deliveries.any(Delivery.state == "failed")
    its = select(Message).where(Message.conversation_id == conversation.id, by_agents, Message.created_at >= since)
    return db.session.scalar(its.where(~failed).order_by(Message.position).limit(1))
