"""What is told of a call as it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.twilio.rest import date_of

if TYPE_CHECKING:
    from simulator.twilio.voice.calls import Call

EVENTS = {"initiated": "initiated", "ringing": "ringing", "in-progress": "answered"}  # all others are "completed"
SIP_CODES = {"completed": "200", "busy": "486", "no-answer": "480", "failed": "404", "canceled": "487"}


def report(call: Call) -> None:
    """Where its status has changed. It is counted also where nobody wants to know."""
    event, number = EVENTS.get(call.status, "completed"), call.sequence
    call.sequence += 1
    if not call.reports or event not in call.reports.events:
        return
    fields = call.parameters() | {
        "Timestamp": date_of(call.exchange.world.now()),
        "CallbackSource": "call-progress-events",
        "SequenceNumber": str(number),
    }
    if not call.is_live:
        seconds = round(call.talked)
        fields |= {
            "CallDuration": str(seconds),
            "Duration": str(-(-seconds // 60)),  # minutes begun
            "SipResponseCode": SIP_CODES[call.status],
        }
    call.exchange.courier.tell(call.account_sid, call.sid, call.reports, fields)
