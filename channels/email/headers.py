"""What the headers say: encoded words, people, identifiers, dates and file names, in linear time."""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from channels.email.charsets import decode
from channels.email.mime import decode_base64

LONGEST_ADDRESSES = 20 * 1024
MOST_ADDRESSES = 500
MOST_REFERENCES = 500
LONGEST_SUBJECT = 2_000
LONGEST_NAME = 200  # bytes of a file's name
LONGEST_CODED_NAME = 4_000
WORD = re.compile(r"=\?([^?\s*]{1,60})(?:\*[^?\s]{0,20})?\?([bBqQ])\?")
HEX = re.compile(rb"=([0-9A-Fa-f]{2})")
CONTROLS = re.compile(r"[\x00-\x1f\x7f\x80-\x9f\u2028\u2029]+")
BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
ID = re.compile(r"<([^<>]{1,998})>")
ADDRESS = re.compile(r"[^\s<>,;:\"()\[\]\\@]{1,200}@[^\s<>,;:\"()\\@]{1,255}")
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|<[^<>]*>|\((?:[^()\\]|\\.)*\)?|[,;:]|[^\s",;:<(]+|\s+|.', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Person:
    """A name, which anybody can claim, and an address."""

    name: str = ""
    address: str = ""


def text(value: bytes, hint: str = "") -> str:
    """A header as people read it: encoded words and raw bytes decoded, one line, no control characters."""
    return _on_one_line(words(_raw(value, hint), hint))


def plain(value: bytes) -> str:
    """A header that only machines read."""
    return _on_one_line(_raw(value, ""))


def _on_one_line(said: str) -> str:
    said = said.replace("\t", " ").strip()
    return said if said.isprintable() else CONTROLS.sub(" ", said).strip()


def subject(value: bytes, hint: str = "") -> str:
    return BIDI.sub("", text(value, hint))[:LONGEST_SUBJECT]


def _raw(value: bytes, hint: str) -> str:
    return value.decode("ascii") if value.isascii() else decode(value, "", hint)


def words(value: str, hint: str = "") -> str:
    """Adjacent words of one charset are joined before they are decoded: clients cut characters in two."""
    if "=?" not in value:
        return value
    told: list[str] = []
    run: list[tuple[str, str, str]] = []  # neighbours: charset, encoding, text
    position = 0
    while (match := WORD.search(value, position)) and (end := value.find("?=", match.end())) >= 0:
        between = value[position : match.start()]
        if run and (between.strip() or run[0][0] != match[1].lower()):
            told.append(_decoded(run, hint))
            run = []
            told.append(between if between.strip() else "")
        elif not run:
            told.append(between)
        run.append((match[1].lower(), match[2].lower(), value[match.end() : end]))
        position = end + 2
    told.append(_decoded(run, hint) if run else "")
    told.append(value[position:])
    return "".join(told)


def _decoded(run: list[tuple[str, str, str]], hint: str) -> str:
    label = run[0][0]
    kinds = {kind for _, kind, _ in run}
    pieces = [piece.encode("utf-8", "replace") for _, _, piece in run]
    if kinds == {"b"} and any(len(piece.rstrip(b"=")) % 4 == 1 for piece in pieces):
        data = decode_base64(b"".join(pieces))  # cut anywhere, even within one byte
    else:
        data = b"".join(_bytes(kind, piece) for (_, kind, _), piece in zip(run, pieces, strict=True))
    return decode(data, label, hint)


def _bytes(kind: str, piece: bytes) -> bytes:
    if kind == "b":
        return decode_base64(piece)
    return HEX.sub(lambda match: binascii.unhexlify(match[1]), piece.replace(b"_", b" "))


def people(value: bytes, hint: str = "") -> list[Person]:
    """Everybody of a From, To or Cc. Groups give their members, what is no address nothing."""
    raw = _raw(value[:LONGEST_ADDRESSES], hint)
    found = _people(raw, hint)
    if not any("@" in person.address for person in found) and "=?" in raw:
        found = _people(words(raw, hint), hint) or found  # some clients encode the address with the name
    return found[:MOST_ADDRESSES]


def _people(raw: str, hint: str) -> list[Person]:
    found: list[Person] = []
    name: list[str] = []
    comment = address = ""
    angled = False

    def finish(divider: str) -> None:
        """An unquoted comma within a name, as in `Doe, John <john@example.com>`, divides nobody."""
        nonlocal name, comment, address, angled
        said = _joined(name)
        if not angled:
            bare = ADDRESS.search(said.replace(" @ ", "@"))
            if bare:
                address = bare[0] if "[" in bare[0] else bare[0].rstrip("]")
                said = (said[: bare.start()] + said[bare.end() :]).removesuffix("[mailto:").strip("<> ")
            elif divider and said:
                name = [said, f"{divider} "]
                return
            elif said and " " not in said and not found:
                address, said = said, ""  # a local account, such as root
        if address:
            shown = _name(said) or _name(comment)
            found.append(Person(_without_quotes(words(shown, hint)) if shown else "", address))
        name, comment, address, angled = [], "", "", False

    for token in TOKEN.findall(raw):
        match token[0]:
            case "<" if len(token) > 1:
                inside = token[1:-1].strip() if '"' in token else re.sub(r"\s+", "", token[1:-1])
                inside = inside.removeprefix("mailto:")
                address, angled = inside.rpartition(":")[2] if inside.startswith("@") else inside, True
            case "(" if len(token) > 1:
                comment = comment or token[1:].removesuffix(")")
            case "," | ";":
                finish(token)
            case ":":
                if (
                    angled
                    or address
                    or "[mailto" in name
                    or any("=?" in piece for piece in name)
                    or "@" in "".join(name)
                ):
                    name.append(token)
                else:
                    name = []  # the name of a group
            case '"' if len(token) > 1:
                name.append(re.sub(r"\\(.)", r"\1", token[1:].removesuffix('"')))
            case _:
                name.append(" " if token.isspace() else token)
    finish("")
    return [Person(_visible(person.name), _visible(person.address)) for person in found]


def _without_quotes(name: str) -> str:
    name = name.strip()
    if name.count('"') == 1 or (len(name) > 1 and name[0] == name[-1] == '"'):
        name = name.strip('"')
    return name.strip()


def _joined(pieces: list[str]) -> str:
    return "".join(pieces).strip().strip(",;").strip()


def _name(said: str) -> str:
    return said.strip("'<> ") if said.strip("'\" ") else ""


def _visible(value: str) -> str:
    if not value.isprintable():
        value = BIDI.sub("", CONTROLS.sub(" ", value))
    return " ".join(value.split())[:320]


def identifiers(value: bytes) -> list[str]:
    """Message-IDs without their brackets, in order; the first one and the newest where there are too many."""
    said = text(value) if b"=?" in value else plain(value)  # some programs encode what is long, which nobody should
    found = ["".join(each.split()) for each in ID.findall(said)]
    if not found:
        found = [each.strip("<>,;") for each in said.split() if "@" in each and len(each) < 998]
    found = [each for each in found if each]
    return found if len(found) <= MOST_REFERENCES else [found[0], *found[-MOST_REFERENCES + 1 :]]


def identifier(value: bytes) -> str | None:
    found = identifiers(value)
    if found:
        return found[0]
    said = plain(value).strip("<> ")
    return said if said and " " not in said and len(said) < 998 else None


def date(value: bytes) -> datetime | None:
    """In the zone that the sender wrote."""
    try:
        told = parsedate_to_datetime(plain(value[:200]))
        told = told if told.tzinfo else told.replace(tzinfo=UTC)
        told.astimezone(UTC)  # the first and the last years do not have every zone
        return told
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def file_name(name: bytes, extended: bytes, hint: str = "") -> str:
    """RFC 2231 first, then encoded words (Outlook and QQ quote them), then raw bytes; safe to save under."""
    given, name = "", name[:LONGEST_CODED_NAME]
    if extended:
        charset, _, rest = extended[:LONGEST_CODED_NAME].partition(b"'")
        given = decode(rest.partition(b"'")[2], charset.decode("latin-1"), hint)
        if "=?" in given:
            given = words(given, hint)
    return safe_name(given or words(_raw(name, hint), hint))


def safe_name(name: str) -> str:
    """No path, no control characters, nothing that turns the name's end around, 200 bytes with its extension."""
    name = BIDI.sub("", CONTROLS.sub("", name)).replace("\\", "/").rpartition("/")[2]
    name = name.strip().strip(".").strip()
    if len(name.encode()) <= LONGEST_NAME:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension.encode()) > 20:
        stem, dot, extension = name, "", ""
    room = LONGEST_NAME - len((dot + extension).encode())
    return stem.encode()[:room].decode("utf-8", "ignore") + dot + extension
