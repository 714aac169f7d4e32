"""What came in: events of a channel become contacts, conversations and messages.

Many at a time: a batch costs the database about as much as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from channels.contract import Address, CallEvent, Consent, Event, InboundMessage, Presence, Receipt, Revocation, Signal
from hub import current
from hub.db import db, now
from hub.jobs import next_due, retry_later
from hub.live import tell
from hub.models import Arrival, Attachment, BotTurn, Contact, Conversation, Identity, MediaFetch, Message, Survey
from hub.services import (
    allowances,
    arrivals,
    asking,
    bot_turns,
    calls,
    consents,
    contacts,
    conversations,
    deliveries,
    erasure,
    following,
    lines,
    profiles,
    pushing,
    suggestions,
    threaded,
    threads,
    transcripts,
    waiting,
)
from hub.services.allowances import Renewal
from hub.services.contacts import Aliases

RECEIPT_TRIES = 3  # then it is about something we never sent
RECEIPT_PAUSE = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Desk:
    """What the events of one batch share: the people they are from, and their open conversations."""

    people: dict[Address, Identity]
    open: dict[tuple[Contact, str], Conversation]
    renewals: list[Renewal]
    turns: list[BotTurn]
    bursts: dict[int, BotTurn]  # by conversation: what the bot waits for the rest of
    too_early: list[Arrival]
    newest: dict[Conversation, Message]  # of what customers wrote

    def conversation(self, identity: Identity, channel: str) -> tuple[Conversation, bool]:
        """And whether it is new. A reply goes where the customer last wrote."""
        key = (identity.contact, "")
        if identity.contact.blocked_at:
            return conversations.of_blocked(identity, channel), False
        if conversation := self.open.get(key):
            conversation.reply_channel, conversation.reply_identity = channel, identity
            return conversation, False
        if lately := conversations.lately_resolved(identity.contact):
            lately.reply_channel, lately.reply_identity = channel, identity
            conversations.come_back(lately)
            self.open[key] = lately
            return lately, False
        self.open[key] = conversations.open_new(identity, channel)
        return self.open[key], True

    def thread(self, identity: Identity, channel: str, event: InboundMessage) -> tuple[Conversation, bool]:
        """The same where messages carry their own thread. Who else writes there does not become its customer."""
        conversation = threaded.conversation_of(event, identity)
        if conversation is None and threaded.is_flooding(identity):
            conversation = threaded.latest_of(identity)
        if conversation is None:
            conversation = conversations.open_new(identity, channel, event.thread)
            if is_quiet(identity, event):
                conversation.status, conversation.waiting_since = "resolved", None
            return conversation, True
        if conversation.contact_id == identity.contact_id:
            conversation.reply_channel, conversation.reply_identity = channel, identity
        if conversation.status == "resolved" and not is_quiet(identity, event):
            conversations.come_back(conversation)
        return conversation, False


def is_quiet(identity: Identity, event: InboundMessage) -> bool:
    """Kept, but nobody has to look: a machine says something, or somebody who is blocked."""
    return event.no_answer in threads.QUIET or identity.contact.blocked_at is not None


def next_arrivals(limit: int) -> list[Arrival]:
    """The oldest of senders whom nobody else is working on, one each; ours alone until the commit.

    What came in on a channel that is no longer configured waits until it is again.
    """
    due = next_due(Arrival, Arrival.channel.in_(list(current.channels())), limit=limit).cte("due")
    rows = select(Arrival).join(due, Arrival.id == due.c.id).order_by(Arrival.id)
    return list(db.session.scalars(rows.execution_options(populate_existing=True)))


def accept(batch: Sequence[Arrival]) -> list[BotTurn]:
    """Take events in; returns what bots have to answer. May run twice: an arrival is done in the same transaction."""
    events = [(arrival, arrivals.event_of(arrival)) for arrival in batch]
    with db.session.no_autoflush:
        threaded.lock(event for _, event in events)
        people = contacts.identify([who for arrival, event in events if (who := _sender(arrival, event))])
        unresolved = conversations.unresolved({row.contact for row in people.values()})
        theirs = {row.id for row in unresolved.values() if row.status == "bot"}
        desk = Desk(people, unresolved, [], [], bot_turns.waiting_for_more(theirs) if theirs else {}, [], {})
        for arrival, event in sorted(events, key=lambda each: isinstance(each[1], Revocation)):  # erased last
            _accept(desk, arrival, event)
        done = update(Arrival).where(Arrival.id.in_([row.id for row in batch if row not in desk.too_early]))
        db.session.execute(done.values(state="done", error="", error_code=""))
        kept_for_them = waiting.for_customers({person.id for person in people.values()})
        allowances.renew(desk.renewals)
        waiting.release(kept_for_them)
        following.tell_of_messages(desk.newest)
        pushing.tell_of_messages(desk.newest)
    return desk.turns


def put_off(arrival: Arrival, error: Exception) -> None:
    """It could not be taken in. Later ones of its lane wait for it, but not for ever."""
    schedule = current.settings().hub.delivery.retry_after
    arrival.attempts += 1
    arrival.error, arrival.error_code = type(error).__name__, "intake"
    if arrival.attempts <= len(schedule):
        retry_later(arrival, schedule[arrival.attempts - 1])
    else:
        arrival.state = "failed"


def _sender(arrival: Arrival, event: Event) -> tuple[Address, Aliases] | None:
    match event:
        case CallEvent():
            customer = calls.address_of(arrival.channel, event)
            return (customer, ()) if customer else None
        case InboundMessage(sender=sender, aliases=aliases):
            return sender, aliases
        case Presence(sender=sender) | Signal(sender=sender) | Consent(sender=sender):
            return sender, ()
        case Revocation(sender=sender, aliases=aliases):
            return sender, aliases
    return None


def _accept(desk: Desk, arrival: Arrival, event: Event) -> None:
    match event:
        case InboundMessage():
            if survey := asking.take(event, desk.people[event.sender]):
                _rating(desk, arrival, event, survey)
            else:
                _message(desk, arrival, event)
        case Signal():
            _signal(desk, arrival, event)
        case Presence():
            _presence(desk, arrival, event)
        case CallEvent():
            _call(desk, arrival, event)
        case Receipt():
            if not deliveries.received(arrival.channel, event) and arrival.attempts < RECEIPT_TRIES:
                _wait_for_the_record(desk, arrival)
        case Consent():
            consents.record(desk.people[event.sender], event)
        case Revocation():
            erasure.erase(desk.people[event.sender].contact, event.what, by=None)


def _wait_for_the_record(desk: Desk, arrival: Arrival) -> None:
    """The provider was faster than the worker that writes down what it sent."""
    desk.too_early.append(arrival)
    arrival.attempts += 1
    retry_later(arrival, RECEIPT_PAUSE)


def _message(desk: Desk, arrival: Arrival, event: InboundMessage) -> None:
    identity = desk.people[event.sender]
    if event.thread and threaded.is_known(event):
        return
    if event.thread:
        conversation, is_new = desk.thread(identity, arrival.channel, event)
    else:
        conversation, is_new = desk.conversation(identity, arrival.channel)
    identity.contact.name = identity.contact.name or event.name
    if is_new or not identity.reachable:
        profiles.wanted(identity, arrival.channel)
    identity.reachable = not identity.opted_out
    fetches = [
        MediaFetch(
            lane=f"{arrival.channel}:{attachment.ref}",
            channel=arrival.channel,
            ref=attachment.ref,
            attachment=Attachment(medium=attachment.medium, name=attachment.name, mime="", size=0, state="pending"),
        )
        for attachment in event.attachments
    ]
    message = _said(arrival, event, identity)
    message.payload = {**event.payload, **(threaded.marks(event) if event.thread else {})}
    message.attachments = [*(fetch.attachment for fetch in fetches), *threaded.source(event)]
    _renew(desk, identity, arrival, event.renews)
    quiet = is_quiet(identity, event)
    conversation.unread += not quiet
    if conversation.status == "snoozed" and not quiet:
        conversations.wake(conversation, "message")
    if not quiet:
        conversations.heard(conversation, event.text)
    threads.append(conversation, message)
    if not quiet:
        desk.newest[conversation] = message
    db.session.add_all(fetches)
    if event.thread:
        threaded.remember(message, event)
        conversation.subject = event.payload.get("subject") or conversation.subject
    if conversation.status in ("waiting", "open") and not quiet:
        suggestions.want(conversation, message)
    if conversation.status == "bot" and not quiet:
        if reason := _leave_to_people(conversation, identity, event):
            conversations.hand_over(conversation, reason)
        elif not (fetches and transcripts.expected(event.kind)):
            _ask_bot(desk, arrival, conversation, message)


def _rating(desk: Desk, arrival: Arrival, event: InboundMessage, survey: Survey) -> None:
    """What the customer thought of a conversation that is over: nobody has to answer that."""
    identity, score = desk.people[event.sender], survey.score
    assert score is not None
    _renew(desk, identity, arrival, event.renews)
    threads.append(survey.conversation, _said(arrival, event, identity))
    asking.record(survey, score)


def _said(arrival: Arrival, event: InboundMessage, identity: Identity) -> Message:
    return Message(
        direction="in",
        author_kind="contact",
        author_id=identity.contact_id,
        author_name=event.name or identity.contact.name,
        channel=arrival.channel,
        identity=identity,
        identity_id=identity.id,
        provider_id=event.provider_id,
        kind=event.kind,
        text=event.text,
        payload=dict(event.payload),
        sent_at=event.sent_at,
        sequence=event.sequence,
        attachments=[],
        deliveries=[],
    )


def _call(desk: Desk, arrival: Arrival, event: CallEvent) -> None:
    customer = calls.address_of(arrival.channel, event)
    leg = lines.find_leg(arrival.channel, event.leg, event.uid)
    if leg is None and event.sender and event.kind != "recorded":
        identity = desk.people[event.sender]
        conversation, is_new = desk.conversation(identity, arrival.channel)
        if is_new:
            profiles.wanted(identity, arrival.channel)
        db.session.flush()
        leg = calls.begin(arrival.channel, event, identity, conversation).legs[0]
    if leg is None or customer is None:
        return  # of a call that is not ours, or was erased
    db.session.flush()
    lines.again(leg.call_id)
    if said := calls.happened(arrival.channel, event, leg):
        _message(desk, arrival, said)


def _leave_to_people(conversation: Conversation, identity: Identity, event: InboundMessage) -> str:
    """Why no machine may answer this, "" where one may."""
    if event.no_answer:
        return "not_for_machines"
    if not event.thread:
        return ""
    if identity.contact is not conversation.contact:  # an answer would go to the customer
        return "somebody_else"
    if threaded.is_flooding(identity):
        return "flood"
    return "many_answers" if threaded.is_answered_enough(conversation) else ""


def _signal(desk: Desk, arrival: Arrival, event: Signal) -> None:
    identity = desk.people[event.sender]
    _renew(desk, identity, arrival, event.renews)
    hints = {key: value for key, value in event.payload.items() if value}
    identity.reachable = identity.reachable or (event.kind in ("entered", "menu") and not identity.opted_out)
    match event.kind:
        case "entered":
            _opened(desk, arrival, identity, "entered", hints)
        case "menu":
            conversation, _ = desk.conversation(identity, arrival.channel)
            conversation.context = {**conversation.context, "menu": hints.get("key", "")}
            clicked = threads.note_event(conversation, "menu", **hints)
            if conversation.status == "bot":
                _ask_bot(desk, arrival, conversation, clicked)
        case "held":
            conversation, _ = desk.conversation(identity, arrival.channel)
            conversation.context = {**conversation.context, "held_by": hints.get("by", "")}
            threads.note_event(conversation, "held", **hints)
        case "released":
            if known := desk.open.get((identity.contact, "")):
                known.context = {key: value for key, value in known.context.items() if key != "held_by"}
                threads.note_event(known, "released", **hints)
        case "other" if hints.get("type") == "location":  # told only where ops asked for it
            if known := desk.open.get((identity.contact, "")):
                place = {name: value for name, value in hints.items() if name != "type"}
                known.context = {**known.context, "location": place}
                tell(known)


def _presence(desk: Desk, arrival: Arrival, event: Presence) -> None:
    identity = desk.people[event.sender]
    identity.reachable = event.reachable
    if event.state in ("opted_in", "opted_out"):
        identity.opted_out = event.state == "opted_out"
    _renew(desk, identity, arrival, event.renews)
    if event.state == "followed":
        _opened(desk, arrival, identity, "followed", dict(event.payload))
        return
    if not event.reachable:
        allowances.close(identity.id)
    if current.channels()[arrival.channel].capabilities.threaded:  # the message that came back says so itself
        return
    if conversation := desk.open.get((identity.contact, "")):
        threads.note_event(conversation, event.state)


def _opened(desk: Desk, arrival: Arrival, identity: Identity, event: str, hints: dict[str, Any]) -> None:
    """They opened the chat, followed us, scanned a code: nothing is said yet, so the bot may greet."""
    conversation, is_new = desk.conversation(identity, arrival.channel)
    if is_new or event == "followed" or hints.items() - conversation.context.items():
        conversation.context = {**conversation.context, **hints}
        threads.note_event(conversation, event, **hints)
    if is_new or event == "followed":
        profiles.wanted(identity, arrival.channel)
    if is_new and conversation.status == "bot":
        _ask_bot(desk, arrival, conversation, None)


def _ask_bot(desk: Desk, arrival: Arrival, conversation: Conversation, message: Message | None) -> None:
    """`None`: greet. What goes on with what was not understood is asked together with it."""
    turn = desk.bursts.get(conversation.id) if message and message.direction == "in" else None
    if turn and turn.lane == arrival.lane:
        turn.first, turn.message = turn.first or turn.message, message
    else:
        turn = BotTurn(
            lane=arrival.lane, conversation=conversation, message=message, state="pending", error="", created_at=now()
        )
        db.session.add(turn)
    if turn not in desk.turns:
        desk.turns.append(turn)


def _renew(desk: Desk, identity: Identity, arrival: Arrival, action: str) -> None:
    grant = current.channels()[arrival.channel].capabilities.allowances.get(action)
    if grant:
        desk.renewals.append(Renewal(identity, action, grant, arrival.created_at))
