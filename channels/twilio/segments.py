"""How many messages of the telephone network a text takes: Twilio bills each of them.

3GPP TS 23.038 has the alphabet; https://www.twilio.com/docs/glossary/what-sms-character-limit the sizes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Encoding = Literal["GSM-7", "UCS-2"]

PLAIN = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("\f^{}\\[~]|€")  # written with an escape before them, from which they are never cut off
ALONE: dict[Encoding, int] = {"GSM-7": 160, "UCS-2": 70}
IN_PARTS: dict[Encoding, int] = {"GSM-7": 153, "UCS-2": 67}  # the rest numbers the parts


@dataclass(frozen=True, slots=True)
class Segments:
    """`units`: septets of GSM-7, or 16-bit units of UCS-2."""

    encoding: Encoding
    count: int
    units: int


def encoding_of(text: str) -> Encoding:
    """One character outside of the alphabet, and all of the text takes more than twice the room."""
    return "GSM-7" if PLAIN.union(EXTENDED).issuperset(text) else "UCS-2"


def segments(text: str) -> Segments:
    encoding = encoding_of(text)
    *_, (count, units) = _filled(text, encoding) if text else [(1, 0)]
    if units <= ALONE[encoding]:
        count = 1
    return Segments(encoding, count, units)


def cut(text: str, most: int) -> int:
    """How many characters of a text fit into `most` segments: all of them, or as many as its own encoding allows.

    What is left of it may be plainer than the whole, and then take fewer segments than this says.
    """
    if segments(text).count <= most:
        return len(text)
    room = ALONE if most == 1 else IN_PARTS
    encoding, length = encoding_of(text), 0
    for count, units in _filled(text, encoding):
        if (units > room[encoding]) if most == 1 else (count > most):
            break
        length += 1
    return length


def _filled(text: str, encoding: Encoding) -> Iterator[tuple[int, int]]:
    """After each character: the segments begun if it takes several, and the units used."""
    count, free, units = 1, IN_PARTS[encoding], 0
    for character in text:
        size = _size(character, encoding)
        if size > free:
            count, free = count + 1, IN_PARTS[encoding]
        free, units = free - size, units + size
        yield count, units


def _size(character: str, encoding: Encoding) -> int:
    if encoding == "GSM-7":
        return 2 if character in EXTENDED else 1
    return 2 if ord(character) > 0xFFFF else 1
