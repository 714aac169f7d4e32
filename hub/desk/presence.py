"""Whether an agent is there: what they chose, and what their inbox shows of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, Protocol

Status = Literal["online", "busy", "away", "offline"]

SEEN_LASTS = timedelta(seconds=90)  # an open inbox is heard of every 30 seconds


class Traces(Protocol):
    chosen: str
    seen_at: datetime  # the inbox was open
    active_at: datetime  # somebody sat before it


def status_of(traces: Traces | None, at: datetime, away_after: timedelta, *, in_call: bool) -> Status:
    if in_call:  # on a phone that needs no inbox
        return "busy"
    if traces is None or traces.chosen == "offline" or traces.seen_at < at - SEEN_LASTS:
        return "offline"
    if traces.chosen == "away" or traces.active_at < at - away_after:
        return "away"
    return "busy" if traces.chosen == "busy" else "online"
