"""A leg's time in a conference: with music until it starts, talking, on hold, until it leaves or has to."""

from __future__ import annotations

from dataclasses import replace

from simulator.twilio.voice.calls import Call, Condition, Ended, Interrupted, Reports, Source
from simulator.twilio.voice.clock import FOREVER
from simulator.twilio.voice.conferences import Conference, Participant, events_of, find_or_open
from simulator.twilio.voice.documents import Turn, entertain
from simulator.twilio.voice.taping import reports_of
from simulator.twilio.voice.twiml import Verb


def attend(turn: Turn, noun: Verb, limit: float, *, stars: bool) -> None:
    """What <Conference> says."""
    call = turn.call
    conference = find_or_open(call.exchange, call.account_sid, noun.text)
    callback = noun.get("statusCallback")
    if callback and conference.reports is None:
        events = events_of(noun.words("statusCallbackEvent", "start end"))
        conference.reports = Reports(turn.source(callback).url, noun.get("statusCallbackMethod", "POST"), events)
    if noun.get("record", "do-not-record") == "record-from-start":
        conference.recorded = True
        conference.recording_reports = conference.recording_reports or reports_of(turn, noun)
    waits = noun.attributes.get("waitUrl") != ""
    participant = Participant(
        call=call,
        muted=noun.flag("muted"),
        coaches=noun.get("coach"),
        label=noun.get("participantLabel"),
        starts=noun.flag("startConferenceOnEnter", True),
        ends=noun.flag("endConferenceOnExit"),
        beep=noun.get("beep", "true"),
        waits=waits,
        wait=turn.source(noun.get("waitUrl"), noun.get("waitMethod", "POST")) if noun.get("waitUrl") else None,
    )
    stay(conference, participant, limit, stars=stars)


def stay(conference: Conference, participant: Participant, limit: float = FOREVER, *, stars: bool = False) -> None:
    call, clock = participant.call, conference.exchange.clock
    ends = clock.now() + limit
    about = {"ConferenceSid": conference.sid, "FriendlyName": conference.name}

    def leaves() -> bool:
        return bool(participant.gone) or (stars and any(each.key == "*" for each in call.inputs))

    conference.enter(participant)
    why = "participant_left"
    try:
        while not leaves() and clock.now() < ends:
            if not conference.room.open:
                _linger(call, participant.wait, participant.waits, about, lambda: conference.room.open or leaves())
            elif participant.held:
                _linger(call, participant.hold, True, about, lambda: not participant.held or leaves())
            else:
                call.wait(ends - clock.now(), lambda: participant.held or leaves())
    except Ended:
        why = "participant_hung_up"
        raise
    except Interrupted:
        why = "participant_updated_via_api"
        raise
    finally:
        conference.leave(participant, why)


def _linger(call: Call, source: Source | None, audible: bool, about: dict[str, str], until: Condition) -> None:
    if not audible:
        call.wait(FOREVER, until)
        return
    entertain(call, lambda: replace(source, fields=about) if source else None, until)
