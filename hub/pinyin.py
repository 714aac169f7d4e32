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


def spellings(text: str) -> list[str]:
    """By its usual sounds, in full and by their first letters: tuikuan and tk of 退款. What is not Chinese has none."""
    heard = _heard(normalise(text))
    return ["".join(usual for usual, *_ in heard), "".join(usual[0] for usual, *_ in heard)] if heard else []


def likeness(typed: str, text: str) -> int:
    """How well `typed` finds `text`, 0: not at all. tk, tuik and tuikuan find 退款, and so does 退款.

    Every word must be found. Characters count for more than their usual sounds, these for more than the others
    (款 is also read xin, which few people know), and the beginning for more than the rest.
    """
    words = normalise(typed).split()
    return min((_likeness(word, text) for word in words), default=1)


def _likeness(word: str, text: str) -> int:
    plain = normalise(text)
    if word in plain:
        return 6 if plain.startswith(word) else 5
    heard = _heard(plain)
    if not word.isascii() or not heard:
        return 0
    usual = tuple(sounds[:1] for sounds in heard)
    starts = [0, *(at for at, (one, other) in enumerate(pairwise(plain), 1) if readings(other) or one == " ")]
    for characters, at_start, elsewhere in ((usual, 4, 3), (heard, 2, 1)):
        if found := [at for at in starts if _types(word, characters[at:])]:
            return at_start if found[0] == 0 else elsewhere
    return 0


@lru_cache(maxsize=5_000)
def _heard(plain: str) -> tuple[tuple[str, ...], ...]:
    """What may be typed for each character; nothing at all where none is Chinese."""
    heard = tuple(readings(each) for each in plain)
    return tuple(each or (letter,) for each, letter in zip(heard, plain, strict=True)) if any(heard) else ()


def _types(word: str, characters: tuple[tuple[str, ...], ...]) -> bool:
    """Whether the word is the sounds of the first characters, each in full or shortened to its first letter."""
    read = {0}  # how far into the word, in every way to read it
    for sounds in characters:
        further: set[int] = set()
        for rest, sound in ((word[at:], sound) for at in read for sound in sounds):
            at = len(word) - len(rest)
            if sound.startswith(rest):
                return True
            if rest.startswith(sound):
                further.add(at + len(sound))
            if rest[0] == sound[0]:
                further.add(at + 1)
        if len(word) in further:
            return True
        if not further:
            return False
        read = further
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
