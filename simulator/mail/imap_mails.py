"""What IMAP tells of single mails: the parts a FETCH names, and whether a SEARCH finds one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from simulator.mail.headers import head_of
from simulator.mail.imap_words import Words, malformed, members, text_of
from simulator.mail.post import Stored

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
BODY = re.compile(r"(BODY(?:\.PEEK)?)\[([^\]]*)\](?:<(\d{1,10})\.(\d{1,10})>)?", re.IGNORECASE)
FIELDS = re.compile(r"(HEADER\.FIELDS(?:\.NOT)?)\s*\(([^)]*)\)", re.IGNORECASE)

# -- fetching ----------------------------------------------------------------------------------------------------------

PLAIN: Mapping[str, Callable[[Stored], str]] = {
    "UID": lambda mail: str(mail.uid),
    "FLAGS": lambda mail: f"({' '.join(sorted(mail.flags))})",
    "INTERNALDATE": lambda mail: f'"{_internal(mail.arrived)}"',
    "RFC822.SIZE": lambda mail: str(len(mail.raw)),
}
SECTIONS: Mapping[str, Callable[[bytes], bytes]] = {
    "": lambda raw: raw,
    "HEADER": head_of,
    "TEXT": lambda raw: raw[len(head_of(raw)) :],
}


def fetched(mail: Stored, asked: Words) -> bytes:
    """The answer's inside, without the parentheses."""
    return b" ".join(_item(mail, text_of(item).upper(), text_of(item)) for item in asked)


def marks_seen(asked: Words) -> bool:
    return any(text_of(item).upper().startswith("BODY[") for item in asked)


def _item(mail: Stored, name: str, written: str) -> bytes:
    if plain := PLAIN.get(name):
        return f"{name} {plain(mail)}".encode()
    body = BODY.fullmatch(written)
    if not body:
        raise malformed(f"FETCH {name[:40]}")
    content, shown_as = _section(mail.raw, body[2]), f"BODY[{body[2].upper()}]"
    if body[3]:
        content, shown_as = content[int(body[3]) :][: int(body[4])], f"{shown_as}<{body[3]}>"
    return f"{shown_as} {{{len(content)}}}\r\n".encode() + content


def _section(raw: bytes, section: str) -> bytes:
    if part := SECTIONS.get(section.strip().upper()):
        return part(raw)
    chosen = FIELDS.fullmatch(section.strip())
    if not chosen:
        raise malformed(f"the section {section[:40]}")
    named, without = {name.lower().encode() for name in chosen[2].split()}, chosen[1].upper().endswith(".NOT")
    unfolded = re.split(rb"\r?\n(?![ \t])", head_of(raw).rstrip(b"\r\n"))
    kept = (line for line in unfolded if (line.partition(b":")[0].strip().lower() in named) != without)
    return b"".join(line + b"\r\n" for line in kept) + b"\r\n"


def _internal(moment: float) -> str:
    at = datetime.fromtimestamp(moment, UTC)
    return f"{at.day:2d}-{MONTHS[at.month - 1]}-{at.year} {at:%H:%M:%S} +0000"


def moment_of(written: str) -> float:
    """Of an INTERNALDATE, as APPEND gives one."""
    try:
        day, month, rest = written.strip().split("-", 2)
        number = MONTHS.index(month.title()) + 1
        return datetime.strptime(f"{day}-{number}-{rest}", "%d-%m-%Y %H:%M:%S %z").timestamp()
    except ValueError:
        raise malformed("the date") from None


# -- searching ---------------------------------------------------------------------------------------------------------

Test = Callable[[Stored], bool]
FLAGS = {name.upper(): f"\\{name}" for name in ("Seen", "Deleted", "Flagged", "Answered")}


def _flagged(flag: str, wanted: bool) -> Test:
    return lambda mail: (flag in mail.flags) == wanted


SIMPLE: Mapping[str, Test] = {
    "ALL": lambda mail: True,
    **{name: _flagged(flag, True) for name, flag in FLAGS.items()},
    **{f"UN{name}": _flagged(flag, False) for name, flag in FLAGS.items()},
}


def search_of(words: Words, uids: list[int]) -> Test:
    """All that is asked, at once. `uids`: of the folder, to know what a star means."""
    rest = [text_of(word) for word in words]
    if rest and rest[0].upper() == "CHARSET":
        del rest[:2]
    tests = []
    while rest:
        tests.append(_test(rest, uids))
    return lambda mail: all(test(mail) for test in tests)


def _test(rest: list[str], uids: list[int]) -> Test:
    """What the first key asks for; it is taken away, with what belongs to it. IndexError, ValueError: it is none."""
    key = rest.pop(0).upper()
    if simple := SIMPLE.get(key):
        return simple
    if key == "UID":
        named = set(members(rest.pop(0), uids))
        return lambda mail: mail.uid in named
    if key == "SINCE":
        day, month, year = rest.pop(0).split("-")
        earliest = datetime(int(year), MONTHS.index(month.title()) + 1, int(day), tzinfo=UTC).timestamp()
        return lambda mail: mail.arrived >= earliest
    name = rest.pop(0) if key == "HEADER" else key
    if key not in ("HEADER", "FROM", "TO", "SUBJECT"):
        raise malformed(f"SEARCH {key[:40]}")
    wanted = rest.pop(0).lower()
    return lambda mail: any(known == name.lower() and wanted in value.lower() for known, value in mail.headers)
