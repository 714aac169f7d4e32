"""Dialogues (config/flows): what is asked for, looked up and said, step by step."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import chain
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from channels.settings import Duration, Secret
from hub.knowledge.conditions import When
from hub.knowledge.wording import PlainId, Strict, Texts, Words, normalise

SlotKind = Literal["text", "number", "date", "phone", "pattern", "choice"]
FORMATTER = string.Formatter()
REPEATED_REPETITION = re.compile(r"(?:(?<!\\)[+*]|\{\d*,\d*\})\)(?:[+*]|\{\d+,)")
HOST = re.compile(r"[\w.:\[\]-]+")
END = "end"


def _name(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", text):
        raise ValueError("use small letters, digits and _ only, like order_number")
    return text


def _pattern(text: str) -> str:
    try:
        pattern = re.compile(f"(?:{text})")  # as it is used: inside another
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from None
    if pattern.fullmatch(""):
        raise ValueError("must not fit where nothing is written")
    if REPEATED_REPETITION.search(text):
        raise ValueError("must not repeat what is itself repeated, as (a+)+ does: some texts would take it hours")
    return text


def gaps(text: str) -> list[str]:
    """The names in {braces}."""
    try:
        parts = list(FORMATTER.parse(text))
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}; a brace itself is written twice") from None
    if odd := [name for _, name, spec, conversion in parts if spec or conversion]:
        raise ValueError(f"{text!r}: write {{{odd[0]}}}, with nothing after the name; a brace itself is written twice")
    return [name for _, name, _, _ in parts if name is not None]


def _url(text: str) -> str:
    """Only path and query may have gaps: a customer's words never name the host."""
    try:
        parts = urlsplit(text)
        whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        whole = False
    if whole and "{" in parts.netloc:
        raise ValueError("slots may stand in the path and the query only, never in the host")
    if not whole or parts.fragment or not HOST.fullmatch(parts.netloc) or not text.isprintable() or " " in text:
        raise ValueError("write http://host/path or https://host/path, without user, password, spaces and #")
    return text


