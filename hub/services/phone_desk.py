"""What agents do with calls: call a customer, take one from the queue, hold, pass on, hang up."""

from __future__ import annotations

from sqlalchemy import select

from hub.db import db
from hub.models import Agent, Call, CallLeg, Conversation, Identity, Message
from hub.refusals import Refusal
from hub.services import asking, audit, calls, conversations, lines, ringing
from hub.services.threads import note_event


def call_out(conversation: Conversation, agent: Agent, channel: str | None = None) -> Message:
    """Their own phone rings first: nobody picks up a phone to hear nobody."""
    if conversation.status == "resolved":
        raise Refusal("resolved", "This conversation is resolved. Reopen it first.")
    name = channel or _line_for(conversation)
    identity = _number(conversation, name)
    if _live(identity, name):
        raise Refusal("busy", "There is a call with this customer already.")
    device = ringing.own_device(agent, name)
    if conversation.assignee_id is None or conversation.status == "bot":
        conversations.claim(conversation, agent)
    call = calls.begin_out(name, identity, conversation)
    call.agent = agent
    call.message.author_id, call.message.author_name = agent.id, agent.name
    lines.place(call, "agent", device.to, agent, device.kind)
    audit.record(agent, "call_out", conversation)
    lines.show(call)
    return call.message


def take(call: Call, agent: Agent) -> None:
    """Ring me for this caller, who waits."""
    if call.state != "queued":
        by = call.agent.name if call.agent else ""
        raise Refusal("taken" if call.state == "talking" else "not_live", f"This call is {call.state}.", by=by)
    if any(leg.agent_id == agent.id for leg in lines.agent_legs(call, *calls.LIVE)):
        return  # it rings already
    device = ringing.own_device(agent, call.channel)
    lines.place(call, "agent", device.to, agent, device.kind)
    audit.record(agent, "take_call", call.conversation)
    lines.show(call)


def hang_up(call: Call, agent: Agent) -> None:
    _is_live(call)
    _is_theirs(call, agent)
    rates = asking.may_ask_aloud(call)  # the customer stays for that, as when the agent's own phone is hung up
    for leg in call.legs:
        if leg.state != "ended" and not (rates and leg.party == "customer"):
            lines.act(call, "end", leg)
    audit.record(agent, "hang_up", call.conversation)


def hold(call: Call, agent: Agent, on: bool) -> None:
    """The customer hears music, and not us."""
    _is_talking(call)
    _is_theirs(call, agent)
    customer = lines.customer_leg(call)
    if on == call.held or customer is None:
        return
    lines.act(call, "hold" if on else "resume", customer)
    note_event(call.conversation, "call_held" if on else "call_resumed", agent=agent.name)


def transfer(call: Call, agent: Agent, to: Agent) -> None:
    """A colleague's phone rings; until it is answered nothing changes for the customer."""
    _is_talking(call)
    _is_theirs(call, agent)
    if to.id == call.agent_id:
        raise Refusal("taken", f"{to.name} has this call.", by=to.name)
    if any(leg.purpose == "transfer" for leg in lines.agent_legs(call, *calls.LIVE) if leg.agent_id != call.agent_id):
        raise Refusal("busy", "A colleague is being rung already.")
    if to.id in lines.busy():
        raise Refusal("busy", f"{to.name} is on another call.")
    device = ringing.device_of(to, call.channel)
    if device is None:
        raise Refusal("no_device", f"{to.name} takes no calls at the moment.")
    lines.place(call, "agent", device.to, to, device.kind, purpose="transfer")
    audit.record(agent, "transfer_call", call.conversation, to=to.id)
    lines.show(call)


def _is_live(call: Call) -> None:
    if call.state == "ended":
        raise Refusal("not_live", "This call has ended.")


def _is_theirs(call: Call, agent: Agent) -> None:
    """Nobody meddles with a colleague's call; supervisors may."""
    if call.agent and call.agent_id != agent.id and agent.role == "agent":
        raise Refusal("not_yours", f"{call.agent.name} has this call.", 403, by=call.agent.name)


def _is_talking(call: Call) -> None:
    if call.state != "talking":
        raise Refusal("not_live", "Nobody talks in this call.")


def _line_for(conversation: Conversation) -> str:
    """The one they called on, or the first."""
    names = [line.name for line in lines.lines()]
    if conversation.reply_channel in names:
        return conversation.reply_channel
    if not names:
        raise Refusal("cannot_call", "There is no phone line.")
    return names[0]


def _number(conversation: Conversation, channel: str) -> Identity:
    line = lines.line(channel)
    theirs = select(Identity).where(Identity.contact_id == conversation.contact_id, Identity.scheme == line.scheme)
    identity = db.session.scalar(theirs.order_by(Identity.id).limit(1))
    if identity is None:
        raise Refusal("cannot_call", "We have no phone number of this customer.")
    try:
        line.address(identity.value)
    except ValueError as error:
        raise Refusal("cannot_call", f"{identity.value}: {error}") from None
    return identity


def _live(identity: Identity, channel: str) -> bool:
    live = select(Call.id).join(CallLeg).where(Call.identity_id == identity.id, Call.channel == channel)
    return db.session.scalar(live.where(Call.state != "ended").limit(1)) is not None
