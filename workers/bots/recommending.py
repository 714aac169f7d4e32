"""What an agent may recommend, best reason first: the shop's own rule, what went together with it before, what the
question is like, and at last what agents use most."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from hub.knowledge import Item, Language, language_of, normalise
from workers.bots.manners import any_of

SHOWN = 3
ALIKE = 0.35  # cosine of the question and what customers say who may want it
NAMED = 0.5  # where the question has these very words
SHRINKAGE = 5  # conversations: as many speak for mere chance before any is counted
SEEN_TOGETHER = 2  # conversations, at least
WORTH_IT = 1.2  # times as often as elsewhere
By = Literal["rule", "together", "similar", "popular"]


def id_of(item: Item) -> str:
    """Entries may have the same name."""
    return f"item:{item.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The question that an agent is about to answer, and whose it is."""

    text: str
    at: datetime  # local time
    channel: str
    tags: Collection[str] = ()  # of the customer
    hints: Mapping[str, Any] = field(default_factory=dict)  # the page they came from …
    language: str = ""  # the customer's, where the channel tells
    used: Collection[str] = ()  # ids of what was said and recommended in this conversation
    means: Sequence[tuple[str, str]] = ()  # what it may mean, best first: ids, and the questions that stand for them


@dataclass(frozen=True, slots=True)
class Uses:
    """Of entries, articles and items, by their ids, in conversations that were resolved."""

    conversations: int = 0
    each: Mapping[str, int] = field(default_factory=dict)
    together: Mapping[tuple[str, str], int] = field(default_factory=dict)  # (anything, an item)

    @classmethod
    def count(cls, conversations: Iterable[Collection[str]]) -> Uses:
        """Of what was used in each."""
        number, each, together = 0, dict[str, int](), dict[tuple[str, str], int]()
        for used in conversations:
            number += 1
            for one in {*used}:
                each[one] = each.get(one, 0) + 1
                for other in {*used} - {one}:
                    if other.startswith("item:"):
                        together[one, other] = together.get((one, other), 0) + 1
        return cls(number, each, together)

    def likelier(self, item: str, beside: str) -> float:
        """By how much of a share the item is used more where the other thing is: less, the fewer tell of it."""
        both = self.together.get((beside, item), 0)
        if both < SEEN_TOGETHER:
            return 0.0
        usually = self.each[item] / self.conversations
        share = (both + SHRINKAGE * usually) / (self.each[beside] + SHRINKAGE)
        return share - usually if share >= WORTH_IT * usually else 0.0


