"""When people work: the opening hours of a week, the holidays, and the weekends that are worked for them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field

from channels.settings import Hours, Opening, Zone
from hub.knowledge.wording import Strict

FARTHEST = 400  # days: a calendar that is closed for longer never opens


def _days(written: Any) -> tuple[date, date]:
    if isinstance(written, tuple):
        return written
    first, _, last = str(written).partition("..")
    try:
        days = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError:
        raise ValueError('write a day as "2027-01-01", or days as "2027-02-15..2027-02-23"') from None
    if days[0] > days[1]:
        raise ValueError("ends before it begins")
    return days


def _worked(written: Any) -> tuple[date, Opening]:
    if isinstance(written, tuple):
        return written
    day, _, hours = str(written).partition(" ")
    first, last = _days(day)
    begins, _, ends = hours.partition("-")
    try:
        opening = Opening(frozenset(range(7)), time.fromisoformat(begins), time.fromisoformat(ends))
    except ValueError:
        raise ValueError('write "2027-02-20 09:00-18:00"') from None
    if first != last or opening.begins >= opening.ends:
        raise ValueError("must be one day, and end later than it begins")
    return first, opening


Days = Annotated[tuple[date, date], BeforeValidator(_days)]
Worked = Annotated[tuple[date, Opening], BeforeValidator(_worked)]


class Calendar(Strict):
    """Opening hours. `closed` beats `open`, and `worked` beats both: 调休."""

    open: Annotated[tuple[Hours, ...], BeforeValidator(tuple), Field(min_length=1)]
    closed: Annotated[tuple[Days, ...], BeforeValidator(tuple)] = ()
    worked: Annotated[tuple[Worked, ...], BeforeValidator(tuple)] = ()
    timezone: Zone | None = None  # the hub's

    def covers(self, at: datetime, zone: str) -> bool:
        return any(begins <= at < ends for begins, ends in self._spans(at, zone, days=1))

    def next_opening(self, at: datetime, zone: str) -> datetime | None:
        """The moment from which it is open: `at` itself while it is. None: not within FARTHEST days."""
        return next((max(begins, at) for begins, ends in self._spans(at, zone) if ends > at), None)

    def after(self, at: datetime, work: timedelta, zone: str) -> datetime | None:
        """When that much working time has passed since `at`."""
        for begins, ends in self._spans(at, zone):
            begins = max(begins, at)
            if ends <= begins:
                continue
            if work <= ends - begins:
                return begins + work
            work -= ends - begins
        return None

    def between(self, first: datetime, last: datetime, zone: str) -> timedelta:
        """The working time that lies between two moments."""
        total = timedelta()
        for begins, ends in self._spans(first, zone, days=(last - first).days + 2):
            total += max(timedelta(), min(ends, last) - max(begins, first))
        return total

    def _spans(self, at: datetime, zone: str, days: int = FARTHEST) -> Iterator[tuple[datetime, datetime]]:
        """In UTC, in order, from the day of `at` on. They do not overlap."""
        place = ZoneInfo(self.timezone or zone)
        today = at.astimezone(place).date()
        for day in (today + timedelta(days=number) for number in range(days)):
            for opening in _joined(self._of(day)):
                begins, ends = (datetime.combine(day, each, place) for each in opening)
                yield begins.astimezone(UTC), ends.astimezone(UTC)

    def _of(self, day: date) -> list[Opening]:
        if worked := [opening for on, opening in self.worked if on == day]:
            return worked
        if any(first <= day <= last for first, last in self.closed):
            return []
        return [opening for opening in self.open if day.weekday() in opening.days]


def _joined(openings: list[Opening]) -> list[tuple[time, time]]:
    """Hours that overlap or touch are one."""
    joined: list[tuple[time, time]] = []
    for begins, ends in sorted((opening.begins, opening.ends) for opening in openings):
        if joined and begins <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(ends, joined[-1][1])
        else:
            joined.append((begins, ends))
    return joined
