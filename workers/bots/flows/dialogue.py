"""Where a dialogue is, and how that is noted between two turns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.knowledge import Collect, Flow, Language
from hub.knowledge.wording import CHINESE
from workers.bots.contract import Turn

LARGEST_NOTES = 8_000  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogue:
    flow: Flow
    language: Language
    position: int = 0  # of the step in the flow
    slots: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)  # said before it was asked for, and taken when it would be
    asked: Mapping[str, int] = field(default_factory=dict)  # how often, for each slot

    @property
    def collect(self) -> Collect:
        """What the customer is asked for."""
        collect = self.flow.step[self.position].collect
        if collect is None:
            raise LookupError("this step asks for nothing")
        return collect


class Noted(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    flow: str
    step: int
    slot: str  # that the step asks for: steps move when ops edit the flow
    slots: dict[str, str] = {}
    given: dict[str, str] = {}
    asked: dict[str, Annotated[int, Field(ge=0, le=1000)]] = {}
    language: Language
    at: str


def noted(dialogue: Dialogue, turn: Turn) -> dict[str, Any]:
    """Of a dialogue that waits for an answer."""
    notes = Noted(
        flow=dialogue.flow.id,
        step=dialogue.position,
        slot=dialogue.collect.slot,
        slots=dict(dialogue.slots),
        given=dict(dialogue.given),
        asked=dict(dialogue.asked),
        language=dialogue.language,
        at=turn.at.isoformat(),
    )
    return notes.model_dump()


def too_large(notes: Mapping[str, Any]) -> bool:
    return len(json.dumps(notes, ensure_ascii=False).encode()) > LARGEST_NOTES


def under_way(flows: Mapping[str, Flow], turn: Turn) -> Dialogue | None:
    """What the customer is in the middle of. None, too, if it expired, or ops took out what it waits for."""
    try:
        notes = Noted.model_validate(dict(turn.notes))
        silence = turn.at - datetime.fromisoformat(notes.at)
    except (ValidationError, ValueError, TypeError, OverflowError):
        return None
    flow = flows.get(notes.flow)
    if flow is None or abs(silence) > flow.expires or (position := _where(flow, notes)) is None:
        return None
    slots, step = flow.slots(), flow.step[position]
    # an order number looks English, and a Chinese name or address says nothing
    changed = CHINESE.search(turn.text) and step.collect and step.collect.kind != "text"
    return Dialogue(
        flow=flow,
        language="zh" if changed else notes.language,
        position=position,
        slots={name: value for name, value in notes.slots.items() if name in slots},
        given={name: value for name, value in notes.given.items() if name in slots},
        asked={name: times for name, times in notes.asked.items() if name in slots},
    )


def _where(flow: Flow, notes: Noted) -> int | None:
    asking = [number for number, step in enumerate(flow.step) if step.collect and step.collect.slot == notes.slot]
    return notes.step if notes.step in asking else next(iter(asking), None)
