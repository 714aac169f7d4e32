"""What the simulator reads from the head of any mail, however broken: no parser that could fail."""

from __future__ import annotations

import re

END = re.compile(rb"\r?\n\r?\n")
FOLD = re.compile(rb"\r?\n(?=[ \t])")
IDENTIFIER = re.compile(r"<[^<>\s]+>")

Headers = list[tuple[str, str]]  # names in lower case, as they stand, top first


def head_of(raw: bytes) -> bytes:
    """With the empty line that ends it; all of a mail that has none."""
    end = END.search(raw)
    return raw[: end.end()] if end else raw


def headers_of(raw: bytes) -> Headers:
    lines = FOLD.sub(b"", head_of(raw)).splitlines()
    pairs = (line.partition(b":") for line in lines if b":" in line)
    return [(name.decode("latin-1").strip().lower(), value.decode("latin-1").strip()) for name, _, value in pairs]


def header(headers: Headers, name: str) -> str:
    return next((value for known, value in headers if known == name), "")


def identifiers(headers: Headers, *names: str) -> list[str]:
    """Message-IDs that these headers name, with their angle brackets, in the order of `names`."""
    return [found for name in names for found in IDENTIFIER.findall(header(headers, name))]
