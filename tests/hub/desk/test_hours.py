"""Opening hours, holidays and worked weekends, against what a calendar on the wall says."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.desk.hours import Calendar

SHANGHAI = ZoneInfo("Asia/Shanghai")
OFFICE = Calendar.model_validate(
    {
        "open": ["mon-fri 09:00-12:00", "mon-fri 13:00-18:00", "sat 10:00-16:00"],
        "closed": ["2026-10-01..2026-10-07", "2027-01-01"],
        "worked": ["2026-10-10 09:00-18:00"],
    }
)


def at(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-27 08:59:59", False),  # a Friday
        ("2026-11-27 09:00", True),
        ("2026-11-27 12:00", False),
        ("2026-11-27 13:00", True),
        ("2026-11-28 09:30", False),  # a Saturday
        ("2026-11-28 10:00", True),
        ("2026-11-29 11:00", False),  # a Sunday
        ("2026-10-05 10:00", False),  # a Monday of the National Day week
        ("2026-10-10 09:30", True),  # the Saturday that is worked for it
    ],
)
def test_covers(moment: str, is_open: bool) -> None:
    assert OFFICE.covers(at(moment), "Asia/Shanghai") is is_open


def test_the_same_moment_elsewhere() -> None:
    assert not OFFICE.covers(at("2026-11-27 10:00"), "Europe/Berlin")  # three in the morning there
    there = OFFICE.model_copy(update={"timezone": "Asia/Shanghai"})
    assert there.covers(at("2026-11-27 10:00"), "Europe/Berlin")


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        ("2026-11-27 10:00", "2026-11-27 10:00"),
        ("2026-11-27 12:10", "2026-11-27 13:00"),
        ("2026-11-28 16:00", "2026-11-30 09:00"),
        ("2026-09-30 18:00", "2026-10-08 09:00"),
    ],
)
def test_next_opening(moment: str, opens: str) -> None:
    assert OFFICE.next_opening(at(moment), "Asia/Shanghai") == at(opens)


@pytest.mark.parametrize(
    ("moment", "hours", "ends"),
    [
        ("2026-11-27 09:00", 2, "2026-11-27 11:00"),
        ("2026-11-27 11:00", 2, "2026-11-27 14:00"),
        ("2026-11-27 17:00", 2, "2026-11-28 11:00"),
        ("2026-11-28 15:00", 2, "2026-11-30 10:00"),
        ("2026-11-29 03:00", 8, "2026-11-30 18:00"),
    ],
)
def test_working_time_passes(moment: str, hours: int, ends: str) -> None:
    assert OFFICE.after(at(moment), timedelta(hours=hours), "Asia/Shanghai") == at(ends)


def test_what_never_opens_has_no_next_opening() -> None:
    shut = OFFICE.model_copy(update={"closed": ((datetime(2026, 1, 1).date(), datetime(2029, 1, 1).date()),)})
    shut = shut.model_copy(update={"worked": ()})
    assert shut.next_opening(at("2026-11-27 10:00"), "Asia/Shanghai") is None
    assert shut.after(at("2026-11-27 10:00"), timedelta(hours=1), "Asia/Shanghai") is None


@given(st.integers(0, 60 * 24 * 14), st.integers(1, 60 * 40))
def test_between_is_the_inverse_of_after(offset: int, minutes: int) -> None:
    begin = at("2026-09-28 00:00") + timedelta(minutes=offset)
    end = OFFICE.after(begin, timedelta(minutes=minutes), "Asia/Shanghai")
    assert end is not None
    assert OFFICE.between(begin, end, "Asia/Shanghai") == timedelta(minutes=minutes)


def test_hours_that_overlap_are_counted_once() -> None:
    twice = Calendar.model_validate({"open": ["mon-fri 09:00-12:00", "mon-fri 11:00-13:00"]})
    begin = at("2026-11-27 09:00")
    assert twice.between(begin, begin + timedelta(hours=8), "Asia/Shanghai") == timedelta(hours=4)


@pytest.mark.parametrize(
    "wrong",
    [
        {"open": []},
        {"open": ["mon-fri 18:00-09:00"]},
        {"open": ["mon 09:00-18:00"], "closed": ["tomorrow"]},
        {"open": ["mon 09:00-18:00"], "closed": ["2026-10-07..2026-10-01"]},
        {"open": ["mon 09:00-18:00"], "worked": ["2026-10-10"]},
        {"open": ["mon 09:00-18:00"], "worked": ["2026-10-10 18:00-09:00"]},
        {"open": ["mon 09:00-18:00"], "timezone": "Mars/Olympus"},
    ],
)
def test_what_is_no_calendar(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Calendar.model_validate(wrong)
