"""Legs that hear each other: two that are connected, or a conference."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from simulator.twilio.voice.calls import Call
from simulator.twilio.voice.clock import speaking_seconds
from simulator.twilio.voice.recordings import Recording


@dataclass(eq=False)
class Member:
    call: Call
    muted: bool = False
    held: bool = False
    coaches: str = ""  # the call that alone hears this one

    @property
    def listens(self) -> bool:
        return not self.held and self.call.is_live


@dataclass(eq=False)
class Room:
    """The exchange's lock is held by whoever changes it."""

    members: dict[str, Member] = field(default_factory=dict)  # by CallSid
    recordings: list[Recording] = field(default_factory=list)
    open: bool = False  # until then, nobody hears anybody

    def add(self, member: Member) -> None:
        self.members[member.call.sid] = member
        member.call.room = self
        member.call.ignore_all()
        for other in self._listeners(member):
            other.show("joined", who=member.call.phone.number)
        if self.open:
            self._show_company(member)

    def connect(self) -> None:
        self.open = True
        for member in self.members.values():
            self._show_company(member)

    def _show_company(self, member: Member) -> None:
        others = [each.call.phone.number for each in self.members.values() if each is not member]
        if others:
            member.call.show("connected", who=others)

    def remove(self, call: Call) -> None:
        member = self.members.pop(call.sid, None)
        if member is None:
            return
        call.room = None
        call.ignore_all()
        for other in self._listeners(member):
            other.show("left", who=call.phone.number)

    def carry(self, speaker: Call, text: str) -> bool:
        """What one says, to all others; whether anybody heard it."""
        member, seconds = self.members[speaker.sid], speaking_seconds(text)
        if member.muted or member.held or not self.open:
            return False
        listeners = [call for call in self._listeners(member) if member.coaches in ("", call.sid)]
        for call in listeners:
            call.show("other", text=text, who=speaker.phone.number)
            call.record("other", speaker.phone.number, text, seconds)
        for recording in () if member.coaches else self.recordings:
            recording.add("own", speaker.phone.number, text, seconds)
        return bool(listeners)

    def tell(self, kind: str, **about: Any) -> None:
        for member in self.members.values():
            if member.listens:
                member.call.show(kind, **about)

    def _listeners(self, speaker: Member) -> list[Call]:
        if not self.open:
            return []
        return [each.call for each in self.members.values() if each is not speaker and each.listens]
