"""The clocks of what customers were promised, set by how their conversation stands.

An answer is owed from the customer's first message that a person should answer; what bots say and notes do not count.
The resolution is owed from then on, and stands still while we wait for the customer. Nothing counts while a
conversation is snoozed, with the bot, or resolved. What an agent answers counts at once; if it turns out that it
cannot be sent, the clock goes on as if it had never been said.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from hub import current
from hub.db import db, now
from hub.desk.sla import Policy, Target
from hub.models import Conversation, Message, SlaClock
from hub.shapes import rfc3339

ANSWERS = ("first_answer", "next_answer")
AT_ONCE = timedelta(minutes=1)  # what is reopened within that time was resolved by mistake: its clocks go on
NONE = timedelta(0)


def follow(conversation: Conversation) -> None:
    """Have the clocks run, stand still or end as the conversation stands now. No query where that changes nothing."""
    policies = current.settings().sla
    if not policies and not conversation.sla:
        return
    live = {entry["target"]: entry["paused"] for entry in conversation.sla if not entry["ended_at"]}
    wanted = _wanted(conversation, live)
    starting = wanted.keys() - live.keys()
    policy = _policy_of(conversation) if starting else None
    starts = {target for target in starting if policy and policy.promised(target)}
    if not starts and all(wanted.get(target) == paused for target, paused in live.items()):
        return
    for clock in live_clocks(conversation):
        if clock.target not in wanted:
            end(clock)
        elif wanted[clock.target] != bool(clock.paused_at):
            _pause(clock) if wanted[clock.target] else _resume(clock)
    for target in sorted(starts):
        clock = _resolved_too_early(conversation, target) or _started(conversation, target, policy)
        if wanted[target] != bool(clock.paused_at):
            _pause(clock) if wanted[target] else _resume(clock)
    show(conversation)


def answered(conversation: Conversation, answer: Message | None) -> None:
    """By a person, in writing or, where there is no answer to read, in a call."""
    conversation.first_answered_at = conversation.first_answered_at or now()
    conversation.unanswered_since = None
    if any(not entry["ended_at"] for entry in conversation.sla or ()):
        if answer:
            db.session.flush()  # the clocks name it
        for clock in live_clocks(conversation):
            clock.answer_id = answer.id if answer else None
            if clock.target in ANSWERS:
                end(clock, met=True)
        show(conversation)


def resolved(conversation: Conversation) -> None:
    """By a person: what was promised about the end is kept, whatever else was owed is not owed any more."""
    if conversation.sla:
        for clock in live_clocks(conversation):
            end(clock, met=clock.target == "resolution")
        show(conversation)


def answer_failed(message: Message) -> None:
    """Have the sweep look again at what it had met: who is in the middle of sending has no time to lock more."""
    if current.settings().sla and message.author_kind == "agent":
        theirs = update(SlaClock).where(SlaClock.answer_id == message.id).values(next_at=now())
        db.session.execute(theirs, execution_options={"synchronize_session": False})


def join(target: Conversation, source: Conversation) -> None:
    """Two conversations become one: of two clocks of a kind the more urgent stays."""
    waits = [row.unanswered_since for row in (target, source) if row.unanswered_since]
    target.unanswered_since = min(waits, default=None)
    answers = [row.first_answered_at for row in (target, source) if row.first_answered_at]
    target.first_answered_at = min(answers, default=None)
    source.unanswered_since = None
    if not source.sla:
        return
    theirs = {clock.target: clock for clock in live_clocks(target)}
    for clock in live_clocks(source):
        other = theirs.get(clock.target)
        if other and _urgency(other) <= _urgency(clock):
            end(clock)
            continue
        if other:
            end(other)
            db.session.flush()  # before there is a second one
        clock.conversation = target
    show(target)
    show(source)


def live_clocks(conversation: Conversation) -> list[SlaClock]:
    return [clock for clock in conversation.clocks if clock.ended_at is None]


def revive(clock: SlaClock) -> None:
    """It was not met after all."""
    clock.met_at = clock.ended_at = clock.answer_id = None
    if clock not in clock.conversation.clocks:
        clock.conversation.clocks.append(clock)
    clock.next_at = None if clock.breached_at else clock.due_at


def end(clock: SlaClock, *, met: bool = False) -> None:
    clock.ended_at = now()
    clock.met_at = clock.ended_at if met else None
    if not is_late(clock):  # else the sweep still has to say so
        clock.next_at = None


def is_late(clock: SlaClock) -> bool:
    return clock.due_at is not None and clock.due_at <= (clock.ended_at or now())


def _plan(clock: SlaClock) -> None:
    """When it is due, and when somebody has to look at it before."""
    policy = _policy_named(clock.policy)
    clock.due_at = clock.next_at = _after(clock, policy, clock.left)
    warned = policy.warn_before if policy and not clock.warned_at else None
    if warned and clock.left > warned:
        clock.next_at = _after(clock, policy, clock.left - warned)


def _policy_named(name: str) -> Policy | None:
    """None: ops took it out meanwhile. What it promised counts on, day and night."""
    return next((policy for policy in current.settings().sla if policy.name == name), None)


def show(conversation: Conversation) -> None:
    """Write the clocks onto the conversation, the latest of each kind, where lists find them without a query."""
    entries: dict[str, Mapping[str, Any]] = {entry["target"]: entry for entry in conversation.sla if entry["ended_at"]}
    for clock in conversation.clocks:
        entries[clock.target] = _entry(clock)
    conversation.sla = [dict(entry) for _, entry in sorted(entries.items())]
    running = [clock.due_at for clock in live_clocks(conversation) if clock.due_at and not clock.paused_at]
    conversation.sla_due_at = min(running, default=None)


def _entry(clock: SlaClock) -> dict[str, Any]:
    due_at, ended_at = clock.due_at, clock.ended_at
    return {
        "target": clock.target,
        "policy": clock.policy,
        "due_at": rfc3339(due_at) if due_at else None,
        "left": clock.left.total_seconds(),
        "paused": clock.paused_at is not None,
        "met": clock.met_at is not None,
        "breached": clock.breached_at is not None or (clock.met_at is not None and is_late(clock)),
        "ended_at": rfc3339(ended_at) if ended_at else None,
    }


def _wanted(conversation: Conversation, live: Mapping[str, bool]) -> dict[Target, bool]:
    """The clocks there should be, and whether each stands still."""
    owed, wanted = conversation.unanswered_since is not None, dict[Target, bool]()
    sleeps = conversation.status == "snoozed"
    if conversation.status in ("waiting", "open", "snoozed"):
        if owed:
            wanted["next_answer" if conversation.first_answered_at else "first_answer"] = sleeps
        if owed or conversation.first_answered_at or "resolution" in live:
            wanted["resolution"] = sleeps or not owed
    elif conversation.status == "bot" and "resolution" in live:
        wanted["resolution"] = True
    return wanted


def _policy_of(conversation: Conversation) -> Policy | None:
    where = (conversation.team, conversation.reply_channel, conversation.contact.tags or (), conversation.priority)
    return next((policy for policy in current.settings().sla if policy.is_for(*where)), None)


def _started(conversation: Conversation, target: Target, policy: Policy | None) -> SlaClock:
    span = policy.promised(target) if policy else None
    assert policy and span
    clock = SlaClock(conversation=conversation, target=target, policy=policy.name, left=span, started_at=now())
    db.session.add(clock)
    _plan(clock)
    return clock


def _resolved_too_early(conversation: Conversation, target: Target) -> SlaClock | None:
    """The clock that ended a moment ago by it, standing still; the time since does not count."""
    before = next((entry for entry in conversation.sla if entry["target"] == target), None)
    if before is None or (before["met"] and target in ANSWERS):
        return None
    if datetime.fromisoformat(before["ended_at"]) < now() - AT_ONCE:
        return None
    its = select(SlaClock).where(SlaClock.conversation_id == conversation.id, SlaClock.target == target)
    clock = db.session.scalar(its.order_by(SlaClock.id.desc()).limit(1))
    if clock:
        if clock.ended_at and clock.due_at and not clock.breached_at and not is_late(clock):
            clock.left, clock.due_at = _between(clock, clock.ended_at, clock.due_at), None
        clock.paused_at = clock.paused_at or now()
        revive(clock)
    return clock


def _pause(clock: SlaClock) -> None:
    clock.paused_at = now()
    if clock.breached_at or is_late(clock):
        return
    if clock.due_at:
        clock.left = _between(clock, clock.paused_at, clock.due_at)
    clock.due_at = clock.next_at = None


def _resume(clock: SlaClock) -> None:
    clock.paused_at = None
    if clock.due_at is None:
        _plan(clock)


def _after(clock: SlaClock, policy: Policy | None, work: timedelta) -> datetime | None:
    calendar = current.settings().hours.get(policy.hours or "") if policy else None
    zone = current.settings().hub.timezone
    return calendar.after(now(), work, zone) if calendar else now() + work


def _between(clock: SlaClock, first: datetime, last: datetime) -> timedelta:
    policy = _policy_named(clock.policy)
    calendar = current.settings().hours.get(policy.hours or "") if policy else None
    zone = current.settings().hub.timezone
    return max(NONE, calendar.between(first, last, zone) if calendar else last - first)


def _urgency(clock: SlaClock) -> tuple[bool, datetime | timedelta]:
    return (clock.due_at is None, clock.due_at or clock.left)