class Recommender:
    """Of one catalogue."""

    def __init__(self, items: Sequence[Item], asked: Sequence[str] = (), synonyms: Iterable[Sequence[str]] = ()):
        """`asked`: what customers ask of the shop at all, which tells common words from those that say something."""
        self._items = tuple(items)
        said = [(place, each) for place, item in enumerate(items) for each in item.about]
        self._said = said
        from workers.bots.spaces import space_of  # and scipy with it, where there is anything to recommend

        self._space = space_of([*(each for _, each in said), *asked], synonyms)
        self._rows = self._space([each for _, each in said])
        self._names = [any_of([each]) for _, each in said]

    def recommended(self, asked: Asked, uses: Uses, tongue: Language) -> list[dict[str, Any]]:
        """Up to three: {id, kind, title, text, url, reason, by}. `tongue`: what the agent reads reasons in.

        `reason` is of a rule what the shop says, else the tag or page that it is for; of `together` the question or
        title beside which it was used; of `similar` the words that the question is like; of `popular` in how many
        conversations it was used.
        """
        alike = self._alike(asked.text)
        open_to = [
            (place, item)
            for place, item in enumerate(self._items)
            if id_of(item) not in asked.used and item.is_valid(asked.at.date()) and _is_meant_for(item, asked)
        ]
        chosen: dict[int, tuple[By, str]] = {}
        for ranked in (
            _by_rule(open_to, asked, tongue, alike),
            self._together(open_to, asked, uses, tongue),
            _similar(open_to, alike),
            _popular(open_to, uses),
        ):
            for place, by, reason in ranked:
                if len(chosen) < SHOWN:
                    chosen.setdefault(place, (by, reason))
        spoken = language_of(asked.text, asked.language)
        return [_shape(self._items[place], spoken, by, reason) for place, (by, reason) in chosen.items()]

    def _alike(self, text: str) -> dict[int, tuple[float, str]]:
        """By item, how much the question is like the nearest of what it is about."""
        said = normalise(text)
        if not (self._said and said):
            return {}
        found: dict[int, tuple[float, str]] = {}
        similar = (self._space([text]) @ self._rows.T).toarray()[0].tolist()
        for (place, words), score, name in zip(self._said, similar, self._names, strict=True):
            likeness = max(score, NAMED if name.search(said) else 0.0)
            if likeness > found.get(place, (0.0, ""))[0]:
                found[place] = (likeness, words)
        return found

    def _together(
        self, open_to: Sequence[tuple[int, Item]], asked: Asked, uses: Uses, tongue: Language
    ) -> Iterator[tuple[int, By, str]]:
        called = {id_of(item): item.title.in_(tongue) for item in self._items} | dict(asked.means)
        beside = list(dict.fromkeys([*(each for each, _ in asked.means[:1]), *asked.used]))
        found = []
        for place, item in open_to:
            best = max(((uses.likelier(id_of(item), each), each) for each in beside), default=(0.0, ""))
            if best[0] > 0:
                found.append((-best[0], place, called.get(best[1], best[1])))
        yield from ((place, "together", reason) for _, place, reason in sorted(found))


def _is_meant_for(item: Item, asked: Asked) -> bool:
    """`when` shuts out whom it does not fit; tags and pages only speak for some."""
    return item.when is None or item.when.holds(asked.at, asked.channel, asked.tags)


def _by_rule(
    open_to: Sequence[tuple[int, Item]], asked: Asked, tongue: Language, alike: Mapping[int, tuple[float, str]]
) -> Iterator[tuple[int, By, str]]:
    """All that is named must fit; those that name more come first, then those that the question is like."""
    page = "\n".join(str(each) for each in asked.hints.values())
    found = []
    for place, item in open_to:
        tag = next((each for each in item.tags if each in asked.tags), "")
        part = next((each for each in item.pages if each in page), "")
        named = [bool(fits) for words, fits in ((item.tags, tag), (item.pages, part), (item.when, True)) if words]
        if named and all(named):
            because = item.because.in_(tongue) if item.because else tag or part
            found.append((-len(named), -alike.get(place, (0.0, ""))[0], place, because))
    yield from ((place, "rule", because) for *_, place, because in sorted(found))


def _similar(
    open_to: Sequence[tuple[int, Item]], alike: Mapping[int, tuple[float, str]]
) -> Iterator[tuple[int, By, str]]:
    found = [(-alike[place][0], place) for place, _ in open_to if place in alike and alike[place][0] >= ALIKE]
    yield from ((place, "similar", alike[place][1]) for _, place in sorted(found))


def _popular(open_to: Sequence[tuple[int, Item]], uses: Uses) -> Iterator[tuple[int, By, str]]:
    """As long as nothing was used, nothing is popular."""
    found = [(-uses.each.get(id_of(item), 0), place) for place, item in open_to]
    yield from ((place, "popular", str(-number)) for number, place in sorted(found) if number)


def _shape(item: Item, spoken: Language, by: By, reason: str) -> dict[str, Any]:
    title, url = item.title.in_(spoken), item.url or ""
    text = item.text.in_(spoken) if item.text else "\n".join(filter(None, (title, url)))
    return {
        "id": id_of(item),
        "kind": item.kind,
        "title": title,
        "text": text,
        "url": url,
        "reason": reason,
        "by": by,
    }
