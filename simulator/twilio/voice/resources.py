"""Calls, conferences, participants, recordings and queues as the REST API answers them."""

from __future__ import annotations

from typing import Any

from simulator.twilio.rest import ROOT, VERSION, date_of
from simulator.twilio.voice.calls import Call
from simulator.twilio.voice.conferences import Conference, Participant
from simulator.twilio.voice.queueing import Queue
from simulator.twilio.voice.recordings import Recording


def _account(sid: str) -> str:
    return f"{ROOT}/{sid}"


def _date(moment: float) -> str | None:
    return date_of(moment) if moment else None


def call_resource(call: Call) -> dict[str, Any]:
    uri = f"{_account(call.account_sid)}/Calls/{call.sid}"
    ended = not call.is_live
    return {
        "sid": call.sid,
        "date_created": date_of(call.created_at),
        "date_updated": date_of(call.ended_at or call.answered_at or call.created_at),
        "parent_call_sid": call.parent.sid if call.parent else None,
        "account_sid": call.account_sid,
        "to": call.to,
        "to_formatted": call.to,
        "from": call.from_,
        "from_formatted": call.from_,
        "phone_number_sid": call.number_sid or None,
        "status": "queued" if call.status == "initiated" else call.status,
        "start_time": _date(call.answered_at or call.ended_at),
        "end_time": _date(call.ended_at),
        "duration": str(round(call.talked)) if ended else None,
        "price": None,
        "price_unit": "USD",
        "direction": call.direction,
        "answered_by": None,
        "annotation": None,
        "api_version": VERSION,
        "forwarded_from": None,
        "group_sid": None,
        "caller_name": None,
        "queue_time": "0",
        "trunk_sid": None,
        "uri": f"{uri}.json",
        "subresource_uris": {"recordings": f"{uri}/Recordings.json", "notifications": f"{uri}/Notifications.json"},
    }


def conference_resource(conference: Conference) -> dict[str, Any]:
    uri = f"{_account(conference.account_sid)}/Conferences/{conference.sid}"
    return {
        "sid": conference.sid,
        "account_sid": conference.account_sid,
        "friendly_name": conference.name,
        "status": conference.status,
        "region": "us1",
        "date_created": date_of(conference.created_at),
        "date_updated": date_of(conference.updated_at or conference.created_at),
        "api_version": VERSION,
        "reason_conference_ended": conference.ended_because or None,
        "call_sid_ending_conference": conference.ended_by or None,
        "uri": f"{uri}.json",
        "subresource_uris": {"participants": f"{uri}/Participants.json", "recordings": f"{uri}/Recordings.json"},
    }


def participant_resource(conference: Conference, participant: Participant) -> dict[str, Any]:
    call = participant.call
    path = f"{_account(conference.account_sid)}/Conferences/{conference.sid}/Participants/{call.sid}.json"
    connected = participant.joined_at > 0
    return {
        "account_sid": conference.account_sid,
        "call_sid": call.sid,
        "conference_sid": conference.sid,
        "label": participant.label or None,
        "muted": participant.muted,
        "hold": participant.held,
        "coaching": bool(participant.coaches),
        "call_sid_to_coach": participant.coaches or None,
        "start_conference_on_enter": participant.starts,
        "end_conference_on_exit": participant.ends,
        "status": "connected" if connected else "ringing" if call.status == "ringing" else "queued",
        "queue_time": "0",
        "date_created": date_of(participant.joined_at or call.created_at),
        "date_updated": date_of(participant.joined_at or call.created_at),
        "uri": path,
    }


def recording_resource(recording: Recording) -> dict[str, Any]:
    path = f"{_account(recording.account_sid)}/Recordings/{recording.sid}"
    done = recording.status == "completed"
    return {
        "sid": recording.sid,
        "account_sid": recording.account_sid,
        "call_sid": recording.call_sid,
        "conference_sid": recording.conference_sid or None,
        "status": recording.status,
        "source": recording.source,
        "channels": recording.channels,
        "track": recording.track,
        "duration": str(recording.duration) if done else "-1",
        "start_time": date_of(recording.begun_at),
        "date_created": date_of(recording.begun_at),
        "date_updated": date_of(recording.updated_at or recording.begun_at),
        "price": None,
        "price_unit": "USD",
        "error_code": None,
        "encryption_details": None,
        "api_version": VERSION,
        "uri": f"{path}.json",
        "media_url": recording.url if done else None,
        "subresource_uris": {},
    }


def queue_resource(queue: Queue) -> dict[str, Any]:
    uri = f"{_account(queue.account_sid)}/Queues/{queue.sid}"
    return {
        "sid": queue.sid,
        "account_sid": queue.account_sid,
        "friendly_name": queue.name,
        "current_size": len(queue.waiting),
        "max_size": queue.most,
        "average_wait_time": 0,
        "date_created": date_of(queue.created_at),
        "date_updated": date_of(queue.created_at),
        "uri": f"{uri}.json",
        "subresource_uris": {"members": f"{uri}/Members.json"},
    }
