"""What happens in calls: legs ring, are answered, hear something, end; and what becomes of the call by it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from channels.contract import Address, CallEvent, InboundMessage
from hub.db import db, now
from hub.live import tell
from hub.models import Attachment, Call, CallLeg, Conversation, Delivery, Identity, MediaFetch, Message
from hub.services import asking, conversations, lines, sla
from hub.services.threads import append, note_event, touch

PERSON = "0"  # the key that always calls one
CALLBACK = "1"  # while one waits
LIVE = ("placing", "ringing", "answered")
RANK = {"placing": 0, "ringing": 1, "answered": 2, "ended": 3}
HUNG_UP = "The customer hung up before it was said."
SILENT_FOR = timedelta(minutes=10)  # a caller of whom we hear nothing for so long is gone: longer than any script

NOT_REACHED = ("busy", "no_answer", "failed", "cancelled")


def address_of(channel: str, event: CallEvent) -> Address | None:
    """Whose call it is; of a leg of an agent, the customer's. None: of no call that we know."""
    if event.sender:
        return event.sender
    leg = lines.find_leg(channel, event.leg, event.uid)
    return Address(leg.call.identity.scheme, leg.call.identity.value) if leg else None


def begin(channel: str, event: CallEvent, identity: Identity, conversation: Conversation) -> Call:
    """Somebody calls us."""
    if conversation.status == "snoozed":
        conversations.wake(conversation, "call")
    blocked = identity.contact.blocked_at is not None
    conversation.unread += not blocked
    state = "bot" if conversation.status == "bot" or blocked else "queued"
    call = _new(channel, "in", state, identity, conversation, provider_id=event.leg)
    _join(CallLeg(call=call, channel=channel, party="customer", provider_id=event.leg, state="ringing"))
    if call.state == "queued":
        note_event(conversation, "call_queued")
    return call


def begin_out(channel: str, identity: Identity, conversation: Conversation) -> Call:
    """We call somebody: an agent's phone rings first."""
    return _new(channel, "out", "calling", identity, conversation, provider_id=None)


def _new(
    channel: str, direction: str, state: str, identity: Identity, conversation: Conversation, provider_id: str | None
) -> Call:
    inward = direction == "in"
    message = Message(
        direction=direction,
        author_kind="contact" if inward else "agent",
        author_id=identity.contact_id if inward else None,
        author_name=identity.contact.name if inward else "",
        channel=channel,
        identity=identity,
        identity_id=identity.id,
        provider_id=provider_id,
        kind="call",
        text="",
        payload={},
        sent_at=now(),
        sequence=0,
        attachments=[],
        deliveries=[],
    )
    append(conversation, message)
    call = Call(channel=channel, direction=direction, state=state, identity=identity, message=message, legs=[])
    call.started_at, call.queued_at = now(), now() if state == "queued" else None
    call.outcome, call.reason, call.silences, call.callback, call.held = "", "", 0, False, False
    call.agent, call.recorded = None, lines.settings_of(channel).recorded
    db.session.add(call)
    db.session.flush()
    return call


def _join(leg: CallLeg) -> None:
    leg.to, leg.device, leg.purpose, leg.doing, leg.turns, leg.outcome = "", "", "", "", 0, ""
    db.session.add(leg)


def happened(channel: str, event: CallEvent, leg: CallLeg) -> InboundMessage | None:
    """Returns what the caller said, to be taken in as any other message. The call is locked by now."""
    call = leg.call
    leg.provider_id, leg.heard_at = leg.provider_id or event.leg, now()
    said = None
    match event.kind:
        case "asks" if leg.party == "customer":
            said = _customer_asks(call, leg, event)
        case "asks":
            _agent_asks(call, leg, event)
        case "recorded":
            _recorded(call, event)
        case status:
            _status(call, leg, event, status)
    lines.show(call)
    return said


# the customer


def _customer_asks(call: Call, leg: CallLeg, event: CallEvent) -> InboundMessage | None:
    _is_there(leg)
    if call.state == "dialling":
        _talk(call)
    if leg.doing == "rate":
        asking.pressed(call, event.digits)
    if call.state == "ended":
        return None
    match leg.doing:
        case "ask" if event.digits == PERSON:
            call.silences = 0
            if call.conversation.status == "bot":
                conversations.hand_over(call.conversation, "asked")
        case "ask" if event.digits or event.text:
            call.silences = 0
            return _said(call, leg, event)
        case "ask" if not event.hung_up:
            call.silences += 1
        case "wait" | "offer" if event.digits == CALLBACK:
            _call_back(call)
        case "record":
            _left_message(call, event)
    return None


