"""What a bot engine is: one turn in, one decision out. Knows nothing of channels, Flask or the database."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from channels.contract import Kind
from hub.knowledge import Knowledge


@dataclass(frozen=True, slots=True)
class Line:
    """Something said earlier in the conversation."""

    author: Literal["contact", "bot", "agent"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What a customer just wrote, and what the bot may know about it."""

    text: str
    kind: Kind = "text"
    history: tuple[Line, ...] = ()  # oldest first, without `text`
    language: str = ""  # the customer's, like "zh-CN", where the channel tells; what they write in counts more
    channel: str = ""  # its name, so that one bot can serve several


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something the bot could have meant. Scores run from 0 to 1."""

    id: str
    question: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    text: str
    candidates: tuple[Candidate, ...] = ()  # best first
    choice: str = ""  # the candidate whose answer this is; "" when `text` asks which one was meant
    choices: tuple[str, ...] = ()  # what it may have been: to tap where the channel can, and to write elsewhere


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """A person should take it from here."""

    reason: str  # a word for agents' screens to translate, like "asked_for_person"
    text: str = ""  # what the customer reads meanwhile; "" leaves it to the hub
    candidates: tuple[Candidate, ...] = ()


Answer = Say | HandOver


class BotSettings(BaseModel):
    """The engine's own part of config/bots/<name>.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Bot(ABC):
    """Answers turns. A pure function of the turn: whatever it prepares, it prepares when it is made."""

    Settings: ClassVar[type[BotSettings]] = BotSettings
    # answers from the words alone, in a few milliseconds: asked while the message is taken in, without a history
    quick: ClassVar[bool] = True

    def __init__(self, settings: Any, knowledge: Knowledge):
        self.settings, self.knowledge = settings, knowledge

    @abstractmethod
    def answer(self, turn: Turn) -> Answer | None:
        """None means "I did not understand": the hub counts these and hands over."""
