"""The sample of config/flows, and a shop's backend that answers without a network."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hub.knowledge import Call, Flow, FlowFile
from workers.bots.contract import HandOver, Say, Turn
from workers.bots.flows import ask_again, begin, go_on, resumed, under_way
from workers.bots.flows.calls import Outcome

CONFIG = Path(__file__).parents[3] / "config"
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def read(text: str) -> dict[str, Flow]:
    return {flow.id: flow for flow in FlowFile.model_validate(tomllib.loads(text)).flow}


SAMPLE = read((CONFIG / "flows/orders.toml").read_text(encoding="utf-8"))


@dataclass
class Backend:
    """Stands where the calls are."""

    outcomes: Mapping[str, Outcome] = field(default_factory=dict)  # by the order number; else missing
    asked: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, call: Call, slots: Mapping[str, str], within: float, turn_id: str = "") -> Outcome:
        self.asked.append(dict(slots))
        return self.outcomes.get(slots.get("order", ""), Outcome("missing"))


@dataclass
class Talk:
    """A conversation with a bot that knows dialogues only, and one question beside them: 几点开门."""

    flows: Mapping[str, Flow]
    start: str
    notes: Mapping[str, Any] = field(default_factory=dict)
    turn: Turn = field(default_factory=lambda: Turn(text="", at=NOON))

    def says(self, text: str, later: timedelta = timedelta(minutes=1), **also: Any) -> Say | HandOver | None:
        self.turn = replace(self.turn, text=text, at=self.turn.at + later, notes=self.notes, **also)
        said = self.answered(self.turn)
        if said is not None:
            notes = said.notes if isinstance(said, Say) else None
            self.notes = json.loads(json.dumps(dict(notes or {})))
        return said

    def answered(self, turn: Turn) -> Say | HandOver | None:
        dialogue = under_way(self.flows, turn)
        if dialogue and (said := go_on(dialogue, turn)):
            return said
        if turn.text == OPENING:
            answer = Say(text="九点开门", choice="opening", choices=("周末呢",), sources=("opening",))
            return resumed(dialogue, answer, turn) if dialogue else answer
        if self.start in self.flows and any(each in turn.text for each in self.flows[self.start].starts):
            return begin(self.flows[self.start], turn)
        return ask_again(dialogue, turn) if dialogue else None

    def hears(self, *texts: str, **also: Any) -> Say | HandOver | None:
        said = None
        for text in texts:
            said = self.says(text, **also)
        return said


OPENING = "几点开门"