def _said(call: Call, leg: CallLeg, event: CallEvent) -> InboundMessage:
    """A key of the menu says its words, unless the bot has just given choices of its own."""
    menu = {} if call.conversation.bot_state.get("choices") else lines.settings_of(call.channel).menu
    spoken = {"call": call.id, "confidence": event.confidence, "digits": event.digits}
    return InboundMessage(
        sender=Address(call.identity.scheme, call.identity.value),
        provider_id=event.key,
        sent_at=event.sent_at,
        sequence=event.sequence,
        text=event.text or menu.get(event.digits, event.digits),
        payload={"spoken": {name: value for name, value in spoken.items() if value not in (None, "")}},
    )


def _call_back(call: Call) -> None:
    call.callback, call.state = True, "voicemail"
    _to_people(call, "callback")
    note_event(call.conversation, "callback_requested", number=call.identity.value)


def _left_message(call: Call, event: CallEvent) -> None:
    """On our answering machine. Silence is no message."""
    if not event.recording or _has(call, event.recording):
        return
    call.outcome = "voicemail"
    attachment = _fetched(call, event.recording)
    message = Message(
        direction="in",
        author_kind="contact",
        author_id=call.identity.contact_id,
        author_name=call.identity.contact.name,
        channel=call.channel,
        identity=call.identity,
        identity_id=call.identity_id,
        provider_id=event.recording,
        kind="audio",
        text="",
        payload={"voicemail": {"call": call.id, "seconds": event.seconds}},
        sent_at=event.sent_at,
        sequence=0,
        attachments=[attachment],
        deliveries=[],
    )
    append(call.conversation, message)
    call.conversation.unread += 1
    note_event(call.conversation, "voicemail", seconds=event.seconds)
    _to_people(call, "voicemail")


def _to_people(call: Call, reason: str) -> None:
    if call.conversation.status == "bot":
        conversations.hand_over(call.conversation, reason)


# agents


def _agent_asks(call: Call, leg: CallLeg, event: CallEvent) -> None:
    _is_there(leg)
    if call.state == "ended" or leg.doing in ("join", "accepted"):
        return
    if leg.device == "browser" or (leg.doing == "offer" and event.digits == "1"):
        _accept(call, leg)


def _accept(call: Call, leg: CallLeg) -> None:
    """Who is first has the call; for the others `leg.doing` stays as it is, and they are told."""
    agent = leg.agent
    assert agent is not None
    if call.state == "queued":
        leg.doing, call.agent = "accepted", agent
        _take_conversation(call)
        note_event(call.conversation, "call_taken", agent=agent.name)
        _talk(call)
        if customer := lines.customer_leg(call):
            lines.move(customer)
    elif call.state == "calling":
        leg.doing, call.state = "accepted", "dialling"
        lines.place(call, "customer", call.identity.value)
    elif call.state == "talking" and leg.purpose == "transfer":
        leg.doing, before = "accepted", call.agent
        call.agent = agent
        note_event(call.conversation, "call_transfer", agent=before.name if before else "", to=agent.name)
        _take_conversation(call)
    else:
        return
    for other in lines.agent_legs(call, *LIVE):
        if other is not leg:
            lines.act(call, "end", other)


def _take_conversation(call: Call) -> None:
    conversation, agent = call.conversation, call.agent
    assert agent is not None
    if conversation.status == "resolved":
        return
    if conversation.assignee_id in (None, agent.id):
        conversations.claim(conversation, agent)
    else:
        conversations.assign(conversation, agent, agent)
    conversation.unread = 0
    conversations.answered(conversation)


def _talk(call: Call) -> None:
    call.state, call.answered_at = "talking", call.answered_at or now()
    sla.answered(call.conversation, None)
    touch(call.conversation)


# legs


def _is_there(leg: CallLeg) -> None:
    """Who asks has answered, whatever of it we were told."""
    if RANK[leg.state] < RANK["answered"]:
        leg.state, leg.answered_at = "answered", now()


def _status(call: Call, leg: CallLeg, event: CallEvent, status: str) -> None:
    """They come in any order, and some twice: a leg only moves forward."""
    if RANK[status] <= RANK[leg.state]:
        return
    if status == "answered":
        _is_there(leg)
    elif status == "ringing":
        leg.state = "ringing"
    else:
        leg_ended(leg, event.outcome or "completed", event.reason)


