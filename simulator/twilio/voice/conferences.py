"""Conferences: who is in them, what starts and ends them, and what is reported of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from simulator.twilio.rest import date_of
from simulator.twilio.voice.calls import Reports, Source
from simulator.twilio.voice.exchange import Exchange
from simulator.twilio.voice.rooms import Member, Room
from simulator.twilio.voice.taping import begin, finish
from simulator.twilio.world import new_sid

START, END, JOIN, LEAVE = "conference-start", "conference-end", "participant-join", "participant-leave"
EVENTS = {  # what is asked for, and the events that it means
    "start": {START},
    "end": {END},
    "join": {JOIN},
    "leave": {LEAVE},
    "mute": {"participant-mute", "participant-unmute"},
    "hold": {"participant-hold", "participant-unhold"},
    "modify": {"participant-modify"},
}
CHANGES = {  # of a participant: the event when it is taken back, and when it is set
    "muted": ("participant-unmute", "participant-mute"),
    "held": ("participant-unhold", "participant-hold"),
    "ends": ("participant-modify", "participant-modify"),
}
ON_ENTER, ON_EXIT = ("true", "onEnter"), ("true", "onExit")


@dataclass(eq=False, kw_only=True)
class Participant(Member):
    """A leg in a conference."""

    label: str = ""
    starts: bool = True  # the conference, by entering
    ends: bool = False  # it, by leaving
    beep: str = "true"
    waits: bool = True  # with something to hear
    wait: Source | None = None  # None: music
    hold: Source | None = None
    gone: str = ""  # why it has to leave
    joined_at: float = 0.0


@dataclass(eq=False)
class Conference:
    exchange: Exchange = field(repr=False)
    account_sid: str
    name: str
    created_at: float
    sid: str = field(default_factory=lambda: new_sid("CF"))
    status: str = "init"
    room: Room = field(default_factory=Room)
    reports: Reports | None = None
    recorded: bool = False
    recording_reports: Reports | None = None
    sequence: int = 0
    updated_at: float = 0.0
    ended_because: str = ""
    ended_by: str = ""  # CallSid

    @property
    def participants(self) -> list[Participant]:
        return [member for member in self.room.members.values() if isinstance(member, Participant)]

    def participant(self, sid_or_label: str) -> Participant | None:
        return next((each for each in self.participants if sid_or_label in (each.call.sid, each.label)), None)

    def enter(self, participant: Participant) -> None:
        with self.exchange.lock:
            participant.joined_at = self.exchange.world.now()
            if participant.beep in ON_ENTER and self.room.open:
                self.room.tell("beep")
            self.room.add(participant)
            self._report(JOIN, participant)
            if not self.room.open and len(self.participants) > 1 and any(each.starts for each in self.participants):
                self._start()

    def _start(self) -> None:
        self.status = "in-progress"
        self._report(START)
        self.room.connect()
        if self.recorded:
            about = {"conference_sid": self.sid, "reports": self.recording_reports}
            self.room.recordings.append(begin(self.participants[0].call, "Conference", **about))

    def leave(self, participant: Participant, why: str) -> None:
        with self.exchange.lock:
            self.room.remove(participant.call)
            self._report(LEAVE, participant, ReasonParticipantLeft=participant.gone or why)
            if participant.beep in ON_EXIT and self.room.open:
                self.room.tell("beep")
            if participant.ends:
                self.end("participant-with-end-conference-on-exit-left", participant.call.sid)
            if not self.participants:
                self._close(participant)

    def end(self, why: str, by: str = "") -> None:
        """Everybody has to leave."""
        if not self.ended_because:
            self.ended_because, self.ended_by = why, by
        for participant in self.participants:
            participant.gone = participant.gone or "conference-ended"
            self.exchange.touch(participant.call.phone)

    def _close(self, last: Participant) -> None:
        self.status, self.room.open = "completed", False
        self.ended_because = self.ended_because or "last-participant-left"
        self.ended_by = self.ended_by or last.call.sid
        for recording in self.room.recordings:
            finish(self.exchange, recording)
        self._report(END, ReasonConferenceEnded=self.ended_because, CallSidEndingConference=self.ended_by)

    def change(self, participant: Participant, **flags: bool | None) -> None:
        """muted, held, ends; what is None stays as it is."""
        with self.exchange.lock:
            for name, value in flags.items():
                if value is None or getattr(participant, name) == value:
                    continue
                setattr(participant, name, value)
                self._report(CHANGES[name][value], participant)
                self.exchange.touch(participant.call.phone)

    def _report(self, event: str, participant: Participant | None = None, **more: str) -> None:
        self.updated_at = self.exchange.world.now()
        if not self.reports or event not in self.reports.events:
            return
        self.sequence += 1
        fields = {
            "ConferenceSid": self.sid,
            "FriendlyName": self.name,
            "AccountSid": self.account_sid,
            "StatusCallbackEvent": event,
            "SequenceNumber": str(self.sequence),
            "Timestamp": date_of(self.updated_at),
            **(_about(participant) if participant else {}),
            **more,
        }
        self.exchange.courier.tell(self.account_sid, self.sid, self.reports, fields)


def _about(participant: Participant) -> dict[str, str]:
    flags = {
        "Muted": participant.muted,
        "Hold": participant.held,
        "Coaching": bool(participant.coaches),
        "StartConferenceOnEnter": participant.starts,
        "EndConferenceOnExit": participant.ends,
    }
    label = {"ParticipantLabel": participant.label} if participant.label else {}
    return {"CallSid": participant.call.sid, **label} | {name: str(value).lower() for name, value in flags.items()}


def events_of(words: Iterable[str]) -> frozenset[str]:
    return frozenset(event for word in words for event in EVENTS.get(word, ()))


def find(exchange: Exchange, account_sid: str, name: str) -> Conference | None:
    """By its SID, or the one that goes on under this name."""
    for each in exchange.conferences.values():
        goes_on = each.status != "completed" and not each.ended_because
        if each.account_sid == account_sid and (each.sid == name or (each.name == name and goes_on)):
            return each
    return None


def find_or_open(exchange: Exchange, account_sid: str, name: str) -> Conference:
    with exchange.lock:
        found = find(exchange, account_sid, name)
        if found is None:
            found = Conference(exchange, account_sid, name, exchange.world.now())
            exchange.conferences[found.sid] = found
        return found
