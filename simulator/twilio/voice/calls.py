"""Calls, one per leg, and the phones at their ends: what each hears, says and presses, and where each call stands."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulator.twilio.voice.clock import speaking_seconds
from simulator.twilio.voice.reporting import report
from simulator.twilio.world import new_sid

if TYPE_CHECKING:
    from simulator.twilio.voice.exchange import Exchange
    from simulator.twilio.voice.people import Step
    from simulator.twilio.voice.recordings import Recording
    from simulator.twilio.voice.rooms import Room

LIVE = frozenset({"queued", "initiated", "ringing", "in-progress"})
Condition = Callable[[], object]


def never() -> bool:
    return False


class Ended(Exception):
    """The call is over: whatever it was doing ends."""


class Interrupted(Exception):
    """The call has been told to do something else."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a document comes from, with what is asked there; or the document itself."""

    url: str = ""
    method: str = "POST"
    fields: Mapping[str, str] = field(default_factory=dict)
    twiml: str = ""


@dataclass(frozen=True, slots=True)
class Reports:
    """Who wants to hear of what."""

    url: str
    method: str = "POST"
    events: frozenset[str] = frozenset({"completed"})


@dataclass(slots=True)
class Input:
    """Something a phone sends: a key, or speech that lasts until `ends`."""

    line: dict[str, Any]
    key: str = ""
    text: str = ""
    ends: float = 0.0
    confidence: float | None = None


@dataclass(eq=False)
class Phone:
    """A handset or a browser. Without a script a person holds it."""

    number: str
    name: str = ""
    script: tuple[Step, ...] | None = None
    calls: list[Call] = field(default_factory=list)
    revision: int = 0

    @property
    def is_browser(self) -> bool:
        return self.number.startswith("client:")

    @property
    def current(self) -> Call | None:
        return next((call for call in reversed(self.calls) if call.is_live), self.calls[-1] if self.calls else None)


