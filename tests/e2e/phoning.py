"""People at their phones, in the whole of Yizhan: callers and agents do what a script says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests

from bench.stack import Client, Stack, wait_until

OURS = "+85230001000"
PHONES = {"agent@example.com": "+85290000001", "li@example.com": "+85290000002"}
PATIENCE = 30.0  # seconds
Step = dict[str, Any]


@dataclass
class Telephone:
    stack: Stack
    pace: float = 8.0  # how much faster than real time people talk

    def __post_init__(self) -> None:
        self.api = self.stack.api()
        self.voice = Client(f"{self.stack.simulator.base}/voice")
        self.voice.post("/pace", {"factor": self.pace})

    def phone(self, number: str, *steps: Step) -> None:
        """What is done there whenever it rings."""
        self.voice.post(f"/phones/{quote(number)}", {"steps": list(steps)})

    def call(self, *steps: Step, by: str = "+85251230001") -> str:
        called: dict[str, Any] = self.voice.post("/calls", {"from": by, "to": OURS, "steps": list(steps)})
        return str(called["sid"])

    def over(self, sid: str) -> list[str]:
        """What this party noticed, once the call is over."""
        wait_until(lambda: not self._is_live(sid), f"{sid} is over", PATIENCE)
        call = self.voice.get(f"/calls/{sid}")
        assert call["script"] is None or call["script"].get("outcome") == "done", (call["script"], heard(call))
        return heard(call)

    def _is_live(self, sid: str) -> bool:
        call = self.voice.get(f"/calls/{sid}", wait=1)
        return (
            call["status"] in ("queued", "ringing", "in-progress") or (call["script"] or {}).get("outcome") == "running"
        )

    def legs(self, number: str) -> list[dict[str, Any]]:
        return [call for call in self.voice.get("/calls")["items"] if call["phone"] == number]

    def errors(self) -> list[Any]:
        return list(self.voice.get("/errors")["items"])

    # what agents see

    def conversation(self, number: str) -> int:
        found = [each["id"] for each in self.api.get("/conversations", q=number)["items"]]
        assert len(found) == 1, found
        return int(found[0])

    def messages(self, number: str) -> list[dict[str, Any]]:
        return list(self.api.get(f"/conversations/{self.conversation(number)}/messages", limit=100)["items"])

    def card(self, number: str) -> dict[str, Any]:
        return next(message for message in reversed(self.messages(number)) if message["kind"] == "call")

    def ended(self, number: str, outcome: str) -> dict[str, Any]:
        """The card, once the call has ended so and its recordings have come."""

        def holds() -> bool:
            card = self.card(number)
            call = card["payload"]["call"]
            return call["outcome"] == outcome and all(leg["state"] == "ended" for leg in call["legs"])

        wait_until(holds, f"the call of {number} ended as {outcome}", PATIENCE)
        return self.card(number)

    def events(self, number: str) -> list[str]:
        return [each["payload"]["event"] for each in self.messages(number) if each["kind"] == "event"]

    def eventually(self, holds: Callable[[], Any], what: str) -> None:
        wait_until(holds, what, PATIENCE)

    def everybody_is_free(self) -> None:
        """No call is left over, and no phone does anything of its own."""
        self.voice.delete("/faults")
        self.api.session.put(f"{self.api.base}/me/phone", json={"device": "phone"}, timeout=10)
        for number in PHONES.values():
            self.phone(number, {"reject": True})
        for call in self.voice.get("/calls")["items"]:
            if call["status"] in ("ringing", "in-progress"):
                requests.post(f"{self.voice.base}/calls/{call['sid']}/hang_up", json={}, timeout=10)
        wait_until(lambda: not self.api.get("/calls")["items"], "no call goes on", PATIENCE)


def heard(call: dict[str, Any]) -> list[str]:
    return [line.get("text", line["kind"]) for line in call["lines"]]
