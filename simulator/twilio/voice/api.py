"""The REST API of calls, conferences and queues: each path, and what it answers. That of recordings is beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from simulator.twilio.rest import Answer, Page, within
from simulator.twilio.voice import api_recordings, placing
from simulator.twilio.voice.asking import Asked, Handler, missing
from simulator.twilio.voice.calls import Call, Source
from simulator.twilio.voice.conferences import Conference, Participant, find, find_or_open
from simulator.twilio.voice.resources import (
    call_resource,
    conference_resource,
    participant_resource,
    queue_resource,
)

# -- calls


def create_call(asked: Asked) -> Answer:
    return call_resource(placing.place(asked.exchange, asked.account_sid, asked.form))


def list_calls(asked: Asked) -> Answer:
    query = asked.query
    calls = [call for call in asked.exchange.calls.values() if call.account_sid == asked.account_sid]
    for name, value_of in CALL_FILTERS.items():
        if query.get(name):
            calls = [call for call in calls if value_of(call) == query[name]]
    calls = [call for call in calls if within(query, "StartTime", call.created_at)]
    return Page("calls", [call_resource(call) for call in reversed(calls)])


CALL_FILTERS: Mapping[str, Callable[[Call], str]] = {
    "To": lambda call: call.to,
    "From": lambda call: call.from_,
    "Status": lambda call: call.status,
    "ParentCallSid": lambda call: call.parent.sid if call.parent else "",
}


def show_call(asked: Asked, sid: str) -> Answer:
    return call_resource(asked.call(sid))


def update_call(asked: Asked, sid: str) -> Answer:
    call = asked.call(sid)
    placing.update(call, asked.form)
    return call_resource(call)


# -- conferences


def list_conferences(asked: Asked) -> Answer:
    query = asked.query
    found = [
        each
        for each in asked.exchange.conferences.values()
        if each.account_sid == asked.account_sid
        and query.get("FriendlyName", each.name) == each.name
        and query.get("Status", each.status) == each.status
    ]
    return Page("conferences", [conference_resource(each) for each in reversed(found)])


def show_conference(asked: Asked, sid: str) -> Answer:
    return conference_resource(asked.conference(sid))


def update_conference(asked: Asked, sid: str) -> Answer:
    conference = asked.conference(sid)
    if asked.form.get("Status") == "completed":
        with asked.exchange.lock:
            conference.end("conference-ended-via-api")
    return conference_resource(conference)


def list_participants(asked: Asked, sid: str) -> Answer:
    conference, query = asked.conference(sid), asked.query
    wanted = {name: query[name] == "true" for name in ("Muted", "Hold") if query.get(name)}
    found = [
        each
        for each in conference.participants
        if wanted.get("Muted", each.muted) == each.muted and wanted.get("Hold", each.held) == each.held
    ]
    return Page("participants", [participant_resource(conference, each) for each in found])


def create_participant(asked: Asked, sid: str) -> Answer:
    """In a conference by its SID, or by a name, which may be new."""
    conference = asked.conference(sid) if sid.startswith("CF") else None
    if conference and conference.status == "completed":
        raise missing(sid)
    conference = conference or find_or_open(asked.exchange, asked.account_sid, sid)
    return participant_resource(conference, placing.add_participant(asked.exchange, conference, asked.form))


def _participant(asked: Asked, sid: str, who: str) -> tuple[Conference, Participant]:
    conference = find(asked.exchange, asked.account_sid, sid)
    participant = conference.participant(who) if conference else None
    if not conference or not participant:
        raise missing(who)
    return conference, participant


def show_participant(asked: Asked, sid: str, who: str) -> Answer:
    return participant_resource(*_participant(asked, sid, who))


def update_participant(asked: Asked, sid: str, who: str) -> Answer:
    conference, participant = _participant(asked, sid, who)
    form, flags = asked.form, {"Muted": "muted", "Hold": "held", "EndConferenceOnExit": "ends"}
    if form.get("HoldUrl"):
        participant.hold = Source(form["HoldUrl"], form.get("HoldMethod", "POST"))
    if "CallSidToCoach" in form or form.get("Coaching") == "false":
        participant.coaches = form.get("CallSidToCoach", "")
    conference.change(participant, **{flags[name]: form[name].lower() == "true" for name in flags if name in form})
    return participant_resource(conference, participant)


def remove_participant(asked: Asked, sid: str, who: str) -> Answer:
    _, participant = _participant(asked, sid, who)
    participant.gone = "participant_removed_via_api"
    asked.exchange.touch(participant.call.phone)
    return None


# -- queues


def list_queues(asked: Asked) -> Answer:
    found = [each for each in asked.exchange.queues.values() if each.account_sid == asked.account_sid]
    return Page("queues", [queue_resource(each) for each in found])


def show_queue(asked: Asked, sid: str) -> Answer:
    return queue_resource(asked.queue(sid))


# -- where they are

PATHS: Mapping[str, Mapping[str, Handler]] = {
    "Calls.json": {"GET": list_calls, "POST": create_call},
    "Calls/<sid>.json": {"GET": show_call, "POST": update_call},
    "Conferences.json": {"GET": list_conferences},
    "Conferences/<sid>.json": {"GET": show_conference, "POST": update_conference},
    "Conferences/<sid>/Participants.json": {"GET": list_participants, "POST": create_participant},
    "Conferences/<sid>/Participants/<who>.json": {
        "GET": show_participant,
        "POST": update_participant,
        "DELETE": remove_participant,
    },
    "Queues.json": {"GET": list_queues},
    "Queues/<sid>.json": {"GET": show_queue},
    **api_recordings.PATHS,
}