@dataclass(eq=False)
class Call:
    exchange: Exchange = field(repr=False)
    account_sid: str
    phone: Phone
    from_: str
    to: str
    direction: str
    parent: Call | None = None
    reports: Reports | None = None
    fallback: Source | None = None
    number_sid: str = ""
    sid: str = field(default_factory=lambda: new_sid("CA"))
    status: str = "queued"
    created_at: float = 0.0  # in the world's time, as the other two
    answered_at: float = 0.0
    ended_at: float = 0.0
    answered_on: float = 0.0  # on the telephone's clock
    talked: float = 0.0
    forced: Source | None = None
    room: Room | None = None
    recordings: list[Recording] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    inputs: deque[Input] = field(default_factory=deque)
    accepted: bool | None = None  # what the phone that rings does about it
    refusal: str = "busy"
    silent_documents: int = 0  # so many in a row took no time
    speaks_until: float = 0.0
    sequence: int = 0
    script: dict[str, Any] | None = None  # how far its phone's script has come

    # -- where it stands

    @property
    def is_live(self) -> bool:
        return self.status in LIVE

    @property
    def is_answered(self) -> bool:
        return self.status == "in-progress"

    @property
    def is_inbound(self) -> bool:
        return self.direction == "inbound"

    @property
    def seconds(self) -> float:
        """Of talk so far."""
        return self.exchange.clock.now() - self.answered_on if self.is_answered else self.talked

    @property
    def other_end(self) -> str:
        return self.to if self.is_inbound else self.from_

    def set_status(self, status: str) -> None:
        """Reports it to who wants to know; sticky once ended."""
        with self.exchange.changed:
            if not self.is_live or self.status == status:
                return
            self.status, now = status, self.exchange.world.now()
            if status == "in-progress":
                self.answered_at, self.answered_on = now, self.exchange.clock.now()
            if not self.is_live:
                self.ended_at = now
                self.talked = self.exchange.clock.now() - self.answered_on if self.answered_at else 0.0
                self._settle_lines()
                self.show("ended", status=status)
            self.exchange.touch(self.phone)
            report(self)

    def answer(self) -> None:
        if not self.is_answered:
            self._settle_lines()
            self.set_status("in-progress")

    def end(self, status: str = "completed") -> None:
        self.set_status(status)

    def accept(self) -> None:
        """By its phone, as the next two."""
        self._decide(True)

    def refuse(self, status: str = "busy") -> None:
        self.refusal = status
        self._decide(False)

    def hang_up(self) -> None:
        if self.is_answered or self.is_inbound:
            return self.end("completed" if self.is_answered else "canceled")
        return self.refuse()

    def _decide(self, accepted: bool) -> None:
        with self.exchange.changed:
            if self.accepted is None:
                self.accepted = accepted
            self.exchange.changed.notify_all()

    def redirect(self, source: Source) -> None:
        with self.exchange.changed:
            self.forced = source
            self.exchange.changed.notify_all()

    def take_forced(self) -> Source | None:
        with self.exchange.lock:
            source, self.forced = self.forced, None
            return source

    def parameters(self) -> dict[str, str]:
        """What stands in every request about it."""
        fields = {
            "CallSid": self.sid,
            "AccountSid": self.account_sid,
            "From": self.from_,
            "To": self.to,
            "Caller": self.from_,
            "Called": self.to,
            "CallStatus": self.status,
            "Direction": self.direction,
            "ApiVersion": "2010-04-01",
        }
        if self.parent:
            fields["ParentCallSid"] = self.parent.sid
        places = ("City", "State", "Zip", "Country")
        return fields | {f"{who}{what}": "" for who in ("From", "To", "Caller", "Called") for what in places}

    # -- time

    def wait(self, seconds: float, until: Condition = never) -> bool:
        """Whether `until` came true before the time was over. Raises when the call ends or is told something else."""
        with self.exchange.changed:
            ends = self.exchange.clock.now() + seconds
            while True:
                if not self.is_live:
                    raise Ended
                if self.forced:
                    raise Interrupted
                if until():
                    return True
                left = ends - self.exchange.clock.now()
                if left <= 0:
                    return False
                self.silent_documents = 0
                self.exchange.changed.wait(self.exchange.clock.real(left))

    # -- what its phone hears

    def show(self, kind: str, **about: Any) -> dict[str, Any]:
        with self.exchange.changed:
            line = {"n": len(self.lines) + 1, "kind": kind, "at": self.exchange.world.now(), **about}
            self.lines.append(line)
            self.exchange.touch(self.phone, line)
            return line

    def utter(self, kind: str, seconds: float, until: Condition = never, **about: Any) -> bool:
        """Something to hear that takes its time; true if `until` cut it short."""
        with self.exchange.changed:
            line = self.show(kind, **about, over=False)
            if text := about.get("text"):
                self.record("other", self.other_end, text)
            cut = True
            try:
                cut = self.wait(seconds, until)
            finally:
                line.update(over=True, cut=cut)
                self.exchange.touch(self.phone, line)
            return cut

    def _settle_lines(self) -> None:
        for line in self.lines:
            if line.get("over") is False:
                line["over"] = True
                self.exchange.touch(self.phone, line)

    # -- what its phone says

    def say(self, text: str, confidence: float | None = 0.92) -> dict[str, Any]:
        with self.exchange.changed:
            now, seconds = self.exchange.clock.now(), speaking_seconds(text)
            self.speaks_until = max(now, self.speaks_until) + seconds
            line = self.show("own", text=text, heard=self.is_answered)
            self.record("own", self.phone.number, text, seconds)
            if self.room:
                line["heard"] = self.room.carry(self, text)
            elif self.is_answered:
                self.inputs.append(Input(line, text=text, ends=self.speaks_until, confidence=confidence))
            self.exchange.changed.notify_all()
            return line

    def press(self, keys: Iterable[str]) -> None:
        with self.exchange.changed:
            for key in keys:
                line = self.show("keys", text=key, heard=self.is_answered)
                self.inputs.append(Input(line, key=key))
            self.exchange.changed.notify_all()

    def ignore(self, *inputs: Input) -> None:
        """Nobody listened."""
        for each in inputs:
            each.line["heard"] = False
            self.exchange.touch(self.phone, each.line)

    def ignore_all(self) -> None:
        with self.exchange.lock:
            self.ignore(*self.inputs)
            self.inputs.clear()

    def record(self, whose: str, by: str, text: str, seconds: float | None = None) -> None:
        for recording in self.recordings:
            recording.add(whose, by, text, speaking_seconds(text) if seconds is None else seconds)
