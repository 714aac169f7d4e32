"""How often an account may call each endpoint, a day and a minute, and how often it may start over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from simulator.errors import ApiError

SHANGHAI = timezone(timedelta(hours=8))
CLEARED_PER_MONTH = 10


@dataclass(frozen=True)
class Limit:
    per_day: int | None = None
    per_minute: int | None = None


@dataclass
class Used:
    ends: float = 0.0
    calls: int = 0


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


# when a spell that begins with a call at this moment ends
ENDS: Mapping[str, Callable[[datetime], datetime]] = {
    "minute": lambda moment: moment + timedelta(minutes=1),
    "day": lambda moment: _midnight(moment) + timedelta(days=1),
    "month": lambda moment: (_midnight(moment).replace(day=1) + timedelta(days=31)).replace(day=1),
}


class Quotas:
    """Counts calls by account and endpoint. The caller holds the world's lock."""

    def __init__(self, now: Callable[[], float]):
        self.now = now
        self.reset()

    def reset(self) -> None:
        self._set: dict[tuple[str, str], Limit] = {}
        self._used: dict[tuple[str, str, str], Used] = {}

    def set(self, app_id: str, endpoint: str, limit: Limit) -> None:
        self._set[app_id, endpoint] = limit

    def limit(self, app_id: str, endpoint: str, usual: Limit) -> Limit:
        return self._set.get((app_id, endpoint), usual)

    def count(self, app_id: str, endpoint: str, usual: Limit) -> None:
        limit = self.limit(app_id, endpoint, usual)
        day, minute = self._spell(app_id, endpoint, "day"), self._spell(app_id, endpoint, "minute")
        if limit.per_day is not None and day.calls >= limit.per_day:
            raise ApiError(45009, f"{limit.per_day} calls today")
        if limit.per_minute is not None and minute.calls >= limit.per_minute:
            raise ApiError(45011, f"{limit.per_minute} calls this minute")
        day.calls += 1
        minute.calls += 1

    def used_today(self, app_id: str, endpoint: str) -> int:
        return self._spell(app_id, endpoint, "day").calls

    def start_over(self, app_id: str) -> None:
        """clear_quota: every count of the day back to nothing."""
        month = self._spell(app_id, "clear_quota", "month")
        if month.calls >= CLEARED_PER_MONTH:
            raise ApiError(48006)
        month.calls += 1
        for (account, _, length), used in self._used.items():
            if account == app_id and length == "day":
                used.calls = 0

    def _spell(self, app_id: str, endpoint: str, length: str) -> Used:
        used, now = self._used.setdefault((app_id, endpoint, length), Used()), self.now()
        if now >= used.ends:
            used.ends, used.calls = ENDS[length](datetime.fromtimestamp(now, SHANGHAI)).timestamp(), 0
        return used
