"""Calls, their legs and what is shown of them: what the other modules about the telephone have in common."""

from __future__ import annotations

from datetime import timedelta
from typing import cast
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import joinedload, selectinload

from channels.voice import VoiceChannel, VoiceSettings
from hub import current
from hub.db import db, now
from hub.live import tell, tell_call
from hub.models import Agent, Call, CallAction, CallLeg, Conversation, Message
from hub.refusals import NotFound, Refusal
from hub.services import conversations
from hub.shapes import CallShape

LONGEST = timedelta(hours=4)  # a call; then its end was not told us
WITH_LEGS = (
    selectinload(Call.legs).joinedload(CallLeg.agent),
    joinedload(Call.agent),
    joinedload(Call.identity),
    joinedload(Call.message).joinedload(Message.conversation).joinedload(Conversation.contact),
)


def line(name: str) -> VoiceChannel:
    channel = current.channels().get(name)
    if not isinstance(channel, VoiceChannel):
        raise Refusal("no_channel", f"There is no phone line {name}.")
    return channel


def settings_of(name: str) -> VoiceSettings:
    return line(name).settings


def lines() -> list[VoiceChannel]:
    return [channel for channel in current.channels().values() if isinstance(channel, VoiceChannel)]


def find_leg(channel: str, provider_id: str, uid: UUID | None) -> CallLeg | None:
    """By our own id where it has one: we may not have been told the provider's yet."""
    this = CallLeg.uid == uid if uid else CallLeg.provider_id == provider_id
    return db.session.scalar(select(CallLeg).where(CallLeg.channel == channel, this))


def locked(call_id: int) -> Call:
    """The call with its legs, ours alone until the commit; its conversation is locked before it, as everybody does."""
    theirs = select(Message.conversation_id).join(Call, Call.message_id == Message.id).where(Call.id == call_id)
    conversation_id = db.session.scalar(theirs)
    if conversation_id is None:
        raise NotFound("call")
    conversations.locked(conversation_id)
    return again(call_id)


def again(call_id: int) -> Call:
    """The same, where the conversation is locked by now."""
    rows = select(Call).where(Call.id == call_id).options(*WITH_LEGS).with_for_update(of=Call)
    return db.session.scalars(rows.execution_options(populate_existing=True)).one()


def act(call: Call, action: str, leg: CallLeg | None = None, ref: str = "") -> CallAction:
    """Have a worker do it, after the commit."""
    lane = f"leg:{leg.id}" if leg else f"call:{call.id}"
    job = CallAction(lane=lane, call=call, leg=leg, action=action, ref=ref)
    db.session.add(job)
    return job


def move(leg: CallLeg) -> None:
    """Have it ask for its next script now."""
    leg.turns += 1
    act(leg.call, "move", leg, moved_turn(leg.turns))


def moved_turn(number: int) -> str:
    return f"m{number}"


def is_moved(turn: str) -> bool:
    return turn.startswith("m")


def place(call: Call, party: str, to: str, agent: Agent | None = None, device: str = "", purpose: str = "") -> CallLeg:
    leg = CallLeg(call=call, channel=call.channel, party=party, agent=agent, device=device, to=to, purpose=purpose)
    leg.state, leg.doing, leg.turns, leg.outcome = "placing", "", 0, ""
    db.session.add(leg)
    db.session.flush()
    act(call, "place", leg)
    return leg


def customer_leg(call: Call) -> CallLeg | None:
    return next((leg for leg in call.legs if leg.party == "customer"), None)


def agent_legs(call: Call, *states: str) -> list[CallLeg]:
    return [leg for leg in call.legs if leg.party == "agent" and (not states or leg.state in states)]


def queue_before(call: Call) -> int:
    """How many callers stand before this one in the queue of its team."""
    conversation = call.conversation
    earlier = (Call.queued_at < call.queued_at) | ((Call.queued_at == call.queued_at) & (Call.id < call.id))
    rows = (
        select(func.count())
        .select_from(Call)
        .join(Message, Message.id == Call.message_id)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Call.state == "queued", Conversation.team == conversation.team, Call.channel == call.channel, earlier)
        .where(Call.id != call.id)
    )
    return cast(int, db.session.scalar(rows))


def show(call: Call) -> None:
    """Write how the call stands onto its card, and tell the inboxes."""
    position = queue_before(call) + 1 if call.state == "queued" else None
    card = CallShape.of(call, position).model_dump(mode="json")
    message = call.message
    if "erased" in message.payload:
        return
    message.payload = {**message.payload, "call": card}
    tell(message)
    tell_call(call)
    if message.conversation.last_position == message.position:
        tell(message.conversation)


def busy() -> set[int | None]:
    """Who is on a call, or rung for one."""
    return set(db.session.scalars(select(CallLeg.agent_id).where(busy_agents())))


def busy_agents() -> ColumnElement[bool]:
    """Of legs: those that keep an agent from another call."""
    return (CallLeg.party == "agent") & (CallLeg.state != "ended") & (CallLeg.created_at > now() - LONGEST)
