"""What the shop knows, put together from the files of config/: everything that is wrong in them is told at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import TypeVar

from hub.knowledge.catalogue import CatalogueFile, Item
from hub.knowledge.entries import Article, Entry, FaqFile
from hub.knowledge.flows import Flow, FlowFile
from hub.knowledge.suites import Suite
from hub.knowledge.synonyms import SynonymFile
from hub.knowledge.wording import normalise
from hub.reading import Files, paths, valid

FOLDERS = {"articles": "md", "catalogue": "toml", "faq": "toml", "flows": "toml", "tests": "toml"}
SYNONYMS = "synonyms.toml"
NOT_KNOWN = ("person", "none")  # what a question may mean that stands in no file
Each = TypeVar("Each", Entry, Flow, Item)


@dataclass(frozen=True)
class Knowledge:
    """All entries, flows, articles … of all files. Ids and normalised questions are unique."""

    entries: tuple[Entry, ...] = ()
    flows: tuple[Flow, ...] = ()
    articles: tuple[Article, ...] = ()
    items: tuple[Item, ...] = ()
    suites: Mapping[str, Suite] = field(default_factory=dict)  # by the names of their files
    synonyms: tuple[tuple[str, ...], ...] = ()  # each group means the same

    @cached_property
    def entry(self) -> Mapping[str, Entry]:
        return {each.id: each for each in self.entries}

    @cached_property
    def flow(self) -> Mapping[str, Flow]:
        return {each.id: each for each in self.flows}

    @cached_property
    def article(self) -> Mapping[str, Article]:
        return {each.id: each for each in self.articles}

    @cached_property
    def examples(self) -> tuple[tuple[str, str], ...]:
        """What customers say, and what they mean by it: the id of an entry, flow:<id> or article:<id>."""
        return tuple((said, meaning) for said, meaning, _ in _said(self.entries, self.flows, self.articles))


def fingerprint(texts: Mapping[str, str]) -> str:
    """Of what the files say. The same files have the same one, wherever they lie."""
    told = sha256()
    for name in sorted(texts):
        told.update(f"{name}\0{len(texts[name])}\0{texts[name]}".encode())
    return told.hexdigest()[:16]


def files_of(folder: Path) -> list[Path]:
    synonyms = folder / SYNONYMS
    found = chain.from_iterable(paths(folder, kind, ends) for kind, ends in FOLDERS.items())
    return [*found, *([synonyms] if synonyms.exists() else [])]


def put_together(folder: Path, files: Files, problems: list[str]) -> Knowledge:
    faq = [(path, valid(FaqFile, files[path], path, problems)) for path in _of(folder, "faq", files)]
    flows = [(path, valid(FlowFile, files[path], path, problems)) for path in _of(folder, "flows", files)]
    articles = [(path, valid(Article, files[path], path, problems)) for path in _of(folder, "articles", files)]
    items = [(path, valid(CatalogueFile, files[path], path, problems)) for path in _of(folder, "catalogue", files)]
    suites = [(path, valid(Suite, files[path], path, problems)) for path in _of(folder, "tests", files)]
    synonyms = valid(SynonymFile, files.get(folder / SYNONYMS), folder / SYNONYMS, problems)
    places: dict[str, str] = {}
    knowledge = Knowledge(
        entries=_unique(((path, file.entry) for path, file in faq if file), "entry", places, problems),
        flows=_unique(((path, file.flow) for path, file in flows if file), "flow", places, problems),
        articles=tuple(article for _, article in articles if article),
        items=_unique(((path, file.item) for path, file in items if file), "item", places, problems),
        suites={path.stem: suite for path, suite in suites if suite},
        synonyms=tuple(tuple(group) for group in (synonyms.groups if synonyms else ())),
    )
    places |= {f"article:{path.stem}": str(path) for path, article in articles if article}
    _check_questions(knowledge, places, problems)
    _check_names(knowledge, places, problems)
    for path, suite in suites:
        if suite:
            _check_suite(path, suite, knowledge, problems)
    return knowledge


def _of(folder: Path, kind: str, files: Files) -> list[Path]:
    return sorted(path for path in files if path.parent == folder / kind)


def _unique(
    files: Iterable[tuple[Path, Sequence[Each]]], key: str, places: dict[str, str], problems: list[str]
) -> tuple[Each, ...]:
    """Notes where each stands."""
    found: list[Each] = []
    for path, each_of in files:
        for number, each in enumerate(each_of):
            place = f"{path}: {key}.{number}"
            name = each.id if key == "entry" else f"{key}:{each.id}"
            if name in places:
                problems.append(f"{place}.id: {each.id!r} is already in {places[name].partition(': ')[0]}")
            places.setdefault(name, place)
            found.append(each)
    return tuple(found)


def _said(
    entries: tuple[Entry, ...], flows: tuple[Flow, ...], articles: tuple[Article, ...]
) -> Iterator[tuple[str, str, str]]:
    """What customers say, what they mean by it, and where in the file it stands."""
    for entry in entries:
        for number, question in enumerate(entry.questions):
            yield question, entry.id, f"questions.{number}"
    for flow in flows:
        for number, start in enumerate(flow.starts):
            yield start, f"flow:{flow.id}", f"starts.{number}"
    for article in articles:
        yield article.title, f"article:{article.id}", "title"
        for number, question in enumerate(article.questions):
            yield question, f"article:{article.id}", f"questions.{number}"


def _check_questions(knowledge: Knowledge, places: Mapping[str, str], problems: list[str]) -> None:
    first: dict[str, str] = {}
    for said, meaning, key in _said(knowledge.entries, knowledge.flows, knowledge.articles):
        at = places[meaning]
        place = f"{at}.{key}" if ": " in at else f"{at}: {key}"
        other = first.setdefault(normalise(said), place)
        if other != place:
            problems.append(f"{place}: the same question is already at {other}")


def _check_names(knowledge: Knowledge, places: Mapping[str, str], problems: list[str]) -> None:
    for entry in knowledge.entries:
        for number, name in enumerate(entry.follow_ups):
            if name not in knowledge.entry:
                problems.append(f"{places[entry.id]}.follow_ups.{number}: there is no entry {name!r}")
        if entry.article and entry.article not in knowledge.article:
            problems.append(f"{places[entry.id]}.article: there is no articles/{entry.article}.md")


def _check_suite(path: Path, suite: Suite, knowledge: Knowledge, problems: list[str]) -> None:
    known = {*NOT_KNOWN, *(meaning for _, meaning in knowledge.examples)}
    for number, case in enumerate(suite.case):
        if case.means not in known:
            problems.append(f"{path}: case.{number}.means: nothing is called {case.means!r}")
