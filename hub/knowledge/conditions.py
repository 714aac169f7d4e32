"""When something in config/ holds: at some hours, on some channels, for some people."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from pydantic import ConfigDict

from channels.settings import Hours
from hub.knowledge.wording import Strict


class When(Strict):
    """All of what is named. Nothing named: always."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)

    hours: list[Hours] = []  # any of them, in the hub's time zone
    closed: list[Hours] = []  # none of them
    channels: list[str] = []  # any of them
    tags: list[str] = []  # the customer has one of them

    def holds(self, at: datetime, channel: str, tags: Collection[str]) -> bool:
        """`at` is local time."""
        return (
            (not self.hours or any(each.covers(at) for each in self.hours))
            and not any(each.covers(at) for each in self.closed)
            and (not self.channels or channel in self.channels)
            and (not self.tags or not set(self.tags).isdisjoint(tags))
        )
