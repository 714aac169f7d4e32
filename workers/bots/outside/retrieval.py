"""Finds the passages of the shop's own files that a question is about: BM25 over pairs of characters, and words."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from hub.knowledge import Article, Entry, Format, Knowledge, Language

A_PASSAGE = 600  # characters
SATURATION, LENGTH_COUNTS = 1.2, 0.5  # BM25's k1 and b; entries that list many questions are not worse for it
A_FULL_QUESTION = 8  # terms: of a longer story it is enough to share as much
IN_CHINESE = re.compile(r"[\u3400-\u9fff]+|[^\W_\u3400-\u9fff]+")
ADDRESS = re.compile(r"[a-z]+://\S+")
HEADING = re.compile(r"#{1,6}\s+(.*?)\s*#*$")
SMALL_WORDS = """
    a an and any are as at be but by can could did do does for from get had has have how i if in is it its just me my of
    on or our please so some tell that the then there they this to us was we were what whats when where which who why
    will with would you your
"""
EMPTY = frozenset(SMALL_WORDS.split())
SENTENCE_ENDS = re.compile(r"(?<=[。！？!?；;\n])|(?<=\. )")


@dataclass(frozen=True, slots=True)
class Passage:
    source: str  # an entry's id, or article:<id>
    about: str  # the question, or the headings above the paragraph
    text: str  # of an article; what an entry says depends on who asks where
    searched: str
    of: Entry | Article

    def read_as(self, channel: str, form: Format, language: Language) -> tuple[str, str]:
        """What it is about, and what it says."""
        if isinstance(self.of, Entry):
            return self.of.asked_in(language), self.of.answer.on(channel, form, language)
        return self.about, self.text

    def is_valid(self, on: date) -> bool:
        return self.of.is_valid(on)


@dataclass(frozen=True, slots=True)
class Found:
    passage: Passage
    covers: float  # how much of what is special about the question stands in it: 0 to 1


# The seam: anything that ranks passages can stand here, best first.
Retrieval = Callable[[str, int], Sequence[Found]]


def passages_of(knowledge: Knowledge) -> list[Passage]:
    return [*map(_of_entry, knowledge.entries), *(each for one in knowledge.articles for each in _of_article(one))]


def by_words(passages: Sequence[Passage]) -> Retrieval:
    return _Index(passages).nearest


def terms(text: str) -> list[str]:
    """Of Chinese each pair of characters, of anything else each word that means something, without its plural."""
    found: list[str] = []
    folded = ADDRESS.sub(" ", unicodedata.normalize("NFKC", text).casefold())
    for run in IN_CHINESE.findall(folded):
        if "\u3400" <= run[0] <= "\u9fff":
            found += [run[at : at + 2] for at in range(len(run) - 1)] or [run]
        elif run not in EMPTY and (len(run) > 1 or not run.isascii()):
            found.append(run[:-1] if len(run) > 3 and run.endswith("s") and not run.endswith("ss") else run)
    return found


class _Index:
    def __init__(self, passages: Sequence[Passage]):
        self._passages = passages
        self._places: dict[str, list[tuple[int, int]]] = defaultdict(list)
        lengths = []
        for number, passage in enumerate(passages):
            counted = Counter(terms(passage.searched))
            lengths.append(sum(counted.values()))
            for term, times in counted.items():
                self._places[term].append((number, times))
        usual = sum(lengths) / len(lengths) if lengths else 1.0
        self._damping = [SATURATION * (1 - LENGTH_COUNTS + LENGTH_COUNTS * each / usual) for each in lengths]

    def nearest(self, question: str, most: int) -> list[Found]:
        asked = set(terms(question))
        scores: dict[int, float] = defaultdict(float)
        shared: dict[int, float] = defaultdict(float)
        whole = 0.0
        for term in asked:
            places = self._places.get(term, [])
            weight = self._weight(len(places))
            whole += weight
            for number, times in places:
                scores[number] += weight * times / (times + self._damping[number])
                shared[number] += weight
        whole = min(whole, A_FULL_QUESTION * self._weight(0))
        best = sorted(scores, key=lambda number: (-scores[number], number))[:most]
        return [Found(self._passages[number], min(shared[number] / whole, 1.0)) for number in best]

    def _weight(self, places: int) -> float:
        """A word that stands nowhere is the most special of all."""
        return math.log1p((len(self._passages) - places + 0.5) / (places + 0.5))


def _of_entry(entry: Entry) -> Passage:
    texts = [*entry.questions, entry.answer.zh, entry.answer.en or ""]
    return Passage(entry.id, entry.questions[0], "", "\n".join(texts), entry)


def _of_article(article: Article) -> Iterator[Passage]:
    for heading, text in _pieces(article.body):
        about = f"{article.title} › {heading}" if heading else article.title
        searched = "\n".join((about, *article.questions, text))
        yield Passage(f"article:{article.id}", about, text, searched, article)


def _pieces(body: str) -> Iterator[tuple[str, str]]:
    """Paragraphs with the heading above them; short neighbours are one piece."""
    heading, piece = "", ""
    for block in re.split(r"\n\s*\n", body):
        for part in _parts(block.strip()):
            titled = HEADING.match(part)
            if titled or len(piece) + len(part) >= A_PASSAGE:
                if piece:
                    yield heading, piece
                piece = ""
            if titled:
                heading = titled[1]
            else:
                piece = f"{piece}\n{part}".strip()
    if piece:
        yield heading, piece


def _parts(block: str) -> Iterator[str]:
    """Headings apart from what follows them; what is too long is cut where a sentence ends."""
    first, _, rest = block.partition("\n")
    if HEADING.match(first):
        yield first
        block = rest.strip()
    part = ""
    for sentence in SENTENCE_ENDS.split(block):
        if part and len(part) + len(sentence) > A_PASSAGE:
            yield part.strip()
            part = ""
        part += sentence
        while len(part) > A_PASSAGE:
            yield part[:A_PASSAGE]
            part = part[A_PASSAGE:]
    if part.strip():
        yield part.strip()
