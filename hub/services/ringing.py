"""Whom to ring for a call: agents who are on duty, and free."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from hub.db import db, now
from hub.models import Agent, Call, CallLeg, PhoneDuty
from hub.refusals import Refusal
from hub.services import lines, routing
from hub.services.threads import note_event

AT_ONCE = 10
BETWEEN = timedelta(seconds=5)  # between one round of ringing and the next
BROWSER_LASTS = timedelta(minutes=70)  # it fetches a new token every hour


@dataclass(frozen=True, slots=True)
class Device:
    """Where an agent can be rung."""

    agent: Agent
    kind: str  # phone, browser
    to: str


def device_of(agent: Agent, channel: str) -> Device | None:
    """As they chose; who has chosen nothing is rung on the phone that ops wrote down."""
    chosen = db.session.get(PhoneDuty, agent.id, populate_existing=True)
    number = lines.settings_of(channel).agents.get(agent.email)
    if chosen is None or chosen.device == "phone":
        return Device(agent, "phone", number) if number else None
    if chosen.device == "browser" and chosen.seen_at > now() - BROWSER_LASTS:
        return Device(agent, "browser", lines.line(channel).browser(agent.id))
    return None


def choose(agent: Agent, device: str) -> None:
    values = {"device": device, "seen_at": now()}
    row = insert(PhoneDuty).values(agent_id=agent.id, **values)
    db.session.execute(row.on_conflict_do_update(index_elements=["agent_id"], set_=values))


def chosen_by(agent: Agent) -> str:
    row = db.session.get(PhoneDuty, agent.id)
    if row:
        return row.device
    return "phone" if any(agent.email in line.settings.agents for line in lines.lines()) else "off"


def seen(agent: Agent) -> None:
    if (row := db.session.get(PhoneDuty, agent.id)) and row.device == "browser":
        row.seen_at = now()


def on_duty(call: Call) -> list[Device]:
    """Of the call's team, whether free or not. Whoever has the conversation is rung alone, once."""
    conversation = call.conversation
    if conversation.status == "open" and (owner := conversation.assignee) and not call.rung_at:
        device = device_of(owner, call.channel)
        if device and owner.id not in lines.busy():
            return [device]
    crew = routing.crew(conversation, now() - (call.queued_at or call.started_at))
    return [device for agent in crew if (device := device_of(agent, call.channel))]


def call_of(agent: Agent) -> Call | None:
    """The one that this agent is on, or is being rung for by their own wish."""
    theirs = select(Call).join(CallLeg).where(lines.busy_agents(), CallLeg.agent_id == agent.id)
    live = theirs.where(Call.state != "ended", Call.agent_id == agent.id)
    return db.session.scalars(live.order_by(Call.id.desc()).limit(1)).first()


def own_device(agent: Agent, channel: str) -> Device:
    """To ring this agent because they asked for it."""
    _one_at_a_time(channel)
    if agent.id in lines.busy():
        raise Refusal("busy", "You are on a call, or your phone rings already.")
    if device := device_of(agent, channel):
        return device
    raise Refusal("no_device", "Choose first where you take calls: on your phone, or in this browser.")


def ring_team(call: Call, devices: list[Device]) -> None:
    """Everybody who is free, unless somebody is being rung: who answers first has it."""
    if lines.agent_legs(call, "placing", "ringing", "answered"):
        return
    if call.rung_at and call.rung_at > now() - lines.settings_of(call.channel).rings_for - BETWEEN:
        return
    _one_at_a_time(call.channel)
    taken = lines.busy()
    free = [device for device in devices if device.agent.id not in taken][:AT_ONCE]
    if not free:
        return
    call.rung_at = now()
    for device in free:
        lines.place(call, "agent", device.to, device.agent, device.kind)
    note_event(call.conversation, "call_ringing_agents", agents=[device.agent.name for device in free])


def _one_at_a_time(channel: str) -> None:
    """Two calls must not ring the same agent."""
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"ringing:{channel}"))))
