"""Calls as the REST API places, changes and ends them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from werkzeug.datastructures import MultiDict

from simulator.twilio.rest import Refusal
from simulator.twilio.voice.attending import stay
from simulator.twilio.voice.calls import Call, Interrupted, Reports, Source
from simulator.twilio.voice.conferences import Conference, Participant, events_of
from simulator.twilio.voice.documents import run
from simulator.twilio.voice.exchange import Exchange
from simulator.twilio.voice.legs import ring
from simulator.twilio.voice.recordings import Recording
from simulator.twilio.voice.taping import record_call

Form = MultiDict[str, str]
PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
REACHED = re.compile(r"client:[A-Za-z0-9_]{1,121}|sips?:\S+@\S+")
NO_TO, BAD_URL, NOT_OURS, BAD_TO, NO_FROM, BAD_FROM, NOT_ALLOWED = 21201, 21205, 21210, 21211, 21213, 21212, 21215
NOT_IN_PROGRESS, NOT_ROUTABLE, BLOCKED, NO_NUMBER = 21220, 21214, 21216, 21217
CLOSED_COUNTRIES = ("+86",)
MAGIC = {  # numbers with which Twilio lets one try
    "+15005550001": NO_NUMBER,
    "+15005550002": NOT_ROUTABLE,
    "+15005550003": NOT_ALLOWED,
    "+15005550004": BLOCKED,
}
WHY: Mapping[int, str] = {
    NO_TO: "No 'To' number is specified",
    BAD_URL: "Url is not a valid URL",
    NOT_OURS: "The source phone number provided is not yet verified for your account",
    BAD_TO: "Invalid 'To' Phone Number",
    NO_FROM: "'From' phone number is required",
    BAD_FROM: "Invalid 'From' Phone Number",
    NOT_ALLOWED: "Account not authorized to call this number",
    NOT_IN_PROGRESS: "Call is not in-progress. Cannot redirect.",
    NOT_ROUTABLE: "'To' phone number cannot be reached",
    BLOCKED: "Account not allowed to call this number",
    NO_NUMBER: "Phone number does not appear to be valid",
}
RINGS_FOR = 60


def place(exchange: Exchange, account_sid: str, form: Form) -> Call:
    call, source = _leg(exchange, account_sid, form), source_of(form)
    if source is None:
        raise refusal(BAD_URL)
    return ring(call, _seconds(form), lambda: _answered(call, source, form))


def add_participant(exchange: Exchange, conference: Conference, form: Form) -> Participant:
    call = _leg(exchange, conference.account_sid, form)
    wait = form.get("WaitUrl")
    participant = Participant(
        call=call,
        label=form.get("Label", ""),
        muted=_flag(form, "Muted", False),
        starts=_flag(form, "StartConferenceOnEnter", True),
        ends=_flag(form, "EndConferenceOnExit", False),
        beep=form.get("Beep", "true"),
        coaches=form.get("CallSidToCoach", ""),
        waits=wait != "",
        wait=Source(wait, form.get("WaitMethod", "POST")) if wait else None,
    )
    if form.get("ConferenceStatusCallback") and conference.reports is None:
        words = [
            event.partition("-")[2] or event for event in _words(form, "ConferenceStatusCallbackEvent", "start end")
        ]
        conference.reports = _reports(form, "ConferenceStatusCallback", events_of(words))
    if form.get("ConferenceRecord") in ("true", "record-from-start"):
        conference.recorded = True
        conference.recording_reports = recording_reports(form, "ConferenceRecordingStatusCallback")
    ring(call, _seconds(form), lambda: _joined(conference, participant, form))
    return participant


def update(call: Call, form: Form) -> None:
    source, status = source_of(form), form.get("Status")
    if not call.is_live or (source and not call.is_answered):
        raise refusal(NOT_IN_PROGRESS)
    if form.get("StatusCallback"):
        call.reports = call_reports(form)
    if source:
        call.redirect(source)
    elif status in ("completed", "canceled") and not call.is_answered:
        call.end("canceled")
    elif status == "completed":
        call.end()


def record(call: Call, form: Form) -> Recording:
    if not call.is_answered:
        raise refusal(NOT_IN_PROGRESS)
    return record_call(
        call,
        "StartCallRecordingAPI",
        channels=1 if form.get("RecordingChannels") == "mono" else 2,
        track=form.get("RecordingTrack", "both"),
        trims=form.get("Trim") == "trim-silence",
        reports=recording_reports(form, "RecordingStatusCallback"),
    )


def refusal(code: int) -> Refusal:
    return Refusal(code, WHY[code])


def source_of(form: Form) -> Source | None:
    twiml, url = form.get("Twiml", ""), form.get("Url", "")
    if twiml:
        return Source(twiml=twiml)
    if not url:
        return None
    if not re.match(r"https?://\S+$", url):
        raise refusal(BAD_URL)
    return Source(url, form.get("Method", "POST"))


def call_reports(form: Form) -> Reports | None:
    return _reports(form, "StatusCallback", frozenset(_words(form, "StatusCallbackEvent", "completed")))


def recording_reports(form: Form, name: str) -> Reports | None:
    return _reports(form, name, frozenset(_words(form, f"{name}Event", "completed")))


def _reports(form: Form, name: str, events: frozenset[str]) -> Reports | None:
    url = form.get(name)
    return Reports(url, form.get(f"{name}Method", "POST"), events) if url else None


def _words(form: Form, name: str, default: str) -> list[str]:
    """Repeated fields, or one with spaces in it."""
    return " ".join(form.getlist(name) or [default]).split()


def _flag(form: Form, name: str, default: bool) -> bool:
    return form.get(name, str(default)).lower() == "true"


def _seconds(form: Form) -> float:
    return float(form.get("Timeout", RINGS_FOR, type=int))


def _leg(exchange: Exchange, account_sid: str, form: Form) -> Call:
    to, caller = form.get("To", "").strip(), form.get("From", "").strip()
    if code := _fault_in(exchange, account_sid, to, caller):
        raise refusal(code)
    fallback = form.get("FallbackUrl")
    return Call(
        exchange,
        account_sid=account_sid,
        phone=exchange.phone(to),
        from_=caller,
        to=to,
        direction="outbound-api",
        reports=call_reports(form),
        fallback=Source(fallback, form.get("FallbackMethod", "POST")) if fallback else None,
    )


def _fault_in(exchange: Exchange, account_sid: str, to: str, caller: str) -> int:
    if not to:
        return NO_TO
    if not caller:
        return NO_FROM
    if to in MAGIC:
        return MAGIC[to]
    if not PHONE.fullmatch(to) and not REACHED.fullmatch(to):
        return BAD_TO
    if to.startswith(CLOSED_COUNTRIES):
        return NOT_ALLOWED
    number = exchange.world.numbers.get(caller)
    if not PHONE.fullmatch(caller) and not REACHED.fullmatch(caller):
        return BAD_FROM
    return 0 if number and number.account.sid == account_sid else NOT_OURS


def _answered(call: Call, source: Source, form: Form) -> None:
    if _flag(form, "Record", False):
        channels = 2 if form.get("RecordingChannels") == "dual" else 1
        record_call(call, "OutboundAPI", channels=channels, reports=recording_reports(form, "RecordingStatusCallback"))
    run(call, source)


def _joined(conference: Conference, participant: Participant, form: Form) -> None:
    call = participant.call
    if _flag(form, "Record", False):
        record_call(call, "OutboundAPI", channels=2, reports=recording_reports(form, "RecordingStatusCallback"))
    try:
        stay(conference, participant)
    except Interrupted:
        run(call, call.take_forced())
    else:
        call.end()
