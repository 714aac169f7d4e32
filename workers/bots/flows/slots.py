"""What an answer says, for each kind of thing that is asked for. One value, or none: of two, nobody knows which."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from unicodedata import category, normalize

from phonenumbers import Leniency, PhoneNumberFormat, PhoneNumberMatcher, format_number

from hub.knowledge import Collect, normalise
from workers.bots.flows.dates import date_in
from workers.bots.flows.numbers import DIGITS, SMALL, number_in
from workers.bots.wording import AROUND, ORDINALS

Reader = Callable[[str, Collect, date], str | None]

LONGEST = 500  # characters of a text
READ_AT_MOST = 1000  # characters, where anything else is looked for
MOST_LINES = 20  # of several messages in a row, or of a mail
MOST_TRIES = 30  # at what looks like a phone number and is none
HOME = "CN"  # of phone numbers without a country
VOLUNTEERED = ("pattern", "phone", "date")  # what is taken from a customer's first words, where nobody asked yet

SPOKEN_DIGITS = str.maketrans({character: str(value) for character, value in DIGITS.items()})
ENGLISH_DIGITS: Mapping[str, str] = {word: str(number) for number, word in enumerate(SMALL[:10])} | {"oh": "0"}
ENGLISH_DIGIT = re.compile(rf"\b(?:(double|triple) )?({'|'.join(ENGLISH_DIGITS)})\b", re.IGNORECASE)
TIMES = {"double": 2, "triple": 3}
APART = r"[\s,，、.。-]+"
BETWEEN_DIGITS = re.compile(rf"(?<=\d){APART}(?=\d)")
GROUPED_DIGITS = re.compile(r"(?<=\d)[\s-]+(?=\d)")
CAPITALS_BEFORE_DIGITS = re.compile(r"(?<=[A-Z])[\s-]+(?=\d)")
SPELLED = re.compile(r"(?<![A-Za-z0-9'’])[A-Za-z](?:[\s-]+[A-Za-z](?![A-Za-z]))*(?:[\s-]+\d+)+")
LATIN_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 \t-]*")
ORDINAL = re.compile(r"^第|[个项种]$")
DENIED = re.compile(r"(?:不是|不|没有?|别|并非|(?:\b(?:not|isnt|dont|never)\b(?: \w+)?) ?)$")


def answer_in(text: str, collect: Collect, today: date, *, spoken: bool = False) -> str | None:
    """The value in what a customer wrote: of several messages in a row, the last one that has any."""
    reader, text = READERS[collect.kind], clean(text)
    tellings = (text,) if collect.kind == "text" else (text, *reversed(text.splitlines()[-MOST_LINES:]))
    for each in dict.fromkeys(_as_heard(tellings) if spoken else tellings):
        if (value := reader(each, collect, today)) is not None:
            return value
    return None


def clean(text: str) -> str:
    """Without what no database and no service takes."""
    return "".join(each for each in text if each in "\n\t" or category(each) not in ("Cc", "Cs"))


def heard(text: str) -> str:
    """Digits as people say them: 幺三八 零零, "one three eight double oh"."""
    digits = ENGLISH_DIGIT.sub(lambda each: ENGLISH_DIGITS[each[2].lower()] * TIMES.get(each[1] or "", 1), text)
    return BETWEEN_DIGITS.sub("", normalize("NFKC", digits).translate(SPOKEN_DIGITS))


def _as_heard(tellings: tuple[str, ...]) -> Iterator[str]:
    yield from tellings
    yield from map(heard, tellings)


def _text(text: str, collect: Collect, today: date) -> str | None:
    said = text.strip()
    return said if 0 < len(said) <= LONGEST else None


def _number(text: str, collect: Collect, today: date) -> str | None:
    return number_in(text)


def _date(text: str, collect: Collect, today: date) -> str | None:
    day = date_in(text[:READ_AT_MOST], today, collect.toward)
    return day.isoformat() if day else None


def _phone(text: str, collect: Collect, today: date) -> str | None:
    written = re.sub(r"(?<![\d+])(?<!\d[ -])00(?=[1-9])", "+", normalize("NFKC", text[:READ_AT_MOST]))
    for each in dict.fromkeys((written, heard(written))):
        found = PhoneNumberMatcher(each, HOME, leniency=Leniency.VALID, max_tries=MOST_TRIES)
        numbers = {format_number(match.number, PhoneNumberFormat.E164) for match in found}
        if numbers:
            return numbers.pop() if len(numbers) == 1 else None
    return None


def _pattern(text: str, collect: Collect, today: date) -> str | None:
    wanted = collect.pattern or ""
    alone = re.compile(rf"(?<![A-Za-z0-9])(?:{wanted})(?![A-Za-z0-9])", re.IGNORECASE)
    written = normalize("NFKC", text[:READ_AT_MOST])
    for reading in _joined(written):
        values = {match[0].upper() for match in alone.finditer(reading) if match[0]}
        if values:
            return values.pop() if len(values) == 1 else None
    whole = re.compile(wanted, re.IGNORECASE)
    runs = (re.sub(r"[\s-]", "", run) for run in LATIN_RUN.findall(written))
    values = {run.upper() for run in runs if run and whole.fullmatch(run)}
    return values.pop() if len(values) == 1 else None


def _joined(written: str) -> Iterator[str]:
    """What may belong together: first as it is, then without the spaces in 1234 5678, AB 1234 5678 and a b 1 2."""
    yield written
    yield (grouped := GROUPED_DIGITS.sub("", written))
    yield CAPITALS_BEFORE_DIGITS.sub("", grouped)
    yield SPELLED.sub(lambda run: re.sub(r"[\s-]", "", run[0]), written)


def _choice(text: str, collect: Collect, today: date) -> str | None:
    said = normalise(text[:LONGEST])
    named = [(words, option.value) for option in collect.options for words in map(normalise, option.names())]
    if exactly := next((value for words, value in named if words == said), None):
        return exactly
    number = _position(said)
    if 0 < number <= len(collect.options):
        return collect.options[number - 1].value
    return _named_in(said, named)


def _position(said: str) -> int:
    bare = normalise(ORDINAL.sub("", AROUND.sub("", said)))
    number = ORDINALS.get(said) or ORDINALS.get(bare) or number_in(bare) or "0"
    return int(number) if str(number).isdecimal() else 0


def _named_in(said: str, named: list[tuple[str, str]]) -> str | None:
    """The longest names first, so that 质量问题 is not taken for 问题 as well."""
    values: set[str] = set()
    for words, value in sorted(named, key=lambda each: -len(each[0])):
        edge = r"\b" if words.isascii() else ""
        for match in list(re.finditer(f"{edge}{re.escape(words)}{edge}", said)):
            if not DENIED.search(said[: match.start()]):
                values.add(value)
            said = said[: match.start()] + "\0" * len(match[0]) + said[match.end() :]
    return values.pop() if len(values) == 1 else None


READERS: Mapping[str, Reader] = {
    "text": _text,
    "number": _number,
    "date": _date,
    "phone": _phone,
    "pattern": _pattern,
    "choice": _choice,
}