def leg_ended(leg: CallLeg, outcome: str, reason: str = "") -> None:
    if leg.state == "ended":
        return
    call = leg.call
    leg.state, leg.outcome, leg.ended_at = "ended", outcome, now()
    conversations.look_at_queue()  # who was on it, or rung, has room
    if leg.party == "customer":
        finish(call, outcome, reason)
    elif call.state in ("calling", "dialling") and not lines.agent_legs(call, *LIVE):
        finish(call, "no_answer" if call.state == "calling" else "cancelled", reason)
    elif call.state == "talking" and not lines.agent_legs(call, *LIVE):
        if customer := lines.customer_leg(call):
            lines.move(customer)  # nobody is left to talk to: it is told so, and hangs up
    elif call.state == "talking" and leg.purpose == "transfer" and leg.agent_id != call.agent_id:
        note_event(call.conversation, "call_transfer_failed", to=leg.agent.name if leg.agent else "")
    lines.show(call)


def finish(call: Call, outcome: str, reason: str = "", staying: CallLeg | None = None) -> None:
    """The customer is gone, or never came; or the talk is over, and they are asked how it was."""
    if call.state == "ended":
        return
    waited_in = call.state
    call.state, call.ended_at, call.reason = "ended", now(), reason
    call.outcome = _outcome(call, waited_in, outcome)
    for leg in call.legs:
        if leg.state != "ended" and leg is not staying:
            hears_why = call.direction == "out" and not call.answered_at and leg.doing == "join"
            lines.move(leg) if hears_why else lines.act(call, "end", leg)
    _leave_unsaid(call)
    if call.direction == "in" and call.outcome in ("missed", "abandoned"):
        waited = int((call.ended_at - (call.queued_at or call.started_at)).total_seconds())
        note_event(call.conversation, "missed_call", waited=waited)
        _to_people(call, "missed_call")
    lines.show(call)


def _outcome(call: Call, waited_in: str, leg_outcome: str) -> str:
    if call.outcome == "voicemail":
        return "voicemail"
    if call.callback:
        return "callback"
    if call.answered_at:
        return "answered"
    if call.direction == "out":
        return leg_outcome if leg_outcome in NOT_REACHED else "no_answer"
    match waited_in:
        case "queued":
            return "abandoned"
        case "bot" if _was_heard(call):
            return "bot"
    return "missed"


def _was_heard(call: Call) -> bool:
    """They said something, and the bot had the time to answer it."""
    customer = lines.customer_leg(call)
    return customer is not None and customer.turns > 1


def _leave_unsaid(call: Call) -> None:
    rows = select(Delivery).where(
        Delivery.identity_id == call.identity_id, Delivery.channel == call.channel, Delivery.state == "waiting"
    )
    for delivery in db.session.scalars(rows.with_for_update()):
        delivery.state, delivery.error, delivery.error_code = "failed", HUNG_UP, "hung_up"
        sla.answer_failed(delivery.message)
        tell(delivery.message)
    db.session.flush()  # who looks at what waits for this customer sees it


# recordings


def _recorded(call: Call, event: CallEvent) -> None:
    """Of the talk. What callers leave on our answering machine comes with the leg that asks, too."""
    customer = lines.customer_leg(call)
    if not event.recording or _has(call, event.recording):
        return
    if call.state == "voicemail" or (customer and customer.doing == "record"):
        _left_message(call, event)
    else:
        call.message.attachments.append(_fetched(call, event.recording))


def _has(call: Call, recording: str) -> bool:
    known = select(MediaFetch.id).where(MediaFetch.channel == call.channel, MediaFetch.ref == recording)
    return db.session.scalar(known) is not None


def _fetched(call: Call, recording: str) -> Attachment:
    attachment = Attachment(medium="audio", name="", mime="", size=0, state="pending")
    fetch = MediaFetch(lane=f"{call.channel}:{recording}", channel=call.channel, ref=recording, attachment=attachment)
    db.session.add(fetch)
    return attachment


def lose_silent() -> int:
    """Calls of whose end nobody told us. While nobody talks, legs ask again and again."""
    heard_lately = select(CallLeg.id).where(CallLeg.call_id == Call.id, CallLeg.heard_at > now() - SILENT_FOR)
    silent = (Call.state != "talking") & (Call.started_at < now() - SILENT_FOR) & ~heard_lately.exists()
    endless = Call.started_at < now() - lines.LONGEST
    lost: Sequence[int] = db.session.scalars(select(Call.id).where(Call.state != "ended", silent | endless)).all()
    for call_id in lost:
        call = lines.locked(call_id)
        for leg in [leg for leg in call.legs if leg.state != "ended"]:
            if leg.provider_id:
                lines.act(call, "end", leg)
            leg_ended(leg, "failed")
        finish(call, "failed", "Its end was not told us.")
    return len(lost)
