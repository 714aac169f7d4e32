"""The part of a text that shows why it was found, and where in it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pydantic import BaseModel

from hub.folding import folded
from hub.words import READ_AT_MOST, UNSPACED, digits_of, runs_of

BEFORE, LENGTH = 24, 140  # characters
WITH_MARKS = re.compile(r".[\u0300-\u036f\u3099\u309a\uff9e\uff9f]*", re.DOTALL)


class Excerpt(BaseModel):
    text: str
    marks: list[tuple[int, int]]  # from, to: in characters (code points), not in bytes or UTF-16 units


class Asked:
    """What was asked for, ready to be looked for in many texts."""

    def __init__(self, text: str):
        runs = runs_of(text)
        self._tail = digits_of(text)
        self._whole = [_pattern(run, word) for run, word in runs]
        self._pairs = [[re.compile(run[at : at + 2]) for at in range(len(run) - 1)] for run, _ in runs]

    def places(self, text: str) -> tuple[int, list[tuple[int, int]]]:
        """How much of what was asked is there as it was asked, and all places of it in order."""
        text = text[:READ_AT_MOST]
        plain, origin = _aligned(text)
        whole, found = 0, set[tuple[int, int]]()
        for pattern, pairs in zip(self._whole, self._pairs, strict=True):
            spans = {match.span() for match in pattern.finditer(plain)}
            whole += bool(spans)
            found |= spans or {match.span() for pair in pairs for match in pair.finditer(plain)}
        return whole, _joined((origin[start], origin[end]) for start, end in found)

    def excerpt(self, text: str) -> Excerpt:
        _, places = self.places(text)
        start = max(0, places[0][0] - BEFORE) if places else 0
        if start + LENGTH > len(text):
            start = max(0, len(text) - LENGTH)
        shown = re.sub(r"\s", " ", text[start : start + LENGTH])
        lead, trail = "…" if start else "", "…" if start + LENGTH < len(text) else ""
        shift = len(lead) - start
        inside = [(a + shift, min(b + shift, len(lead) + len(shown))) for a, b in places if a < start + LENGTH]
        return Excerpt(text=f"{lead}{shown}{trail}", marks=inside)

    def excerpt_of_address(self, value: str) -> Excerpt:
        if self._tail and value.endswith(self._tail):
            return Excerpt(text=value, marks=[(len(value) - len(self._tail), len(value))])
        return self.excerpt(value)


def _pattern(run: str, word: str) -> re.Pattern[str]:
    if run:
        return re.compile(run)
    before = r"(?<!\d)" if word.isdigit() else rf"(?<![^\W_{UNSPACED}])"
    return re.compile(before + re.escape(word) + (rf"(?![^\W_{UNSPACED}])" if len(word) == 1 else ""))


def _aligned(text: str) -> tuple[str, range | list[int]]:
    """The text in the one writing, and where each of its characters comes from."""
    plain = folded(text)
    if len(plain) == len(text):
        return plain, range(len(text) + 1)
    parts, origin = [], []
    for cluster in WITH_MARKS.finditer(text):
        parts.append(folded(cluster[0]))
        origin += [cluster.start()] * len(parts[-1])
    return "".join(parts), [*origin, len(text)]


def _joined(places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(places):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
