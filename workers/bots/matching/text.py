"""What a text is made of: characters, words and syllables, hashed and weighted."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from zlib import crc32

import numpy as np
import rjieba

from hub.folding import simplified
from hub.pinyin import readings
from workers.bots.matching.arrays import Keys, Reals

READ_AT_MOST = 1_000  # characters: what comes after is no question
HAN = r"\u3400-\u9fff"
NOT_A_WORD = re.compile(r"[\W_]+")
APOSTROPHE = re.compile("['’]")
SPACE_IN_CHINESE = re.compile(rf"(?<=[{HAN}]) | (?=[{HAN}])")
CHINESE_OR_NOT = re.compile(rf"([{HAN}]+)")
DIGITS = re.compile(r"\d+")
# Which inflection a word has says little. What is cut may be no word: it only has to be the same for both.
INFLECTED = re.compile(r"^(.{3,}?)(?:ings?|ed|es|s|er|ly|ment|tions?|e)$")

# Of the text as it is and of the text with its synonyms folded: the first tells near meanings apart where there are
# many examples, the second joins what few examples never say twice.
AS_WRITTEN, FOLDED = 0.5, 1.0
CHINESE_WORD, CHINESE_PAIR, SYLLABLE, SYLLABLE_PAIR = 0.5, 0.8, 0.3, 0.5
LETTERS = (2, 3, 4, 5)

Folds = dict[str, list[tuple[str, str]]]


def normalised(text: str) -> str:
    """Letters and digits in one width, case and script: equal for two writings of the same words."""
    text = unicodedata.normalize("NFKC", text[: 4 * READ_AT_MOST]).translate(simplified())
    words = NOT_A_WORD.sub(" ", APOSTROPHE.sub("", text).casefold()).strip()
    return SPACE_IN_CHINESE.sub("", words)[:READ_AT_MOST]


@cache
def default_synonyms() -> tuple[tuple[str, ...], ...]:
    file = tomllib.loads(Path(__file__).with_name("synonyms.toml").read_text(encoding="utf-8"))
    return tuple(tuple(group) for group in file["groups"])


@cache
def everyday() -> Keys:
    """What the words are made of that questions about anything have, sorted."""
    file = tomllib.loads(Path(__file__).with_name("everyday.toml").read_text(encoding="utf-8"))
    return np.unique(np.concatenate([features(normalised(word), {})[0] for word in file["words"]]))


def folds_of(synonyms: Iterable[Sequence[str]]) -> Folds:
    """By first character, longest first: the words of the groups, normalised, each with the first of its group."""
    first: dict[str, str] = {}
    for group in synonyms:
        words = [word for word in map(normalised, group) if word]
        for word in words:
            # the first group a word is in counts
            first.setdefault(word, first.get(words[0], words[0]))
    folds: Folds = {}
    for word in sorted(first, key=lambda word: (-len(word), word)):
        folds.setdefault(word[0], []).append((word, first[word]))
    return folds


def folded(text: str, folds: Folds) -> str:
    """Of a normalised text. Chinese words anywhere, others whole: a loop, as a pattern of 600 words takes 1 ms."""
    parts, done, at = [], 0, 0
    while at < len(text):
        if text[at] in folds and not (at and _joined(text[at - 1], text[at])):
            for word, first in folds[text[at]]:
                end = at + len(word)
                if text.startswith(word, at) and not (end < len(text) and _joined(word[-1], text[end])):
                    parts += [text[done:at], first]
                    done, at = end, end - 1
                    break
        at += 1
    return "".join([*parts, text[done:]])


def _joined(before: str, after: str) -> bool:
    """Whether two neighbours are of one word, in scripts that write spaces."""
    return not (before == " " or after == " " or _is_chinese(before) or _is_chinese(after))


def _is_chinese(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff"


def features(normal: str, folds: Folds) -> tuple[Keys, Reals]:
    """Of a normalised text: the hashes of what it is made of, each once, and how much each counts."""
    text = DIGITS.sub("0", normal)
    found: list[int] = []
    weights: list[float] = []
    for version, counts in ((text, AS_WRITTEN), (folded(text, folds), FOLDED)):
        for hashed, weight in _features(version, counts):
            found += hashed
            weights += [weight] * len(hashed)
    numbers = DIGITS.findall(normal)
    found += [crc32(f"d{number}".encode()) for number in numbers]
    weights += [FOLDED] * len(numbers)
    keys, places = np.unique(np.array(found, dtype=np.uint32), return_inverse=True)
    times = np.bincount(places, minlength=len(keys))
    total = np.bincount(places, weights=weights, minlength=len(keys))
    # said twice is not meant twice
    values = total / np.maximum(times, 1) * (1 + np.log(np.maximum(times, 1)))
    return keys, values.astype(np.float32)


def _features(text: str, counts: float) -> Iterator[tuple[Sequence[int], float]]:
    words: list[str] = []
    for part in CHINESE_OR_NOT.split(text):
        if not part:
            continue
        if CHINESE_OR_NOT.match(part):
            yield [crc32(f"c{character}".encode()) for character in part], counts
            yield [crc32(f"p{a}{b}".encode()) for a, b in pairwise(part)], counts * CHINESE_PAIR
            words_of = [word for word in _chinese_words(part) if len(word) > 1]
            yield [crc32(f"j{word}".encode()) for word in words_of], counts * CHINESE_WORD
            syllables = [_syllable(character) for character in part]
            yield [crc32(f"y{syllable}".encode()) for syllable in syllables], counts * SYLLABLE
            yield [crc32(f"z{a} {b}".encode()) for a, b in pairwise(syllables)], counts * SYLLABLE_PAIR
        else:
            words += part.split()
    for word in words:
        yield _letters(word), counts
    stems = [stem(word) for word in words] if counts == FOLDED else words
    yield [crc32(f"w{word}".encode()) for word in stems], counts
    if stems and len(stems) == len(text.split()):
        stems = ["<", *stems, ">"]  # no Chinese in it: how a question begins says which sort it is
    yield [crc32(f"b{a} {b}".encode()) for a, b in pairwise(stems)], counts


@lru_cache(maxsize=20_000)
def _letters(word: str) -> tuple[int, ...]:
    """Of one word: customers mistype in its middle, and its ends are told by the spaces."""
    spaced = f" {word[:40]} "
    return tuple(
        crc32(f"l{spaced[at : at + size]}".encode()) for size in LETTERS for at in range(len(spaced) - size + 1)
    )


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    inflected = INFLECTED.match(word)
    if not inflected:
        return word
    cut = inflected[1]
    return cut[:-1] if len(cut) > 3 and cut[-1] == cut[-2] and cut[-1] not in "ls" else cut


@lru_cache(maxsize=5_000)
def _chinese_words(part: str) -> tuple[str, ...]:
    return tuple(rjieba.cut(part, False))


@cache
def _syllable(character: str) -> str:
    """Typed by sound, the wrong character has the right syllable."""
    return next(iter(readings(character)), character)
