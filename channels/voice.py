"""The telephone: what is said in a call and done to it, in our own words. Each engine puts them into its own.

A call has legs: the customer's phone, the agents' phones and browsers. A leg does what its script says, then asks for
the next one, naming the turn of the one it had. Legs talk to each other by joining the same room.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, ConfigDict, Field

from channels.contract import Address, ChannelSettings, Duration, WebhookChannel, WebhookReply, WebhookRequest
from channels.settings import Hours, Zone

Language = Literal["zh-CN", "en"]
WITHHELD = "tel-withheld"  # the scheme of callers who do not say who they are: each call is from somebody else


@dataclass(frozen=True, slots=True)
class Say:
    text: str
    step: Literal["say"] = "say"


@dataclass(frozen=True, slots=True)
class Music:
    """Something to listen to while one waits."""

    seconds: int
    step: Literal["music"] = "music"


@dataclass(frozen=True, slots=True)
class Ask:
    """Listen, also while the prompts are played. Comes back with what was said or pressed, or with nothing."""

    prompts: tuple[Annotated[Say | Music, Field(discriminator="step")], ...] = ()
    speech: bool = True
    digits: int = 1  # as many keys end it; 0: keys mean nothing
    patience: int = 5  # seconds of silence after the prompts
    hints: tuple[str, ...] = ()  # words that are likely
    step: Literal["ask"] = "ask"

    def __post_init__(self) -> None:
        if not (self.speech or self.digits):
            raise ValueError("an Ask listens for speech, for keys, or for both")


@dataclass(frozen=True, slots=True)
class Pause:
    seconds: int
    step: Literal["pause"] = "pause"


@dataclass(frozen=True, slots=True)
class Record:
    """Beep, and record what is said until a key or silence ends it. Comes back with the recording, or without."""

    longest: int  # seconds
    step: Literal["record"] = "record"


@dataclass(frozen=True, slots=True)
class Join:
    """Talk to all who are in this room. Comes back when the leg leaves it."""

    room: str
    closes: bool = False  # when this leg leaves, nobody stays
    recorded: bool = False
    step: Literal["join"] = "join"


@dataclass(frozen=True, slots=True)
class HangUp:
    step: Literal["hang_up"] = "hang_up"


Step = Annotated[Say | Music | Ask | Pause | Record | Join | HangUp, Field(discriminator="step")]


@dataclass(frozen=True, slots=True)
class Script:
    """What a leg does next. When it is through it asks again as `turn`, unless it has hung up."""

    steps: tuple[Step, ...]
    turn: str
    language: Language = "zh-CN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """A phone to ring. When it is answered, the leg asks with turn "0"."""

    uid: UUID  # ours; comes back in each of its events
    to: str  # a number, or the name of an agent's browser: see VoiceChannel.browser
    rings_for: timedelta


@dataclass(frozen=True, slots=True)
class Softphone:
    """What a browser needs to be a phone."""

    driver: str  # which of the inbox's drivers speaks to this engine
    token: str = field(repr=False)
    expires_in: int = 0  # seconds
    address: str = ""  # where the driver connects to, where that is not fixed


def _digits(menu: dict[str, str]) -> dict[str, str]:
    if wrong := [key for key in menu if not re.fullmatch("[1-9]", key)]:
        raise ValueError(f"{', '.join(wrong)}: a key from 1 to 9; 0 always calls a person")
    return menu


def _number(number: str) -> str:
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", number):
        raise ValueError("write the number with + and its country, as +85251234567")
    return number


Number = Annotated[str, AfterValidator(_number)]


class VoiceSettings(ChannelSettings):
    """What ops write about a phone line, whatever engine carries it."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    language: Language = "zh-CN"
    greeting: str = ""
    menu: Annotated[dict[str, str], AfterValidator(_digits)] = {}  # a key, and what pressing it says to the bot
    hints: tuple[str, ...] = ()  # words that callers often say
    agents: dict[str, Number] = {}  # the phones of agents who have one, by their mail addresses
    hours: tuple[Hours, ...] = ()  # none: always
    timezone: Zone = "Asia/Shanghai"
    rings_for: Duration = timedelta(seconds=20)
    waits_for: Duration = timedelta(minutes=3)  # in the queue; then the caller may leave a message
    recorded: bool = False  # callers are told
    keeps_recordings: Duration = timedelta(days=90)
    max_message: Duration = timedelta(minutes=2)  # of a caller on our answering machine

    def is_open(self, at: datetime) -> bool:
        local = at.astimezone(ZoneInfo(self.timezone))
        return not self.hours or any(opening.covers(local) for opening in self.hours)


class VoiceChannel(WebhookChannel):
    """A phone line. Its pushes are parsed into CallEvents; `respond` answers those that ask. All raise SendError.

    A call of `place` of unknown outcome is Uncertain and never repeated: a phone that rings twice is worse.
    """

    settings: VoiceSettings
    music: str = ""  # the hub's: the address of a quarter of a minute of it, as WAV

    @abstractmethod
    def respond(self, request: WebhookRequest, script: Script) -> WebhookReply:
        """The script in the engine's own language. `request` is the one that asks."""

    @abstractmethod
    def place(self, placement: Placement) -> str:
        """Ring a phone; returns the provider's id of the leg."""

    @abstractmethod
    def move(self, leg: str, uid: UUID | None, turn: str) -> None:
        """Whatever the leg does at the moment, it asks now, with this turn. Refused where it has ended."""

    @abstractmethod
    def end(self, leg: str) -> None:
        """Hang up, or stop ringing. One that has ended already is no error."""

    @abstractmethod
    def hold(self, leg: str, room: str, *, on: bool) -> None:
        """In the room, the leg hears music and is not heard. Refused where it is not there."""

    @abstractmethod
    def forget(self, recording: str) -> None:
        """Have the provider delete a recording; one that is gone already is no error."""

    @abstractmethod
    def browser(self, agent_id: int) -> str:
        """What `Placement.to` says to ring the browser of this agent."""

    def softphone(self, agent_id: int) -> Softphone | None:
        """What lets this agent's browser be rung; None where the line has no such thing."""
        return None

    def browser_hosts(self) -> tuple[str, ...]:
        """Whom an agent's browser talks to while it is a phone, as a Content-Security-Policy names them."""
        return ()

    def caller(self, number: str, leg: str) -> Address:
        """Who calls. A number that says nothing is an address of this call alone."""
        return Address(self.scheme, number) if re.fullmatch(r"\+[1-9][0-9]{6,14}", number) else Address(WITHHELD, leg)
