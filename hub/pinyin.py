"""Chinese as people type it: by the sounds of its characters, or the first letter of each."""

from __future__ import annotations

import os
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any

from hub.knowledge.wording import normalise


@cache
def readings(character: str) -> tuple[str, ...]:
    """All of them, the usual one first: 重 is zhong, and chong. What is no Chinese character has none."""
    [sounds] = _pypinyin().pinyin(character, style=_pypinyin().Style.NORMAL, heteronym=True, errors=lambda _: [[""]])
    return tuple(sound for sound in sounds if sound)


def likeness(typed: str, text: str) -> int:
    """How well `typed` finds `text`, 0: not at all. tk, tuik and tuikuan find 退款, and so does 退款.

    Every word must be found. The beginning counts for more, and characters for more than their sounds.
    """
    words = normalise(typed).split()
    return min((_likeness(word, text) for word in words), default=1)


def _likeness(word: str, text: str) -> int:
    plain = normalise(text)
    if word in plain:
        return 4 if plain.startswith(word) else 3
    characters = _heard(plain)
    if not word.isascii() or not characters:
        return 0
    starts = [0, *(at for at, (one, other) in enumerate(pairwise(plain), 1) if readings(other) or one == " ")]
    found = [at for at in starts if _types(word, characters[at:])]
    return 0 if not found else 2 if found[0] == 0 else 1


@lru_cache(maxsize=5_000)
def _heard(plain: str) -> tuple[tuple[str, ...], ...]:
    """What may be typed for each character; nothing at all where none is Chinese."""
    heard = tuple(readings(each) for each in plain)
    return tuple(each or (letter,) for each, letter in zip(heard, plain, strict=True)) if any(heard) else ()


def _types(word: str, characters: tuple[tuple[str, ...], ...]) -> bool:
    """Whether the word is the sounds of the first characters, each in full or shortened to its first letter."""
    if not word:
        return True
    if not characters:
        return False
    for sound in characters[0]:
        if sound.startswith(word):
            return True
        if (word.startswith(sound) and _types(word[len(sound) :], characters[1:])) or (
            word[0] == sound[0] and _types(word[1:], characters[1:])
        ):
            return True
    return False


@cache
def _pypinyin() -> Any:
    # Its dictionary of phrases takes 45 MB. Characters have all their readings without it.
    before = os.environ.get("PYPINYIN_NO_PHRASES")
    os.environ["PYPINYIN_NO_PHRASES"] = "true"
    try:
        import pypinyin
    finally:
        if before is None:
            del os.environ["PYPINYIN_NO_PHRASES"]
        else:
            os.environ["PYPINYIN_NO_PHRASES"] = before
    return pypinyin
