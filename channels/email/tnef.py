"""What Outlook hides in winmail.dat: files and the text.

Own reader, because the libraries believe the counts in the file and go on for billions of empty properties.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from channels.email.charsets import decode

SIGNATURE = 0x223E9F78
MOST_OBJECTS = 5_000
MOST_PROPERTIES = 2_000
MOST_FILES = 100
# Attributes of the format [MS-OXTNEF]
BODY, TITLE, DATA, RENDERING, MESSAGE, ATTACHMENT, CODEPAGE = 0x800C, 0x8010, 0x800F, 0x9002, 0x9003, 0x9005, 0x9007
# MAPI properties
TEXT, HTML, DATA_OBJECT, LONG_NAME, SHORT_NAME, MIME, CONTENT_ID, CHARSET = (
    0x1000, 0x1013, 0x3701, 0x3707, 0x3704, 0x370E, 0x3712, 0x3FDE,
)  # fmt: skip
FIXED = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16, 0x01: 0}
VARIABLE = {0x0D, 0x1E, 0x1F, 0x102}
Value = bytes | str


@dataclass(slots=True)
class Enclosed:
    name: str = ""
    mime: str = ""
    content_id: str = ""
    content: bytes = field(default=b"", repr=False)


@dataclass(slots=True)
class Winmail:
    text: str = ""
    html: str = ""
    files: list[Enclosed] = field(default_factory=list)


def read(data: bytes) -> Winmail | None:
    """None for what is no TNEF or cannot be read to its end."""
    if len(data) < 6 or struct.unpack_from("<I", data)[0] != SIGNATURE:
        return None
    found, codepage = Winmail(), "cp1252"
    try:
        for name, value in _objects(memoryview(data)):
            if name == CODEPAGE:
                codepage = f"cp{struct.unpack_from('<I', value)[0]}"
            elif name == RENDERING and len(found.files) < MOST_FILES:
                found.files.append(Enclosed())
            elif name == BODY:
                found.text = decode(bytes(value), codepage)
            elif name == MESSAGE:
                _read_message(found, dict(_properties(value, codepage)), codepage)
            elif found.files and name == TITLE:
                found.files[-1].name = found.files[-1].name or decode(bytes(value), codepage)
            elif found.files and name == DATA:
                found.files[-1].content = bytes(value)
            elif found.files and name == ATTACHMENT:
                _read_file(found.files[-1], dict(_properties(value, codepage)))
    except (struct.error, ValueError):
        return None
    found.files = [each for each in found.files if each.content]
    return found


def _objects(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    place = 6
    for _ in range(MOST_OBJECTS):
        if place + 11 > len(data):
            return
        _, name, _, length = struct.unpack_from("<BHHI", data, place)
        yield name, data[place + 9 : place + 9 + length]
        place += 11 + length


def _read_message(found: Winmail, told: dict[int, Value], codepage: str) -> None:
    if charset := told.get(CHARSET):
        number = struct.unpack_from("<I", charset if isinstance(charset, bytes) else b"\0\0\0\0")[0]
        codepage = "utf-8" if number == 65001 else f"cp{number}"
    found.text = _text(told.get(TEXT, found.text), codepage)
    found.html = _text(told.get(HTML, found.html), codepage)


def _read_file(file: Enclosed, told: dict[int, Value]) -> None:
    file.name = _text(told.get(LONG_NAME) or told.get(SHORT_NAME) or file.name, "")
    file.mime = _text(told.get(MIME, ""), "ascii").lower()
    file.content_id = _text(told.get(CONTENT_ID, ""), "ascii").strip("<>")
    content = told.get(DATA_OBJECT)
    if not file.content and isinstance(content, bytes):
        file.content = content[16:]  # behind the identifier of its interface


def _text(value: Value, codepage: str) -> str:
    return value.rstrip("\0") if isinstance(value, str) else decode(value.rstrip(b"\0"), codepage)


def _properties(data: memoryview, codepage: str) -> Iterator[tuple[int, Value]]:
    (count,) = struct.unpack_from("<I", data)
    place = 4
    for _ in range(min(count, MOST_PROPERTIES)):
        kind, name = struct.unpack_from("<HH", data, place)
        place += 4
        if name >= 0x8000:  # a named property: its identifier, then a number or a name
            (named,) = struct.unpack_from("<I", data, place + 16)
            place += 20
            place += 4 + (_padded(data, place) if named else 0)
        many = kind & 0x1000
        kind &= 0x0FFF
        values = 1
        if many or kind in VARIABLE:
            (values,) = struct.unpack_from("<I", data, place)
            place += 4
        for _ in range(min(values, MOST_PROPERTIES)):
            if place >= len(data):
                return
            if kind in VARIABLE:
                (length,) = struct.unpack_from("<I", data, place)
                value = bytes(data[place + 4 : place + 4 + length])
                place += 4 + _padded(data, place)
            elif size := FIXED.get(kind):
                value = bytes(data[place : place + size])
                place += size
            else:
                return
            yield name, _typed(kind, value, codepage)


def _padded(data: memoryview, place: int) -> int:
    (length,) = struct.unpack_from("<I", data, place)
    return int(length + -length % 4)


def _typed(kind: int, value: bytes, codepage: str) -> Value:
    if kind == 0x1F:
        return decode(value, "utf-16-le") if value else ""
    return decode(value, codepage) if kind == 0x1E else value
