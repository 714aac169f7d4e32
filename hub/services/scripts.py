"""What each leg of a call does next, by how the call stands. A leg that asks twice is told the same."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

from pydantic import TypeAdapter
from sqlalchemy import select

from channels.voice import Ask, HangUp, Join, Language, Music, Pause, Record, Say, Script, Step
from hub import knowledge
from hub.db import db, now
from hub.jobs import UNFINISHED
from hub.live import tell
from hub.models import Arrival, BotTurn, Call, CallLeg, CallScript, Delivery, DeliveryAttempt
from hub.services import arrivals, asking, calls, conversations, lines, ringing
from hub.services.call_words import words
from hub.services.threads import note_event

SCRIPT: TypeAdapter[Script] = TypeAdapter(Script)
MUSIC = 15  # seconds, between what is said to those who wait
SILENCES = 2  # then a person has to help
MARKS = re.compile(r"[*_`#>|~]+|https?://\S+")  # nothing to read aloud


def next_script(channel: str, provider_id: str, key: str, turn: str, *, at_once: bool) -> Script | None:
    """None: not yet, it is still being taken in, or thought about. `at_once`: say that it takes a moment, then."""
    leg = lines.find_leg(channel, provider_id, None)
    if leg is None or not _is_taken_in(channel, key):
        return None
    if told := _told(leg, turn):
        return told
    if _is_thinking(leg) and not at_once:
        return None
    call = lines.locked(leg.call_id)
    if told := _told(leg, turn):
        return told
    leg = next(each for each in call.legs if each.id == leg.id)
    doing, steps = _customer(call, leg, turn) if leg.party == "customer" else _agent(call, leg)
    leg.doing, leg.turns = doing, leg.turns + 1
    script = Script(tuple(steps), str(leg.turns), lines.settings_of(channel).language)
    db.session.add(CallScript(leg_id=leg.id, turn=turn, script=SCRIPT.dump_python(script, mode="json")))
    lines.show(call)
    return script


def trouble(channel: str, turn: str) -> Script:
    """While the hub cannot say anything better."""
    language = lines.settings_of(channel).language
    return Script((Say(words(language, "trouble")), Pause(3)), turn, language)


def _told(leg: CallLeg, turn: str) -> Script | None:
    row = db.session.get(CallScript, (leg.id, turn), populate_existing=True)
    return SCRIPT.validate_python(row.script) if row else None


def _is_taken_in(channel: str, key: str) -> bool:
    done = select(Arrival.id).where(Arrival.channel == channel, Arrival.key == key, Arrival.state == "done")
    return db.session.scalar(done) is not None


def _is_thinking(leg: CallLeg) -> bool:
    """About what this caller said."""
    if leg.party != "customer" or leg.call.state != "bot":
        return False
    lane = arrivals.lane_of(leg.channel, leg.call.identity.value)
    turns = select(BotTurn.id).where(BotTurn.lane == lane, BotTurn.state.in_(UNFINISHED))
    return db.session.scalar(turns) is not None


# the customer

Told = tuple[str, Sequence[Step]]  # what the leg does then, and how


def _customer(call: Call, leg: CallLeg, turn: str) -> Told:
    if call.identity.contact.blocked_at:
        return "end", [Say(_words(call, "goodbye")), HangUp()]
    if leg.doing == "rate":
        thanks = asking.thanks(call, _language(call))
        return "end", [*([Say(thanks)] if thanks else []), Say(_words(call, "goodbye")), HangUp()]
    said = [Say(text) for text in _waiting_texts(call, turn)]
    if call.state == "bot" and (call.conversation.status != "bot" or call.silences >= SILENCES):
        _enqueue(call)
    match call.state:
        case "bot":
            return "ask", _with_bot(call, leg, said)
        case "queued":
            return _in_queue(call, leg, said)
        case "talking" if _has_company(call) and (leg.doing != "join" or lines.is_moved(turn)):
            return "join", [*_announced(call), *said, Join(call.uid.hex, closes=True, recorded=call.recorded)]
        case "talking" if leg.doing == "join" and asking.ask_aloud(call):
            return _rated(call, leg)
        case "voicemail":
            return _on_machine(call, leg, said)
    return "end", [*said, Say(_words(call, "goodbye")), HangUp()]


def _with_bot(call: Call, leg: CallLeg, said: list[Say]) -> list[Step]:
    settings = lines.settings_of(call.channel)
    if leg.turns == 0:
        said = [*_greeting(call), *said]
        menu = [_words(call, "menu", what=what, digit=digit) for digit, what in sorted(settings.menu.items())]
        prompts = [Say(text) for text in (*menu, _words(call, "person"), _words(call, "speak"))]
    elif said:
        prompts = [Say(_words(call, "go_on"))]
    elif _is_thinking(leg):
        return [Say(_words(call, "moment")), Pause(1)]
    else:
        prompts = [Say(_words(call, "again" if call.silences else "go_on"))]
    hints = (*settings.menu.values(), *settings.hints)
    return [Ask((*said, *prompts), speech=True, digits=1, hints=hints)]


def _greeting(call: Call) -> list[Say]:
    greeting = [Say(lines.settings_of(call.channel).greeting or _words(call, "greeting"))]
    return [*greeting, Say(_words(call, "recorded"))] if call.recorded else greeting


def _enqueue(call: Call) -> None:
    if call.conversation.status == "bot":
        conversations.hand_over(call.conversation, "silence")
    call.state, call.queued_at, call.silences = "queued", call.queued_at or now(), 0
    note_event(call.conversation, "call_queued")


def _in_queue(call: Call, leg: CallLeg, said: list[Say]) -> Told:
    settings, first = lines.settings_of(call.channel), leg.doing != "wait"
    said = [*_greeting(call), *said] if leg.turns == 0 else said
    team = ringing.on_duty(call)
    why = "closed" if not settings.is_open(now()) else "nobody" if not team or _has_waited(call) else ""
    if why:
        call.state = "voicemail"
        return _on_machine(call, leg, [*said, Say(_words(call, why))])
    ringing.ring_team(call, team)
    ahead = lines.queue_before(call)
    place = _words(call, "position", ahead=ahead) if ahead else _words(call, "next")
    spoken = [Say(_words(call, "queued"))] if first and not said else []
    return "wait", [Ask((*said, *spoken, Say(place), Music(MUSIC)), speech=False, digits=1, patience=1)]


def _has_waited(call: Call) -> bool:
    waited = now() - (call.queued_at or call.started_at)
    return waited > lines.settings_of(call.channel).waits_for


def _on_machine(call: Call, leg: CallLeg, said: list[Say]) -> Told:
    if call.callback:
        return "end", [*said, Say(_words(call, "callback")), HangUp()]
    if leg.doing == "record":
        heard = call.outcome == "voicemail"
        return "end", [*said, Say(_words(call, "thanks" if heard else "nothing")), HangUp()]
    if leg.doing == "offer":
        longest = lines.settings_of(call.channel).max_message
        return "record", [Record(int(longest / timedelta(seconds=1)))]
    return "offer", [Ask((*said, Say(_words(call, "offer"))), speech=False, digits=1, patience=2)]


def _rated(call: Call, leg: CallLeg) -> Told:
    """For everybody else the call is over."""
    calls.finish(call, "completed", staying=leg)
    question, keys = asking.aloud(call, _language(call))
    choices = [Say(_words(call, "menu", what=what.lower(), digit=digit)) for what, digit in keys]
    return "rate", [Ask((Say(question), *choices), speech=False, digits=1, patience=5)]


def _announced(call: Call) -> list[Say]:
    """Whom we call is told who it is, and that it is recorded; whoever called us knows."""
    if call.direction == "in":
        return [Say(_words(call, "connecting"))]
    names = ("announce", "recorded") if call.recorded else ("announce",)
    return [Say(_words(call, name)) for name in names]


def _has_company(call: Call) -> bool:
    return any(leg.doing in ("accepted", "join") for leg in lines.agent_legs(call, *calls.LIVE))


def _waiting_texts(call: Call, turn: str) -> list[str]:
    """What bots and agents wrote since; said once, in this turn."""
    if call.state not in ("bot", "queued"):
        return []
    rows = (
        select(Delivery)
        .where(Delivery.identity_id == call.identity_id, Delivery.channel == call.channel, Delivery.state == "waiting")
        .order_by(Delivery.id)
        .with_for_update()
    )
    texts = []
    for delivery in db.session.scalars(rows.execution_options(populate_existing=True)):
        delivery.state, delivery.error, delivery.error_code = "done", "", ""
        delivery.provider_id, delivery.attempts = f"call-{call.id}-{turn}-{delivery.id}", delivery.attempts + 1
        db.session.add(DeliveryAttempt(delivery_id=delivery.id, started_at=now(), outcome="sent"))
        tell(delivery.message)
        texts.append(aloud(delivery.text))
    return [text for text in texts if text]


def aloud(text: str) -> str:
    return MARKS.sub(" ", text).strip()


# agents


def _agent(call: Call, leg: CallLeg) -> Told:
    if call.state == "ended" and call.outcome in calls.NOT_REACHED:
        return "end", [Say(_words(call, call.outcome)), HangUp()]
    match leg.doing:
        case "accepted":
            return "join", [Join(call.uid.hex, recorded=call.recorded)]
        case "join":
            return "end", [HangUp()]
        case "" if leg.device == "phone" and _is_wanted(call, leg):
            who = call.identity.contact.name or _words(call, "customer")
            name = "transfer" if leg.purpose else "ring_out" if call.direction == "out" else "ring_in"
            return "offer", [Ask((Say(_words(call, name, who=who)),), speech=False, digits=1, patience=8)]
        case "offer" if _is_wanted(call, leg):  # nobody pressed anything: perhaps a machine answered
            return "end", [HangUp()]
    return "end", [Say(_words(call, "taken")), HangUp()]


def _is_wanted(call: Call, leg: CallLeg) -> bool:
    if leg.purpose == "transfer":
        return call.state == "talking"
    return call.state in ("queued", "calling")


def _words(call: Call, name: str, **gaps: object) -> str:
    language: Language = lines.settings_of(call.channel).language
    return words(language, name, **gaps)


def _language(call: Call) -> knowledge.Language:
    return "en" if lines.settings_of(call.channel).language == "en" else "zh"
