"""A space of any texts in which those that mean the same are near each other, by what the matcher sees in a text.

The matcher's own space knows the words of the shop's examples only, and what it was never told is what many ask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from hub.knowledge import normalise
from workers.bots.matching import space as spaces
from workers.bots.matching.matcher import all_synonyms
from workers.bots.matching.text import folds_of, normalised

# A sparse row each, whose products are cosines. What a text has that none of the known ones has makes its row shorter.
Space = Callable[[Sequence[str]], Any]


def space_of(texts: Sequence[str], synonyms: Iterable[Sequence[str]] = ()) -> Space:
    """In which what is rare among these texts counts more."""
    folds = folds_of(all_synonyms(synonyms))
    space = spaces.build([normalised(each) for each in texts if normalise(each)] or ["?"], folds)
    return lambda asked: spaces.rows(space, [spaces.locate(space, each, folds) for each in asked])
