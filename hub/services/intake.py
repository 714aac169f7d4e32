"""What came in: events of a channel become contacts, conversations and messages."""

from __future__ import annotations

from sqlalchemy import select

from channels.contract import Event, InboundMessage, Presence, Receipt, Signal
from hub import current
from hub.db import db
from hub.jobs import next_due, retry_later
from hub.models import Arrival, Attachment, BotTurn, Conversation, Identity, MediaFetch, Message
from hub.services import allowances, arrivals, contacts, conversations, deliveries, threads


def next_arrival() -> Arrival | None:
    """The oldest of a sender whom nobody else is working on; ours alone until the commit."""
    due = next_due(Arrival).scalar_subquery()
    return db.session.scalar(select(Arrival).where(Arrival.id == due).execution_options(populate_existing=True))


def accept(arrival: Arrival) -> None:
    """Take one event in. May run twice: the arrival is done in the same transaction."""
    event = arrivals.event_of(arrival)
    if arrival.channel in current.channels():
        _accept(arrival, event)
    arrival.state, arrival.error, arrival.error_code = "done", "", ""


def put_off(arrival: Arrival, error: Exception) -> None:
    """It could not be taken in. Later ones of its lane wait for it, but not for ever."""
    schedule = current.settings().hub.delivery.retry_after
    arrival.attempts += 1
    arrival.error, arrival.error_code = type(error).__name__, "intake"
    if arrival.attempts <= len(schedule):
        retry_later(arrival, schedule[arrival.attempts - 1])
    else:
        arrival.state = "failed"


def _accept(arrival: Arrival, event: Event) -> None:
    match event:
        case InboundMessage():
            _message(arrival, event)
        case Signal():
            _signal(arrival, event)
        case Presence():
            identity = contacts.identify(event.sender)
            identity.reachable = event.reachable
            _renew(identity, arrival, event.renews)
        case Receipt():
            deliveries.received(arrival.channel, event)


def _message(arrival: Arrival, event: InboundMessage) -> None:
    identity = contacts.identify(event.sender, event.aliases)
    identity.reachable = True
    conversation, _is_new = conversations.open_for(identity, arrival.channel, event.thread)
    fetches = [
        MediaFetch(
            channel=arrival.channel,
            ref=attachment.ref,
            attachment=Attachment(medium=attachment.medium, name=attachment.name, mime="", size=0, state="pending"),
        )
        for attachment in event.attachments
    ]
    message = Message(
        direction="in",
        author_kind="contact",
        author_id=identity.contact_id,
        author_name=identity.contact.name,
        channel=arrival.channel,
        identity_id=identity.id,
        provider_id=event.provider_id,
        kind=event.kind,
        text=event.text,
        payload=dict(event.payload),
        sent_at=event.sent_at,
        sequence=event.sequence,
        attachments=[fetch.attachment for fetch in fetches],
        deliveries=[],
    )
    _renew(identity, arrival, event.renews)
    conversation.unread += 1
    if conversation.status == "snoozed":
        conversations.wake(conversation)
    threads.append(conversation, message)
    for fetch in fetches:
        fetch.lane = f"attachment:{fetch.attachment.id}"
    db.session.add_all(fetches)
    if conversation.status == "bot":
        _ask_bot(conversation, message)


def _signal(arrival: Arrival, event: Signal) -> None:
    identity = contacts.identify(event.sender)
    _renew(identity, arrival, event.renews)
    if event.kind != "entered":
        return
    conversation, is_new = conversations.open_for(identity, arrival.channel)
    hints = {key: value for key, value in event.payload.items() if value}
    if is_new or (hints and hints.items() - conversation.context.items()):
        conversation.context = {**conversation.context, **hints}
        threads.note_event(conversation, "entered", **hints)
    if is_new and conversation.status == "bot":
        _ask_bot(conversation, None)


def _ask_bot(conversation: Conversation, message: Message | None) -> None:
    """`None`: greet."""
    db.session.add(BotTurn(lane=f"conversation:{conversation.id}", conversation_id=conversation.id, message=message))


def _renew(identity: Identity, arrival: Arrival, action: str) -> None:
    if action:
        capabilities = current.channels()[arrival.channel].capabilities
        allowances.renew(identity.id, action, capabilities, arrival.created_at)
