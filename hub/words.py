"""What search finds a text by: each pair of neighbours in scripts without spaces, and the words of the others.

A pair is enough for Chinese: nearly every word has two characters or is made of such words, and no dictionary has to
know the names of products. The last character of a run is there alone too, so that each character begins something.
"""

from __future__ import annotations

import re
from operator import add

from hub.folding import folded

# Han, kana and Hangul: written without spaces, or with endings grown to the words
UNSPACED = r"\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
RUNS = re.compile(rf"([{UNSPACED}]+)|([^\W_{UNSPACED}]+)")
DIGITS = re.compile(r"\d+")
NUMBER = re.compile(r"\+?[\d\s()./-]*\d")  # as people write the number of a phone
READ_AT_MOST = 20_000  # characters of a text
LONGEST_WORD = 64
MOST_ASKED = 32  # words of a question
SHORTEST_TAIL = 4
BACKWARDS = "~"  # a number from its end, so that a tail is a beginning


def words_of(text: str) -> str:
    """As PostgreSQL reads a tsvector: the words, each once."""
    found: set[str] = set()
    for run, word in RUNS.findall(folded(text[:READ_AT_MOST])):
        if run:
            found.update(map(add, run, run[1:]))
            found.add(run[-1])
        else:
            found.add(word[:LONGEST_WORD])
            if not word.isalpha():
                found.update(number[:LONGEST_WORD] for number in DIGITS.findall(word))
    return " ".join(found)


def words_of_address(value: str) -> str:
    """Those of a number also by its tail."""
    digits = digits_of(value)
    return " ".join(filter(None, (words_of(value), digits and BACKWARDS + digits[::-1][:LONGEST_WORD])))


def question(text: str) -> str:
    """As PostgreSQL reads a tsquery; "" where there is nothing to look for.

    Whoever types has not always finished the word: it may go on, if it is more than one letter.
    """
    asked = [_beginning(run) if run else _word(word) for run, word in runs_of(text)]
    return " & ".join(dict.fromkeys(asked))


def questions_for_people(text: str) -> list[str]:
    """One for each word: the name and the address of a person need not have all of them."""
    words = [text] if digits_of(text) else text.split()[:MOST_ASKED]
    return [asked for word in words if (asked := _tail(digits_of(word)) or question(word))]


def _tail(digits: str) -> str:
    return digits and f"{digits}:* | {BACKWARDS}{digits[::-1]}:*"


def runs_of(text: str) -> list[tuple[str, str]]:
    """Each either a run without spaces or a word."""
    return RUNS.findall(folded(text))[:MOST_ASKED]


def _beginning(run: str) -> str:
    return f"{run}:*" if len(run) == 1 else " & ".join(map(add, run, run[1:]))


def _word(word: str) -> str:
    return word if len(word) == 1 else f"{word[:LONGEST_WORD]}:*"


def digits_of(text: str) -> str:
    """Of what is a number and nothing else."""
    number = NUMBER.fullmatch(text.strip())
    digits = "".join(DIGITS.findall(number[0]))[:LONGEST_WORD] if number else ""
    return digits if len(digits) >= SHORTEST_TAIL else ""
