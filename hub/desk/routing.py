"""config/routing.toml: whom conversations are given to, in which order, and what happens when nobody answers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from channels.contract import Duration
from hub.desk import calendars
from hub.knowledge.wording import PlainId, Strict, Words, normalise
from hub.reading import Email, Files, valid

NAME = "routing.toml"
PRIORITIES = ("low", "normal", "high", "urgent")

Strategy = Literal["least_busy", "round_robin", "last_agent_first"]
Level = Annotated[int, Field(ge=1, le=5)]
Several = Annotated[int, Field(ge=1)]


def _some_time(value: timedelta) -> timedelta:
    if value < timedelta(seconds=1):
        raise ValueError("must be at least 1s")
    return value


Time = Annotated[Duration, AfterValidator(_some_time)]


class Overflow(Strict):
    """Who helps when nobody of the team could for so long."""

    team: str
    after: Duration


class TeamRules(Strict):
    strategy: Strategy | None = None  # None: agents pick themselves
    hours: str | None = None  # None: always
    overflow: Annotated[list[Overflow], Field(max_length=2)] = []

    @model_validator(mode="after")
    def _one_after_the_other(self) -> Self:
        waits = [each.after for each in self.overflow]
        if waits != sorted(waits):
            raise ValueError("the second team of `overflow` helps later than the first")
        return self


class When(Strict):
    """All that is named must hold; of each list one is enough."""

    channels: list[str] = []
    tags: list[str] = []  # of the customer
    words: list[Words] = []  # of a message

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not (self.channels or self.tags or self.words):
            raise ValueError("name at least one of channels, tags, words")
        return self

    def holds(self, channel: str, tags: Collection[str], text: str) -> bool:
        """`text`: the message as `normalise` leaves it."""
        return (
            (not self.channels or channel in self.channels)
            and (not self.tags or not set(self.tags).isdisjoint(tags))
            and (not self.words or any(word in f" {text} " for word in self.folded))
        )

    @cached_property
    def folded(self) -> list[str]:
        """Chinese is written without spaces: there a word may stand anywhere."""
        return [f" {word} " if word.isascii() else word for word in map(normalise, self.words)]


class Need(When):
    """A conversation like this wants somebody who can do that."""

    skill: PlainId
    level: Level = 1


class Urgency(When):
    priority: Literal["low", "normal", "high", "urgent"]


class Limits(Strict):
    """How many conversations fill one agent, where nothing else is in hand."""

    chat: Several | None = None
    threaded: Several | None = None  # mail, and what else has a subject
    channels: dict[str, Several] = {}  # by their names, where they differ


class Capacity(Limits):
    chat: Several = 5
    threaded: Several = 20
    agents: dict[Email, Limits] = {}

    def share(self, email: str, channel: str, threaded: bool) -> Fraction:
        """How much of this agent one such conversation takes."""
        return Fraction(1, next(self._limits(email, channel, threaded)))

    def _limits(self, email: str, channel: str, threaded: bool) -> Iterator[int]:
        for limits in (self.agents.get(email, Limits()), self):
            for limit in (limits.channels.get(channel), limits.threaded if threaded else limits.chat):
                if limit:
                    yield limit


class Telling(Strict):
    """What those who wait are told, where the channel allows."""

    position: bool = False  # and how long it may take
    hours: bool = False  # when somebody will be there
    every: Time = timedelta(minutes=5)


class Silence(Strict):
    """An agent does not answer."""

    remind_after: Time | None = None
    return_after: Time | None = None  # after the reminder: to the queue

    @model_validator(mode="after")
    def _reminder_first(self) -> Self:
        if self.return_after and not self.remind_after:
            raise ValueError("nobody loses a conversation without a reminder: set remind_after too")
        return self


class Present(Strict):
    away_after: Time = timedelta(minutes=10)  # without a key or a click


class Routing(Strict):
    teams: dict[str, TeamRules] = {}
    skills: dict[Email, dict[PlainId, Level]] = {}
    needs: list[Need] = []
    priorities: list[Urgency] = []
    capacity: Capacity = Capacity()
    queue: Telling = Telling()
    silence: Silence = Silence()
    presence: Present = Present()

    @cached_property
    def assigning(self) -> frozenset[str]:
        """The teams whose conversations are given to somebody."""
        return frozenset(name for name, team in self.teams.items() if team.strategy)

    def of(self, team: str) -> TeamRules:
        return self.teams.get(team, TeamRules())

    def priority(self, channel: str, tags: Collection[str], text: str) -> int | None:
        """The highest that is asked for; None: none is."""
        asked = (PRIORITIES.index(rule.priority) for rule in self.priorities if rule.holds(channel, tags, text))
        return max(asked, default=None)

    def needed(self, channel: str, tags: Collection[str], text: str, known: Mapping[str, int]) -> dict[str, int]:
        """Of whom can take it; `known`: what earlier messages asked for. What no rule asks any more is forgotten."""
        asked = {rule.skill: known[rule.skill] for rule in self.needs if rule.skill in known}
        for rule in self.needs:
            if rule.holds(channel, tags, text):
                asked[rule.skill] = max(rule.level, asked.get(rule.skill, 0))
        return asked


def routing(folder: Path, files: Files, problems: list[str]) -> Routing | None:
    path = folder / NAME
    _check_names(path, folder, files, problems)
    rules = valid(Routing, files.get(path), path, problems)
    if rules:
        _check_skills(path, rules, problems)
    return rules


def _check_names(path: Path, folder: Path, files: Files, problems: list[str]) -> None:
    """What other files describe must be there, whether or not the rest is right."""
    data = files.get(path) or {}
    hub: Any = files.get(folder / "hub.toml") or {}
    teams, channels = {"everyone", *_table(hub, "teams")}, _channels(folder, files)
    for name, team in _table(data, "teams").items():
        _known(path, f"teams.{name}", name, teams, "team", problems)
        if not isinstance(team, dict):
            continue
        if isinstance(team.get("hours"), str):
            calendars.check_name(team["hours"], path, f"teams.{name}.hours", files, problems)
        for number, each in enumerate(_tables(team, "overflow")):
            key = f"teams.{name}.overflow.{number}.team"
            if each.get("team") == name:
                problems.append(f"{path}: {key}: is this team itself")
            else:
                _known(path, key, each.get("team"), teams, "team", problems)
    for kind in ("needs", "priorities"):
        for number, rule in enumerate(_tables(data, kind)):
            for place, channel in enumerate(_listed(rule, "channels")):
                _known(path, f"{kind}.{number}.channels.{place}", channel, channels, "channel", problems)
    capacity = _table(data, "capacity")
    limits = {"capacity": capacity} | {f"capacity.agents.{who}": its for who, its in _table(capacity, "agents").items()}
    for key, each in limits.items():
        for channel in _table(each, "channels"):
            _known(path, f"{key}.channels.{channel}", channel, channels, "channel", problems)


def _check_skills(path: Path, rules: Routing, problems: list[str]) -> None:
    """What nobody can do would wait for ever."""
    for number, need in enumerate(rules.needs):
        best = max((skills.get(need.skill, 0) for skills in rules.skills.values()), default=0)
        if best < need.level:
            key = f"{path}: needs.{number}.skill"
            problems.append(f"{key}: nobody in [skills] has {need.skill!r} at level {need.level}")


def _known(path: Path, key: str, name: Any, known: Collection[str], noun: str, problems: list[str]) -> None:
    if isinstance(name, str) and name not in known:
        problems.append(f"{path}: {key}: there is no {noun} {name!r}; known: {', '.join(sorted(known))}")


def _channels(folder: Path, files: Files) -> set[str]:
    return {path.stem for path in files if path.parent == folder / "channels"}


def _table(data: Any, name: str) -> dict[str, Any]:
    found = data.get(name) if isinstance(data, dict) else None
    return found if isinstance(found, dict) else {}


def _listed(data: Any, name: str) -> list[Any]:
    found = data.get(name) if isinstance(data, dict) else None
    return found if isinstance(found, list) else []


def _tables(data: Any, name: str) -> list[dict[str, Any]]:
    return [each for each in _listed(data, name) if isinstance(each, dict)]
