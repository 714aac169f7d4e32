"""Calls, phones, conferences and recordings as the /_sim API shows them."""

from __future__ import annotations

from typing import Any

from simulator.twilio.voice.calls import Call, Phone
from simulator.twilio.voice.conferences import Conference
from simulator.twilio.voice.exchange import Exchange
from simulator.twilio.voice.recordings import Recording


def call_view(exchange: Exchange, call: Call, since: int | None = 0) -> dict[str, Any]:
    """With the lines that changed after that revision of its phone; with none if it is None."""
    with exchange.lock:
        view: dict[str, Any] = {
            "sid": call.sid,
            "parent": call.parent.sid if call.parent else None,
            "from": call.from_,
            "to": call.to,
            "phone": call.phone.number,
            "direction": call.direction,
            "status": call.status,
            "created_at": call.created_at,
            "answered_at": call.answered_at or None,
            "ended_at": call.ended_at or None,
            "seconds": round(call.seconds, 2),
            "script": call.script and dict(call.script),
        }
        if since is not None:
            view["lines"] = [line.copy() for line in call.lines if line["rev"] > since]
        return view


def phone_view(exchange: Exchange, phone: Phone, since: int = 0) -> dict[str, Any]:
    with exchange.lock:
        current = phone.current
        return {
            "number": phone.number,
            "name": phone.name,
            "scripted": phone.script is not None,
            "call": current and call_view(exchange, current, since),
            "rev": phone.revision,
            "boot": exchange.boot,
            "now": exchange.world.now(),
        }


def conference_view(conference: Conference) -> dict[str, Any]:
    participants = [
        {
            "call": each.call.sid,
            "phone": each.call.phone.number,
            "label": each.label,
            "muted": each.muted,
            "hold": each.held,
            "ends": each.ends,
        }
        for each in conference.participants
    ]
    return {
        "sid": conference.sid,
        "name": conference.name,
        "status": conference.status,
        "ended_because": conference.ended_because or None,
        "participants": participants,
    }


def recording_view(recording: Recording) -> dict[str, Any]:
    return {
        "sid": recording.sid,
        "call": recording.call_sid,
        "conference": recording.conference_sid or None,
        "source": recording.source,
        "status": recording.status,
        "seconds": round(recording.elapsed, 2),
        "channels": recording.channels,
        "said": [{name: line[name] for name in ("at", "channel", "by", "text")} for line in recording.said],
        "text": recording.text,
    }
