"""The /_sim/voice API: what people do at their phones, and what a test wants to know.

POST calls {from, to, steps?}        GET calls        GET calls/<sid>?wait=   with its lines; waits until it is over
     steps, one after the other, each with {timeout?: 30} seconds:
     {hear: text or /pattern/, interrupts?}  {notice: kind of line}  {say: text, confidence?}  {press: keys}
     {wait: seconds}  {hang_up: true}  {hung_up: true}; who is called {answer: seconds}  {reject: true}  {fail: true}
POST calls/<sid>/say {text, confidence?}   press {digits}   answer {}   reject {}   hang_up {}
GET  numbers     that can be called
GET  phones      GET phones/<number>?since=&boot=&wait=     its call, with the lines that changed after that revision
POST phones/<number> {steps?, name?}       what it does whenever it rings; without steps a person answers
GET  errors · conferences · recordings · recordings/<sid>   what was said in it, too
GET  faults      POST faults {kind: duplicate|overtaken|late|lost, matches?: [number, sid, status …], seconds?, times?}
DELETE faults    GET, POST pace {factor}   how much faster than real time calls go
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from simulator.asked import Asked, NothingAsked, body_as, problem
from simulator.twilio.voice.asked import (
    CallAsked,
    PaceAsked,
    PressAsked,
    ReportFaultAsked,
    SayAsked,
    ScriptAsked,
)
from simulator.twilio.voice.calls import Call
from simulator.twilio.voice.courier import ReportFault
from simulator.twilio.voice.exchange import Exchange
from simulator.twilio.voice.legs import call_in
from simulator.twilio.voice.views import call_view, conference_view, phone_view, recording_view

LONGEST_WAIT = 25.0

ACTS: Mapping[str, tuple[type[Asked], Callable[[Call, Any], object]]] = {
    "say": (SayAsked, lambda call, asked: call.say(asked.text, asked.confidence)),
    "press": (PressAsked, lambda call, asked: call.press(asked.digits)),
    "answer": (NothingAsked, lambda call, _: call.accept()),
    "reject": (NothingAsked, lambda call, _: call.refuse()),
    "hang_up": (NothingAsked, lambda call, _: call.hang_up()),
}


def control(blueprint: Blueprint, exchange: Exchange) -> None:
    courier = exchange.courier

    def call_or_404(sid: str) -> Call:
        return exchange.calls.get(sid) or abort(404)

    @blueprint.post("/_sim/voice/calls")
    def place() -> tuple[Response, int]:
        asked = body_as(CallAsked)
        if asked.to not in exchange.world.numbers:
            return problem(f"{asked.to} is no number of ours", 409), 409
        call = call_in(exchange, asked.from_, asked.to, asked.steps)
        return jsonify(call_view(exchange, call)), 201

    @blueprint.get("/_sim/voice/calls")
    def calls() -> Response:
        with exchange.lock:
            return jsonify(items=[call_view(exchange, call, since=None) for call in exchange.calls.values()])

    @blueprint.get("/_sim/voice/calls/<sid>")
    def call(sid: str) -> Response:
        found = call_or_404(sid)
        _wait(exchange, lambda: not _goes_on(found))
        return jsonify(call_view(exchange, found))

    @blueprint.post("/_sim/voice/calls/<sid>/<act>")
    def do(sid: str, act: str) -> tuple[Response, int]:
        found, (shape, perform) = call_or_404(sid), ACTS.get(act) or abort(404)
        asked = body_as(shape)
        if not found.is_live:
            return problem("the call is over", 409), 409
        perform(found, asked)
        return jsonify(call_view(exchange, found)), 200

    @blueprint.get("/_sim/voice/numbers")
    def numbers() -> Response:
        ours = exchange.world.numbers.items()
        return jsonify(items=[{"number": number} for number, each in ours if each.voice_url])

    @blueprint.get("/_sim/voice/phones")
    def phones() -> Response:
        with exchange.lock:
            return jsonify(items=[phone_view(exchange, phone) for phone in exchange.phones.values()])

    @blueprint.get("/_sim/voice/phones/<number>")
    def phone(number: str) -> Response:
        found, since = exchange.phone(number), request.args.get("since", type=int)
        if since is not None and request.args.get("boot") == exchange.boot:
            _wait(exchange, lambda: found.revision > since)
        return jsonify(phone_view(exchange, exchange.phone(number), since or 0))

    @blueprint.post("/_sim/voice/phones/<number>")
    def set_phone(number: str) -> Response:
        asked, found = body_as(ScriptAsked), exchange.phone(number)
        found.script, found.name = asked.steps, asked.name or found.name
        return jsonify(phone_view(exchange, found))

    @blueprint.get("/_sim/voice/errors")
    def errors() -> Response:
        return jsonify(items=list(exchange.errors))

    @blueprint.get("/_sim/voice/conferences")
    def conferences() -> Response:
        with exchange.lock:
            return jsonify(items=[conference_view(each) for each in exchange.conferences.values()])

    @blueprint.get("/_sim/voice/recordings")
    def recordings() -> Response:
        with exchange.lock:
            return jsonify(items=[recording_view(each) for each in exchange.recordings.values()])

    @blueprint.get("/_sim/voice/recordings/<sid>")
    def recording(sid: str) -> Response:
        return jsonify(recording_view(exchange.recordings.get(sid) or abort(404)))

    @blueprint.get("/_sim/voice/faults")
    def faults() -> Response:
        return jsonify(items=[vars(fault).copy() for fault in courier.faults])

    @blueprint.post("/_sim/voice/faults")
    def add_fault() -> tuple[Response, int]:
        courier.faults.append(ReportFault(**body_as(ReportFaultAsked).model_dump()))
        return faults(), 201

    @blueprint.delete("/_sim/voice/faults")
    def clear_faults() -> tuple[str, int]:
        courier.faults.clear()
        return "", 204

    @blueprint.get("/_sim/voice/pace")
    def pace() -> Response:
        return jsonify(factor=exchange.clock.factor)

    @blueprint.post("/_sim/voice/pace")
    def set_pace() -> Response:
        exchange.set_factor(body_as(PaceAsked).factor)
        return pace()


def _goes_on(call: Call) -> bool:
    return call.is_live or (call.script or {}).get("outcome") == "running"


def _wait(exchange: Exchange, until: Callable[[], bool]) -> None:
    """As long as ?wait= says, in real seconds."""
    seconds, boot = min(request.args.get("wait", 0.0, type=float), LONGEST_WAIT), exchange.boot
    ends = time.monotonic() + seconds
    with exchange.changed:
        while not until() and exchange.boot == boot and (left := ends - time.monotonic()) > 0:
            exchange.changed.wait(left)
