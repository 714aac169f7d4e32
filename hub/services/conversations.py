"""Opening, claiming, handing over and ending conversations."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.attributes import set_committed_value

from hub import current
from hub.db import db, now
from hub.knowledge import normalise
from hub.models import Agent, AgentPresence, Contact, Conversation, Identity, Message
from hub.models.conversations import NORMAL
from hub.refusals import Invalid, NotFound, Refusal
from hub.services import audit, following, sla, surveys
from hub.services.notifications import notify
from hub.services.threads import note_event, touch_quietly

PASSED_OVER = timedelta(minutes=2)  # so long routing gives it to somebody else
JOINED = ("contact", "reply_identity", "last_message")


def unresolved(contacts: Iterable[Contact]) -> dict[tuple[Contact, str], Conversation]:
    """The one open conversation of each contact and thread, locked. The contacts are locked by now."""
    known = {contact.id: contact for contact in contacts if contact.id is not None}
    rows = (
        select(Conversation)
        .where(Conversation.contact_id.in_(known), Conversation.status != "resolved")
        .order_by(Conversation.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = {(known[row.contact_id], row.thread): row for row in db.session.scalars(rows)}
    return found | {(contact, ""): row for (contact, _), row in found.items() if row.takes_chat}


def open_new(identity: Identity, channel: str, thread: str = "") -> Conversation:
    """The contact has none that is open."""
    config = current.settings().channels[channel].file
    conversation = Conversation(
        contact=identity.contact,
        thread=thread,
        status="bot" if config.bot else "waiting",
        bot=config.bot,
        team=config.team,
        priority=NORMAL,
        needs={},
        labels=[],
        disposition="",
        reply_channel=channel,
        reply_identity=identity,
        waiting_since=None if config.bot else now(),
        sla=[],
        misses=0,
        bot_state={},
        bot_revision=0,
        subject="",
        unread=0,
        context={},
        takes_chat=False,
        assignee=None,
        last_position=0,
        newest_in_at=None,
        newest_in_sequence=0,
        created_at=now(),
    )
    set_committed_value(conversation, "last_message", None)
    db.session.add(conversation)
    if not config.bot:
        look_at_queue()
    return conversation


def locked(conversation_id: int) -> Conversation:
    """The conversation, ours alone until the commit."""
    found = locked_all({conversation_id})
    if conversation_id not in found:
        raise NotFound("conversation")
    return found[conversation_id]


def free(conversation_id: int) -> Conversation | None:
    """Ours alone until the commit; None where it no longer waits, or somebody is changing it."""
    row = _locked({conversation_id}, skip_locked=True).get(conversation_id)
    return row if row and row.status == "waiting" else None


def locked_all(ids: Collection[int]) -> dict[int, Conversation]:
    return _locked(ids)


def _locked(ids: Collection[int], *, skip_locked: bool = False) -> dict[int, Conversation]:
    rows = (
        select(Conversation)
        .options(
            joinedload(Conversation.contact),
            joinedload(Conversation.reply_identity),
            joinedload(Conversation.last_message),
        )
        .where(Conversation.id.in_(ids))
        .order_by(Conversation.id)  # everybody locks in the same order
        .with_for_update(of=Conversation, skip_locked=skip_locked)
        .execution_options(populate_existing=True)
    )
    found = {row.id: row for row in db.session.scalars(rows)}
    for row in found.values():
        # what changed while we waited for the lock, PostgreSQL no longer joins
        if missed := [name for name in JOINED if getattr(row, name) is None]:
            db.session.expire(row, missed)
    return found


def look_at_queue() -> None:
    """Somebody waits, or somebody may have room: hub.services.routing looks before the commit."""
    db.session.info["look at queue"] = True


def heard(conversation: Conversation, text: str) -> None:
    """The customer wrote: what config/routing.toml reads in it, and since when they wait for the person who has it."""
    if conversation.status == "open":
        conversation.owed_since = conversation.owed_since or now()
    rules = current.settings().routing
    if not rules or not (rules.priorities or rules.needs):
        return
    channel, tags, said = conversation.reply_channel, conversation.contact.tags, normalise(text)
    asked = rules.priority(channel, tags, said)
    # what is normal nobody has decided yet; what was decided is only raised
    if asked is not None and (asked > conversation.priority or conversation.priority == NORMAL):
        conversation.priority = asked
    if (needs := rules.needed(channel, tags, said, conversation.needs)) != conversation.needs:
        conversation.needs = needs


def answered(conversation: Conversation) -> None:
    """Nobody is owed a word."""
    conversation.owed_since = conversation.reminded_at = None


def claim(conversation: Conversation, agent: Agent) -> None:
    if conversation.assignee_id == agent.id and conversation.status == "open":
        return
    if conversation.status == "resolved":
        raise Refusal("resolved", "This conversation is resolved. Reopen it first.")
    if conversation.assignee_id not in (None, agent.id):
        assert conversation.assignee is not None
        first = conversation.assignee.name
        raise Refusal("already_claimed", f"{first} was first.", by=first)
    _give(conversation, agent)
    note_event(conversation, "claimed", agent=agent.name)
    audit.record(agent, "claim", conversation)


def take(conversation: Conversation, agent: Agent) -> None:
    """A new one, which this agent begins."""
    _give(conversation, agent)
    answered(conversation)
    note_event(conversation, "began", agent=agent.name)


def give(conversation: Conversation, agent: Agent, why: Mapping[str, Any]) -> None:
    """To whom routing has chosen, and why it did."""
    _give(conversation, agent)
    note_event(conversation, "assigned", agent=agent.name, agent_id=agent.id, why=dict(why))
    notify(agent, "assigned", conversation)


def give_back(conversation: Conversation) -> None:
    """Whoever has it was reminded, and still does not answer."""
    assert conversation.assignee is not None
    silent = conversation.assignee.name
    _queue(conversation)
    note_event(conversation, "given_back", agent=silent)


def assign(conversation: Conversation, to: Agent | None, by: Agent, note: Message | None = None) -> None:
    """Give it to a colleague, or back to the queue. `note`: what they should know."""
    if conversation.status == "resolved":
        raise Refusal("resolved", "This conversation is resolved. Reopen it first.")
    if to:
        _give(conversation, to)
    else:
        _queue(conversation)
    note_event(conversation, "assigned", agent=to.name if to else None, by=by.name)
    audit.record(by, "assign", conversation, to=to.id if to else None)
    if to and to.id != by.id:
        notify(to, "assigned", conversation, note, by=by.name)


def take_over(conversation: Conversation, by: Agent, seen: int | None, reason: str) -> None:
    """From whoever has it. `seen`: who that was on the screen; if it is somebody else by now, look again first."""
    if conversation.status == "resolved":
        raise Refusal("resolved", "This conversation is resolved. Reopen it first.")
    before = conversation.assignee
    if conversation.assignee_id == by.id:
        return
    if conversation.assignee_id != seen:
        now_with = before.name if before else ""
        raise Refusal("changed_hands", f"It is with {now_with or 'nobody'} now.", by=now_with)
    _give(conversation, by)
    told = note_event(conversation, "taken_over", by=by.name, agent=before.name if before else None, words=reason)
    audit.record(by, "take_over", conversation, before=before.id if before else None)
    if before:
        notify(before, "taken_over", conversation, told, by=by.name)


def take_away(conversation: Conversation, by: Agent) -> None:
    """Its agent works here no more. What sleeps sleeps on, and then waits for anybody."""
    if conversation.status != "snoozed":
        assign(conversation, None, by)
        return
    conversation.assignee = None
    note_event(conversation, "assigned", agent=None, by=by.name)
    audit.record(by, "assign", conversation, to=None)


def hand_over(
    conversation: Conversation,
    reason: str,
    team: str | None = None,
    by: Agent | None = None,
    learned: Mapping[str, Any] | None = None,
) -> None:
    """From the bot, or from an agent, to the people of a team. `learned`: what the bot can tell them."""
    if team is not None and team not in current.settings().hub.teams:
        raise Invalid("team", f"there is no team {team!r}")
    if conversation.status == "resolved":
        raise Refusal("resolved", "This conversation is resolved. Reopen it first.")
    if conversation.status == "bot":
        conversation.unanswered_since = now()
    conversation.team = team or conversation.team
    _queue(conversation)
    note_event(conversation, "handed_over", to="people", reason=reason, team=conversation.team, **(learned or {}))
    if by:
        audit.record(by, "hand_over", conversation, team=conversation.team)


def hand_to_bot(conversation: Conversation, by: Agent) -> None:
    if conversation.status == "resolved":
        raise Refusal("resolved", "This conversation is resolved. Reopen it first.")
    bot = current.settings().channels[conversation.reply_channel].file.bot
    if bot is None:
        raise Refusal("no_bot", "This channel has no bot.")
    conversation.status, conversation.bot, conversation.misses = "bot", bot, 0
    conversation.bot_state, conversation.bot_revision = {}, conversation.bot_revision + 1
    conversation.assignee, conversation.waiting_since, conversation.unanswered_since = None, None, None
    answered(conversation)
    look_at_queue()
    note_event(conversation, "handed_to_bot", by=by.name)
    audit.record(by, "hand_to_bot", conversation)


def resolve(conversation: Conversation, by: Agent, disposition: str = "") -> None:
    """`disposition`: how it ended, one of config/work.toml."""
    if conversation.status == "resolved":
        return
    _check_disposition(disposition)
    conversation.disposition = disposition
    _end(conversation)
    note_event(conversation, "resolved", by=by.name, disposition=disposition)
    following.tell_of_end(conversation, by)
    surveys.want(conversation, by)
    audit.record(by, "resolve", conversation, disposition=disposition)


def shut(conversation: Conversation, event: str, by: Agent) -> None:
    """It is over because something about its customer is."""
    _end(conversation)
    note_event(conversation, event, by=by.name)


def _end(conversation: Conversation) -> None:
    conversation.status, conversation.waiting_since, conversation.snoozed_until = "resolved", None, None
    conversation.unread = 0
    answered(conversation)
    sla.resolved(conversation)
    look_at_queue()


def of_blocked(identity: Identity, channel: str) -> Conversation:
    """Where what somebody blocked sends is kept: their last chat, as over as it is, or one that is over at once."""
    newest = Conversation.contact_id == identity.contact_id, Conversation.thread == ""
    rows = select(Conversation).where(*newest).order_by(Conversation.id.desc()).limit(1)
    if identity.contact_id and (known := db.session.scalar(rows.with_for_update())):
        return known
    conversation = open_new(identity, channel)
    conversation.status, conversation.waiting_since = "resolved", None
    return conversation


def of(contact: Contact) -> list[Conversation]:
    """All of them that were not over long before, for a change that shows on each."""
    rows = select(Conversation).where(Conversation.contact_id == contact.id).order_by(Conversation.id.desc())
    return list(db.session.scalars(rows.limit(20)))


def _check_disposition(given: str) -> None:
    work = current.settings().work
    if not given and work.resolving.disposition_required:
        raise Refusal("disposition_needed", "Say how the conversation ended.", 422)
    if given and given not in {each.id for each in work.dispositions}:
        raise Invalid("disposition", f"{given!r} is not in config/work.toml")


def reopen(conversation: Conversation, by: Agent) -> None:
    if conversation.status != "resolved":
        return
    if conversation.merged_into_id:
        raise Refusal("merged", "It was merged into another conversation.", into=str(conversation.merged_into_id))
    try:
        with db.session.begin_nested():
            conversation.status = "open" if conversation.assignee_id else "waiting"
    except IntegrityError:
        raise Refusal("another_open", "The customer has a newer conversation that is still open.") from None
    conversation.disposition = ""
    _go_on(conversation)
    note_event(conversation, "reopened", by=by.name)
    audit.record(by, "reopen", conversation)


def lately_resolved(contact: Contact) -> Conversation | None:
    """The chat that goes on when they write again, locked: it ended not long ago, and whoever had it is there."""
    within = current.settings().work.resolving.reopen_within
    if not within or contact.id is None:
        return None
    theirs = AgentPresence.agent_id == Conversation.assignee_id
    rows = (
        select(Conversation.id)
        .outerjoin(AgentPresence, theirs)
        .where(
            Conversation.contact_id == contact.id,
            Conversation.thread == "",
            Conversation.status == "resolved",
            Conversation.merged_into_id.is_(None),
            Conversation.assignee_id.is_not(None),
            Conversation.last_activity_at > now() - within,
            AgentPresence.status.is_distinct_from("offline"),  # of programs nobody knows
        )
    )
    found = db.session.scalar(rows.order_by(Conversation.last_activity_at.desc()).limit(1))
    return locked(found) if found else None


def come_back(conversation: Conversation) -> None:
    """The customer writes after the end: it goes on as it would have begun, or with whoever had it."""
    config = current.settings().channels[conversation.reply_channel].file
    conversation.misses, conversation.disposition = 0, ""
    if conversation.assignee_id:
        conversation.status = "open"
    else:
        conversation.status, conversation.bot = ("bot", config.bot) if config.bot else ("waiting", None)
    if conversation.status != "bot":
        _go_on(conversation)
    note_event(conversation, "came_back")


def snooze(conversation: Conversation, until: datetime | None, by: Agent) -> None:
    """Until then, or until the customer writes, whichever comes first; None: only that."""
    if until and until <= now():
        raise Invalid("until", "must be in the future")
    if conversation.status == "resolved":
        raise Refusal("resolved", "This conversation is resolved. Reopen it first.")
    conversation.status, conversation.snoozed_until, conversation.waiting_since = "snoozed", until, None
    answered(conversation)
    look_at_queue()
    note_event(conversation, "snoozed", until=until.isoformat() if until else None, by=by.name)
    audit.record(by, "snooze", conversation)


def wake(conversation: Conversation, why: Literal["time", "message", "call"]) -> None:
    conversation.snoozed_until = None
    conversation.status = "open" if conversation.assignee_id else "waiting"
    _go_on(conversation)
    note_event(conversation, "woke", why=why)


def wake_due() -> int:
    due = select(Conversation).where(Conversation.status == "snoozed", Conversation.snoozed_until <= now())
    conversations = db.session.scalars(due.with_for_update(skip_locked=True)).all()
    for conversation in conversations:
        wake(conversation, "time")
        if conversation.assignee:
            notify(conversation.assignee, "reminder", conversation, event="woke")
    return len(conversations)


def read(conversation: Conversation) -> None:
    if conversation.unread:
        conversation.unread = 0
        touch_quietly(conversation)


def _give(conversation: Conversation, agent: Agent) -> None:
    if conversation.assignee_id not in (None, agent.id):
        look_at_queue()  # whoever had it has room now
    conversation.status, conversation.assignee = "open", agent
    conversation.waiting_since = conversation.snoozed_until = None
    conversation.passed_over_id = conversation.passed_over_until = None
    conversation.owed_since, conversation.reminded_at = now(), None


def _queue(conversation: Conversation) -> None:
    if conversation.assignee_id:
        conversation.passed_over_id, conversation.passed_over_until = conversation.assignee_id, now() + PASSED_OVER
    conversation.status, conversation.assignee, conversation.snoozed_until = "waiting", None, None
    conversation.waiting_since = conversation.waiting_since or now()
    conversation.told_position = conversation.told_at = None
    answered(conversation)
    look_at_queue()


def _go_on(conversation: Conversation) -> None:
    """With whoever had it, or in the queue."""
    conversation.waiting_since = None if conversation.assignee_id else now()
    look_at_queue()
