"""What all engines have in common that ask others: when they do, for how long, and what becomes of texts."""

from __future__ import annotations

import unicodedata
from abc import abstractmethod
from datetime import timedelta
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from channels.settings import ApiBase, Duration, Secret
from hub.knowledge import Knowledge
from workers.bots.contract import Answer, Engine, EngineSettings, Later, Turn
from workers.bots.outside.wire import Service

LONGEST_TEXT = 4_000  # characters, in either direction
MOST_CHOICES = 5
JOINERS = "\u200c\u200d"  # invisible, and part of Persian words and of families of emoji
INVISIBLE = {
    "Cc",
    "Cf",
    "Cs",
    "Co",
    "Cn",
}  # NUL breaks databases, overrides of direction make one text look like another


def readable(text: str) -> str:
    """Without what nobody sees."""
    told = text[: 2 * LONGEST_TEXT].replace("\r\n", "\n").replace("\r", "\n")
    shown = (each for each in told if each in "\n\t" or each in JOINERS or unicodedata.category(each) not in INVISIBLE)
    return "".join(shown).strip()[:LONGEST_TEXT].rstrip()


Readable = Annotated[str, AfterValidator(readable)]
Timeout = Annotated[Duration, Field(ge=timedelta(seconds=1), le=timedelta(seconds=15))]


class Told(BaseModel):
    """Part of what somebody else answered: of the right types or not at all; what we do not know is passed over."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class AskingSettings(EngineSettings):
    url: ApiBase
    secret: Secret | None = None
    timeout: Timeout = timedelta(seconds=5)  # for all of it, from the look-up of the name to the last byte


class AskingOthers(Engine):
    Settings: ClassVar[type[EngineSettings]] = AskingSettings
    settings: AskingSettings

    def __init__(self, settings: Any, knowledge: Knowledge):
        super().__init__(settings, knowledge)
        self._service = Service(settings.url, self.headers())
        self._within = settings.timeout.total_seconds()

    def headers(self) -> dict[str, str]:
        secret = self.settings.secret
        return {"Authorization": f"Bearer {secret.get_secret_value()}"} if secret else {}

    def answer(self, turn: Turn) -> Answer | None:
        if turn.at_once or turn.trial:
            raise Later
        return self.ask(turn)

    @abstractmethod
    def ask(self, turn: Turn) -> Answer | None:
        """May raise Failed, and nothing else whatever they do."""
