"""IMAP commands as they come over the wire, and sets of numbers."""

from __future__ import annotations

import asyncio
import re
from bisect import bisect_left, bisect_right
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

LARGEST_LITERAL = 64 * 1024 * 1024
LONGEST_LINE = 1024 * 1024
LITERAL = re.compile(rb"\{(\d{1,12})(\+?)\}$")
WORD = re.compile(rb'\s*(?:([()])|"((?:\\.|[^"\\])*)"|((?:[^\s()"\[]|\[[^\]]*\])+))')
ESCAPED = re.compile(r"\\(.)")

Words = list[Any]  # str; bytes for a literal; a list for what stands in parentheses


class Refused(Exception):
    """A command that is answered with NO, or BAD where its form is wrong."""

    def __init__(self, words: str, kind: str = "NO"):
        super().__init__(words)
        self.kind = kind


def malformed(what: str) -> Refused:
    return Refused(f"{what} is not understood here", "BAD")


async def read_command(
    reader: asyncio.StreamReader, go_ahead: Callable[[], Awaitable[None]]
) -> tuple[str, list[bytes]]:
    """The tag, and what follows: lines and literals by turns. IncompleteReadError: the client is gone."""
    pieces: list[bytes] = []
    while True:
        line = (await reader.readuntil(b"\n")).rstrip(b"\r\n")
        literal = LITERAL.search(line)
        pieces.append(line[: literal.start()] if literal else line)
        if not literal:
            tag, _, pieces[0] = pieces[0].partition(b" ")
            return tag.decode("ascii", "replace"), pieces
        if int(literal[1]) > LARGEST_LITERAL:
            raise ConnectionAbortedError("a literal that no mail needs")
        if not literal[2]:
            await go_ahead()
        pieces.append(await reader.readexactly(int(literal[1])))


def words_of(pieces: Sequence[bytes]) -> Words:
    open_lists: list[Words] = [[]]
    for number, piece in enumerate(pieces):
        if number % 2:
            open_lists[-1].append(piece)
            continue
        at = 0
        while piece[at:].strip():
            found = WORD.match(piece, at)
            if not found:
                raise malformed("the command")
            at = found.end()
            _take(found, open_lists)
    if len(open_lists) != 1:
        raise malformed("a parenthesis that is not closed")
    return open_lists[0]


def _take(found: re.Match[bytes], open_lists: list[Words]) -> None:
    parenthesis, quoted, plain = found.groups()
    if parenthesis == b"(":
        inner: Words = []
        open_lists[-1].append(inner)
        open_lists.append(inner)
    elif parenthesis:
        open_lists.pop()
        if not open_lists:
            raise malformed("a parenthesis that closes nothing")
    elif quoted is not None:
        open_lists[-1].append(ESCAPED.sub(r"\1", quoted.decode("utf-8", "replace")))
    else:
        open_lists[-1].append(plain.decode("utf-8", "replace"))


def text_of(word: Any) -> str:
    if isinstance(word, bytes):
        return word.decode("utf-8", "replace")
    if not isinstance(word, str):
        raise malformed("a list where a word belongs")
    return word


def members(written: str, numbers: Sequence[int]) -> list[int]:
    """Those of the ascending `numbers` that are in a set like `1,4:6,9:*`. A star is the last of them."""
    last = numbers[-1] if numbers else 0
    found: set[int] = set()
    for part in written.split(","):
        ends = part.split(":")
        if not 1 <= len(ends) <= 2 or not all(end == "*" or end.isdecimal() for end in ends):
            raise malformed("the set of numbers")
        lowest, *_, highest = sorted([last if end == "*" else int(end) for end in ends] * 2)
        found.update(numbers[bisect_left(numbers, lowest) : bisect_right(numbers, highest)])
    return sorted(found)
