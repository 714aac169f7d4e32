"""Legs as they are placed and rung: what the phone at the other end does, and what runs once it is answered."""

from __future__ import annotations

from collections.abc import Callable

from simulator.twilio.voice import people
from simulator.twilio.voice.calls import Call, Reports, Source
from simulator.twilio.voice.documents import run
from simulator.twilio.voice.exchange import Exchange
from simulator.twilio.voice.taping import stop_all

DIALS_FOR = 0.3  # seconds until it rings


def call_in(exchange: Exchange, caller: str, to: str, script: tuple[people.Step, ...] | None = None) -> Call:
    """Somebody calls a number of ours."""
    number = exchange.world.numbers[to]
    call = Call(
        exchange,
        account_sid=number.account.sid,
        phone=exchange.phone(caller),
        from_=caller,
        to=to,
        direction="inbound",
        reports=Reports(number.status_callback) if number.status_callback else None,
        fallback=Source(number.voice_fallback_url) if number.voice_fallback_url else None,
        number_sid=number.sid,
        status="ringing",
    )
    exchange.add(call)
    call.show("ringing", over=False)
    exchange.start(lambda: _live(call, lambda: run(call, Source(number.voice_url, number.voice_method))), call.sid)
    if script is not None:
        people.follow(call, script)
    return call


def ring(call: Call, seconds: float, answered: Callable[[], object]) -> Call:
    """A new leg to a phone, in a thread of its own; `answered` is what happens then."""
    call.exchange.add(call)
    call.exchange.start(lambda: _live(call, lambda: _rung(call, seconds, answered)), call.sid)
    return call


def _live(call: Call, what: Callable[[], object]) -> None:
    try:
        what()
    finally:
        stop_all(call)
        call.end("failed")  # one that has ended already has ended as it did


def _rung(call: Call, seconds: float, answered: Callable[[], object]) -> None:
    phone = call.phone
    call.set_status("initiated")
    call.wait(DIALS_FOR)
    if not phone.is_browser and any(other.is_live for other in phone.calls if other is not call):
        return call.end("busy")
    call.set_status("ringing")
    call.show("rings", who=call.from_, over=False)
    if phone.script is not None:
        people.follow(call, phone.script)
    if not call.wait(seconds, lambda: call.accepted is not None):
        return call.end("no-answer")
    if not call.accepted:
        return call.end(call.refusal)
    call.answer()
    answered()
    return None
