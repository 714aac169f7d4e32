"""Days as customers write and say them: 2026-03-05, 3月5号, 下周三, 后天, next Friday, the 10th."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Literal
from unicodedata import normalize

from workers.bots.flows.numbers import chinese

Toward = Literal["past", "future"] | None
Reader = Callable[[re.Match[str], date, Toward], date | None]

N = r"(?:[0-9]{1,2}|[一二两三四五六七八九十]{1,3})"
NOT_IN_A_NUMBER = r"(?<![0-9a-z一二三四五六七八九十百千./-])"
ENDS_HERE = r"(?![0-9a-z]|[./-][0-9])"
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)\b\.?"
)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEKDAY = (
    r"(mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)\b"
)
CHINESE_WEEKDAYS: Mapping[str, int] = {
    **{character: number for number, character in enumerate("一二三四五六日")},
    **{character: number for number, character in enumerate("123456")},
    "天": 6,
}
YEARS: Mapping[str, int] = {"前年": -2, "去年": -1, "今年": 0, "明年": 1, "后年": 2}
MONTHS_ON: Mapping[str, int] = {"上": -1, "这": 0, "本": 0, "下": 1}
WEEKS_ON: Mapping[str, int] = {
    word: weeks
    for weeks, words in {
        -2: ("上上",),
        -1: ("上", "last"),
        0: ("这", "本", "this"),
        1: ("下", "next"),
        2: ("下下",),
    }.items()
    for word in words
}
DAYS_ON: Mapping[str, int] = {
    word: days
    for days, words in {
        -3: ("大前天",),
        -2: ("前天", "the day before yesterday", "day before yesterday"),
        -1: ("昨天", "昨日", "昨晚", "yesterday"),
        0: ("今天", "今日", "今早", "今晚", "today", "tonight"),
        1: ("明天", "明日", "明早", "明晚", "tomorrow", "tmr"),
        2: ("后天", "the day after tomorrow", "day after tomorrow"),
        3: ("大后天",),
    }.items()
    for word in words
}


def date_in(text: str, today: date, toward: Toward = None) -> date | None:
    """The day that `text` names; None where it names several, none, or one that does not exist.

    A day without its year or month is the one nearest to `today`, or the nearest in the past or future. A weekday
    alone is the next to come (today is one), 下周三 and "next Wednesday" are those of next week.
    """
    said = " ".join(normalize("NFKC", text).casefold().split())
    found: list[date | None] = []
    for rule, reader in RULES:

        def read(match: re.Match[str], reader: Reader = reader) -> str:
            try:
                found.append(reader(match, today, toward))
            except (ValueError, OverflowError):  # February 30th
                found.append(None)
            return " ; "  # so that no later rule finds a part of it

        said = rule.sub(read, said)
    return found[0] if found and len(set(found)) == 1 else None


def _number(written: str) -> int:
    value = int(written) if written.isdecimal() else chinese(written)
    if value is None:
        raise ValueError(written)
    return value


def _nearest(days: Iterable[date], today: date, toward: Toward) -> date | None:
    allowed = [each for each in days if toward is None or (each <= today if toward == "past" else each >= today)]
    return min(allowed, key=lambda each: (abs(each - today), each < today), default=None)


def _existing(days: Iterable[tuple[int, int, int]]) -> list[date]:
    found = []
    for year, month, day in days:
        try:
            found.append(date(year, month, day))
        except ValueError:
            continue
    return found


def _month_and_day(month: int, day: int, today: date, toward: Toward) -> date | None:
    return _nearest(_existing((today.year + on, month, day) for on in (-1, 0, 1)), today, toward)


def _in_month(on: int, day: int, today: date) -> tuple[int, int, int]:
    years, month = divmod(today.month - 1 + on, 12)
    return today.year + years, month + 1, day


def _full(match: re.Match[str], today: date, toward: Toward) -> date:
    year = _number(match[1])
    return date(year + 2000 if year < 100 else year, _number(match[2]), _number(match[3]))


def _of_year(match: re.Match[str], today: date, toward: Toward) -> date:
    return date(today.year + YEARS[match[1]], _number(match[2]), _number(match[3]))


def _american(match: re.Match[str], today: date, toward: Toward) -> date:
    month, day = _slashed(match)
    return date(int(match[3]), month, day)


def _slashed(match: re.Match[str]) -> tuple[int, int]:
    """The month comes first, unless there is no such month."""
    first, second = int(match[1]), int(match[2])
    return (second, first) if first > 12 >= second else (first, second)


def _named_first(match: re.Match[str], today: date, toward: Toward) -> date | None:
    return _named(match[1], match[2], match[3], today, toward)


def _named_second(match: re.Match[str], today: date, toward: Toward) -> date | None:
    return _named(match[2], match[1], match[3], today, toward)


def _named(name: str, day: str, year: str | None, today: date, toward: Toward) -> date | None:
    month = MONTHS.index(name[:3]) + 1
    return date(int(year), month, int(day)) if year else _month_and_day(month, int(day), today, toward)


def _of_month(match: re.Match[str], today: date, toward: Toward) -> date:
    return date(*_in_month(MONTHS_ON[match[1]], _number(match[2]), today))


def _without_year(match: re.Match[str], today: date, toward: Toward) -> date | None:
    return _month_and_day(_number(match[1]), _number(match[2]), today, toward)


def _short(match: re.Match[str], today: date, toward: Toward) -> date | None:
    return _month_and_day(*_slashed(match), today, toward)


def _weekday(match: re.Match[str], today: date, toward: Toward) -> date:
    named = match[2]
    weekday = CHINESE_WEEKDAYS[named] if named in CHINESE_WEEKDAYS else WEEKDAYS.index(named[:3])
    if match[1]:
        return today + timedelta(WEEKS_ON[match[1]] * 7 + weekday - today.weekday())
    if toward == "past":
        return today - timedelta((today.weekday() - weekday) % 7)
    return today + timedelta((weekday - today.weekday()) % 7)


def _near(match: re.Match[str], today: date, toward: Toward) -> date:
    return today + timedelta(DAYS_ON[match[0]])


def _later(match: re.Match[str], today: date, toward: Toward) -> date:
    return today + timedelta(_number(match[1]))


def _earlier(match: re.Match[str], today: date, toward: Toward) -> date:
    return today - timedelta(_number(match[1]))


def _day_alone(match: re.Match[str], today: date, toward: Toward) -> date | None:
    day = _number(match[1])
    return _nearest(_existing(_in_month(on, day, today) for on in (-1, 0, 1)), today, toward)


def _any_of(words: Sequence[str]) -> str:
    return "|".join(rf"\b{each}\b" if each.isascii() else each for each in sorted(words, key=len, reverse=True))


# In this order: a longer way of writing comes before those that are a part of it.
RULES: tuple[tuple[re.Pattern[str], Reader], ...] = tuple(
    (re.compile(pattern), reader)
    for pattern, reader in (
        (rf"([0-9]{{4}}|(?<![0-9])[0-9]{{2}}|[零〇一二三四五六七八九]{{4}}) ?年 ?({N}) ?月 ?({N}) ?[日号]?", _full),
        (rf"{NOT_IN_A_NUMBER}([0-9]{{4}})[-/.]([0-9]{{1,2}})[-/.]([0-9]{{1,2}})(?:t[0-9:.]+z?)?{ENDS_HERE}", _full),
        (rf"{NOT_IN_A_NUMBER}((?:19|20)[0-9]{{2}})([0-9]{{2}})([0-9]{{2}}){ENDS_HERE}", _full),
        (rf"({'|'.join(YEARS)})的?({N}) ?月 ?({N}) ?[日号]?", _of_year),
        (rf"{NOT_IN_A_NUMBER}([0-9]{{1,2}})/([0-9]{{1,2}})/([0-9]{{4}}){ENDS_HERE}", _american),
        (rf"\b{MONTH} ?([0-9]{{1,2}})(?:st|nd|rd|th)?\b(?:,? ?([0-9]{{4}})\b)?", _named_first),
        (rf"\b([0-9]{{1,2}})(?:st|nd|rd|th)?(?: of)? ?{MONTH}(?:,? ?([0-9]{{4}})\b)?", _named_second),
        (rf"([上这本下])个?月的?({N}) ?[日号]", _of_month),
        (rf"{NOT_IN_A_NUMBER}({N}) ?月 ?({N})(?: ?[日号]|(?![0-9个件]))", _without_year),
        (rf"{NOT_IN_A_NUMBER}([0-9]{{1,2}})/([0-9]{{1,2}})(?!/){ENDS_HERE}", _short),
        (r"(上上|下下|[上这本下])?个?(?:周|星期|礼拜)([一二三四五六日天]|[1-6](?![0-9]))", _weekday),
        (rf"\b(?:(last|this|next) )?{WEEKDAY}", _weekday),
        (_any_of(tuple(DAYS_ON)), _near),
        (rf"{NOT_IN_A_NUMBER}({N}) ?天(?:之|以)?后", _later),
        (rf"{NOT_IN_A_NUMBER}({N}) ?天(?:之|以)?前", _earlier),
        (r"\bin ([0-9]{1,2}) days?\b", _later),
        (r"\b([0-9]{1,2}) days? ago\b", _earlier),
        (rf"{NOT_IN_A_NUMBER}({N}) ?[号日](?![楼店门线房桌柜口院码机元])", _day_alone),
        (r"\b([0-9]{1,2})(?:st|nd|rd|th)\b(?! (?:floor|street|time|order|item|one|day))", _day_alone),
    )
)