def _token(secret: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[!-~]+", secret.get_secret_value()):
        raise ValueError("a token has letters, digits and signs only, and no spaces")
    return secret


Name = Annotated[str, AfterValidator(_name)]
Pattern = Annotated[str, AfterValidator(_pattern)]
Url = Annotated[str, AfterValidator(_url)]
Token = Annotated[Secret, AfterValidator(_token)]


class Option(Strict):
    """One of what may be chosen."""

    value: Words  # what services get, and only_if compares; people read the label
    label: Texts
    words: list[Words] = []  # that choose it, beside its label and its number

    def names(self) -> Iterator[str]:
        yield from filter(None, (self.label.zh, self.label.en, *self.words))


class Collect(Strict):
    """Ask for something, until it is there."""

    slot: Name
    kind: SlotKind = "text"
    ask: Texts
    retry: Texts | None = None  # when the answer was none; else it asks once more as before
    pattern: Pattern | None = None  # what is found by it is the value, in capitals as written
    options: list[Option] = Field(default=[], max_length=10)
    toward: Literal["past", "future"] | None = None  # where a date without its year lies; else it is the nearest
    tries: int = Field(default=3, ge=1, le=10)  # it is asked so often, then a person helps
    label: Texts | None = None  # what agents read before the value

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if (self.kind == "pattern") != bool(self.pattern):
            raise ValueError('kind = "pattern" and pattern belong together')
        if (self.kind == "choice") != bool(self.options):
            raise ValueError('kind = "choice" and options belong together')
        if self.toward and self.kind != "date":
            raise ValueError('toward belongs to kind = "date"')
        if doubled := _doubled(option.value for option in self.options):
            raise ValueError(f"two options have the value {doubled}")
        names = [{normalise(each) for each in option.names()} for option in self.options]
        if doubled := _doubled(chain.from_iterable(names)):
            raise ValueError(f"two options are called {doubled}")
        return self


class Call(Strict):
    """Ask a service of ours. What it answers is JSON; parts of it become slots."""

    url: Url  # slots in {braces}, never in the host
    method: Literal["GET", "POST"] = "GET"
    send: dict[str, str] = {}  # the JSON of a POST; slots in {braces}
    secret: Token | None = None  # sent as a bearer token
    timeout: Annotated[Duration, Field(ge=timedelta(seconds=1), le=timedelta(seconds=10))] = timedelta(seconds=5)
    save: dict[Name, str] = {}  # slot -> where it stands in the answer, as order.status or items.0.name
    found: str = ""  # where something must stand; else the step of `missing` follows
    missing: PlainId | None = None  # the step that follows a 404, or an answer without `found`
    failed: PlainId | None = None  # the step that follows when it cannot be asked; else a person helps

    @model_validator(mode="after")
    def _sends_what_it_may(self) -> Self:
        if self.send and self.method != "POST":
            raise ValueError('send belongs to method = "POST"')
        return self


class Step(Strict):
    """One of collect, call, say and hand_over. Steps follow each other, unless one names the `next`."""

    id: PlainId | None = None
    when: When | None = None  # else it is skipped
    only_if: dict[Name, str] = {}  # slots with these values, else it is skipped
    collect: Collect | None = None
    call: Call | None = None
    say: Texts | None = None  # slots in {braces}
    hand_over: bool = False  # after what is said
    next: PlainId | None = None  # a step of this flow, or "end"

    @model_validator(mode="after")
    def _does_one_thing(self) -> Self:
        doing = [self.collect, self.call, self.say or (self.hand_over or None)]
        if sum(each is not None for each in doing) != 1:
            raise ValueError("a step is one of collect, call, say and hand_over; hand_over may come with say")
        return self

    def texts(self) -> Iterator[str]:
        for each in (self.say, self.collect and self.collect.ask, self.collect and self.collect.retry):
            if isinstance(each, Texts):
                yield from filter(None, (each.zh, each.en))
        if self.call:
            yield from (self.call.url, *self.call.send.values())


class Flow(Strict):
    id: PlainId
    title: Texts  # how it is put to a customer who may have meant it
    starts: list[Words] = Field(min_length=1)  # what customers say who want it
    step: list[Step] = Field(min_length=1)
    cancel: list[Words] = ["取消", "算了", "不用了", "退出", "cancel", "never mind", "stop"]
    cancelled: Texts = Texts(zh="好的，已取消。还有什么可以帮您？", en="All right, cancelled. Anything else?")
    expires: Duration = timedelta(minutes=30)  # of silence, then it is forgotten
    when: When | None = None  # else it is not known

    @model_validator(mode="after")
    def _names_what_exists(self) -> Self:
        ids = [step.id for step in self.step if step.id]
        if doubled := _doubled(ids):
            raise ValueError(f"two steps are called {doubled}")
        if END in ids:
            raise ValueError('"end" is the end of the dialogue, no step can be called so')
        for number, step in enumerate(self.step):
            named = [step.next, *((step.call.missing, step.call.failed) if step.call else ())]
            if unknown := [each for each in named if each and each != END and each not in ids]:
                raise ValueError(f"step.{number}: there is no step {', '.join(unknown)}")
            if step.hand_over and step.next:
                raise ValueError(f"step.{number}: nothing comes next where a person takes over")
        self._check_slots()
        return self

    def slots(self) -> set[str]:
        """All that it can learn."""
        collected = {step.collect.slot for step in self.step if step.collect}
        return collected | {name for step in self.step if step.call for name in step.call.save}

    def _check_slots(self) -> None:
        slots = self.slots()
        for number, step in enumerate(self.step):
            for name in chain(step.only_if, chain.from_iterable(map(gaps, step.texts()))):
                if name not in slots:
                    raise ValueError(f"step.{number}: nothing fills {{{name}}}")
            for name, value in step.only_if.items():
                known = self._values(name)
                if known and value not in known:
                    raise ValueError(f"step.{number}: {name} is one of {', '.join(sorted(known))}, never {value!r}")

    def _values(self, slot: str) -> set[str]:
        """All that it can be, if it is chosen; empty: it can be anything."""
        asked = [step.collect for step in self.step if step.collect and step.collect.slot == slot]
        saved = any(step.call and slot in step.call.save for step in self.step)
        if saved or not all(each.options for each in asked):
            return set()
        return {option.value for each in asked for option in each.options}

    def labels(self) -> dict[str, Texts]:
        """What agents read before each slot; its name, where none is given."""
        collected = [step.collect for step in self.step if step.collect]
        return {each.slot: each.label for each in collected if each.label}


def _doubled(names: Iterable[str]) -> str:
    return ", ".join(sorted(each for each, times in Counter(names).items() if times > 1))


class FlowFile(Strict):
    flow: list[Flow] = []
