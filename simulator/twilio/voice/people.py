"""What people do at their phones when they follow a script: steps, each with the time it may take."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.twilio.voice.calls import Call

TOLD = ("say", "other", "error")  # kinds of lines that are words


@dataclass(frozen=True, slots=True)
class Step:
    """`value` is what to hear (/between slashes/ a pattern), what kind of line to notice, what to say or press, or for
    how many seconds to wait. Who `interrupts` acts on what begins to be said."""

    act: str
    value: Any = True
    timeout: float = 30.0
    interrupts: bool = False
    confidence: float | None = 0.92


class Stuck(Exception):
    """It did not happen in time."""


@dataclass
class Person:
    call: Call
    heard: int = 0  # lines before this one have been listened to

    def until(self, what: Callable[[], object], seconds: float) -> bool:
        """Whether it came true; not if the call ended before."""
        call = self.call
        call.exchange.pass_time(seconds, lambda: what() or not call.is_live)
        return bool(what())

    def hear(self, step: Step) -> None:
        written = str(step.value)
        pattern = written[1:-1] if re.fullmatch("/.+/", written) else re.escape(written)
        self._listen(step, lambda line: line["kind"] in TOLD and re.search(pattern, line["text"]) is not None)

    def notice(self, step: Step) -> None:
        self._listen(step, lambda line: line["kind"] == step.value)

    def _listen(self, step: Step, wanted: Callable[[Mapping[str, Any]], bool]) -> None:
        def found() -> int:
            for line in self.call.lines[self.heard :]:
                if wanted(line) and (step.interrupts or line.get("over", True) or line["kind"] not in TOLD):
                    return int(line["n"])
            return 0

        if self.until(found, step.timeout):
            self.heard = found()
            return
        told = [line["text"] for line in self.call.lines if line["kind"] in TOLD]
        why = "the call ended" if not self.call.is_live else f"not in {step.timeout:g} s"
        raise Stuck(f"no {step.value}: {why}; heard last: {told[-1] if told else 'nothing'}")

    def say(self, step: Step) -> None:
        self._must_be_on()
        self.call.say(str(step.value), step.confidence)
        ends = self.call.speaks_until
        self.until(lambda: self.call.exchange.clock.now() >= ends, ends - self.call.exchange.clock.now())

    def press(self, step: Step) -> None:
        self._must_be_on()
        self.call.press(str(step.value))

    def wait(self, step: Step) -> None:
        self.until(lambda: False, float(step.value))

    def answer(self, step: Step) -> None:
        self.until(lambda: False, 0.0 if step.value is True else float(step.value))
        self.call.accept()
        if not self.until(lambda: self.call.is_answered, step.timeout):
            raise Stuck("it rang no longer")

    def reject(self, step: Step) -> None:
        self.call.refuse("busy")

    def fail(self, step: Step) -> None:
        self.call.refuse("failed")

    def hang_up(self, step: Step) -> None:
        self.call.hang_up()

    def hung_up(self, step: Step) -> None:
        """The other side does."""
        if not self.until(lambda: not self.call.is_live, step.timeout):
            raise Stuck("the other side did not hang up")

    def _must_be_on(self) -> None:
        if not self.call.is_live:
            raise Stuck("the call is over")


ACTS: Mapping[str, Callable[[Person, Step], None]] = {
    name: getattr(Person, name)
    for name in ("hear", "notice", "say", "press", "wait", "answer", "reject", "fail", "hang_up", "hung_up")
}


def follow(call: Call, steps: tuple[Step, ...]) -> None:
    """Who is through stays on the line; who is stuck hangs up."""
    call.script = {"outcome": "running", "step": 0, "of": len(steps), "why": ""}
    call.exchange.start(lambda: _follow(Person(call), steps, call.script or {}), f"person-{call.sid}")


def _follow(person: Person, steps: tuple[Step, ...], report: dict[str, Any]) -> None:
    for report["step"], step in enumerate(steps, 1):
        try:
            ACTS[step.act](person, step)
        except Stuck as error:
            report.update(outcome="failed", why=f"step {report['step']}, {step.act}: {error}")
            person.call.hang_up()
            break
    else:
        report["outcome"] = "done"
    person.call.exchange.touch(person.call.phone)
