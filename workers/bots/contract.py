"""What a bot engine is: one turn in, one decision out. Knows nothing of channels, Flask or the database."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from channels.contract import Kind
from hub.knowledge import Format, Knowledge

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


class Later(Exception):
    """Of an engine that is asked while a message is taken in, and has to ask somebody else: it is asked again."""


class Failed(Exception):
    """Of an engine that asks somebody else, who is away, too slow or makes no sense. The next engine is asked."""

    def __init__(self, why: str):
        super().__init__(why)
        self.why = why  # a word, like "timeout"


@dataclass(frozen=True, slots=True)
class Line:
    """Something said earlier in the conversation."""

    author: Literal["contact", "bot", "agent"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What a customer just wrote, and what the bot may know about it."""

    text: str  # of several messages in a row, where they were not answered one by one: a line each
    kind: Kind = "text"
    history: tuple[Line, ...] = ()  # oldest first, without `text`; empty when `at_once`
    language: str = ""  # the customer's, like "zh-CN", where the channel tells; what they write in counts more
    channel: str = ""  # its name, so that one bot can serve several
    form: Format = "rich"  # what an answer may look like
    name: str = ""  # of the customer, where they told
    tags: frozenset[str] = frozenset()  # of the customer
    hints: Mapping[str, Any] = field(default_factory=dict)  # from the customer's side: the page they came from …
    conversation: str = ""  # the same for all turns of one conversation, and for no other's
    id: str = ""  # the same when a turn is asked again
    at: datetime = LONG_AGO  # now, in the hub's time zone
    at_once: bool = False  # asked while the message is taken in: answer within milliseconds, or raise Later
    trial: bool = False  # nobody waits for it: whoever would have to tell, or order, anything raises Later
    notes: Mapping[str, Any] = field(default_factory=dict)  # what this engine noted with its last answer here


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something the customer may have meant. Scores run from 0 to 1, and say how likely that is."""

    id: str
    question: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    text: str
    candidates: tuple[Candidate, ...] = ()  # best first
    choice: str = ""  # the candidate whose answer this is; "" when `text` asks something
    choices: tuple[str, ...] = ()  # what may be said next: to tap where the channel can, and by its number
    notes: Mapping[str, Any] | None = None  # JSON: kept for this engine's next turn here; None: nothing
    slots: Mapping[str, str] = field(default_factory=dict)  # what was learned, for the agent who may take over
    sources: tuple[str, ...] = ()  # the articles and entries that it says this from


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """A person should take it from here."""

    reason: str  # a word for agents' screens to translate, like "asked_for_person"
    text: str = ""  # what the customer reads meanwhile; "" leaves it to the hub
    candidates: tuple[Candidate, ...] = ()
    slots: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """I do not know, but this is what it may have been. The next engine is asked."""

    candidates: tuple[Candidate, ...] = ()
    why: str = ""  # a word, like "out_of_scope", "timeout"


Answer = Say | HandOver | Pass


class EngineSettings(BaseModel):
    """The engine's own part of its table in config/bots/<name>.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Engine(ABC):
    """Answers turns. A pure function of the turn: whatever it prepares, it prepares when it is made.

    It may be asked the same turn again, and its answer may never be used. What it notes comes back only if its answer
    was used, to whatever process thinks next.
    """

    Settings: ClassVar[type[EngineSettings]] = EngineSettings

    def __init__(self, settings: Any, knowledge: Knowledge):
        self.settings, self.knowledge = settings, knowledge

    @abstractmethod
    def answer(self, turn: Turn) -> Answer | None:
        """None, like an empty Pass, means "I do not know"."""
