"""What the shop knows: the questions and answers of config/faq, checked and put together."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Language = Literal["zh", "en"]

NOT_A_WORD = re.compile(r"[\W_]+")
# Chinese is written without spaces: one beside a Chinese character means nothing.
SPACE_IN_CHINESE = re.compile(r"(?<=[\u3400-\u9fff]) | (?=[\u3400-\u9fff])")
APOSTROPHE = re.compile("['’]")


def normalise(text: str) -> str:
    """Letters and digits only, in one width and case: what two writings of the same words have in common."""
    folded = APOSTROPHE.sub("", unicodedata.normalize("NFKC", text)).casefold()
    return SPACE_IN_CHINESE.sub("", NOT_A_WORD.sub(" ", folded).strip())


def _has_words(text: str) -> str:
    if not normalise(text):
        raise ValueError("needs at least one letter or digit")
    return text


def _plain_id(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", text):
        raise ValueError("use small letters, digits, - and _ only, like refund-time")
    return text


Words = Annotated[str, AfterValidator(_has_words)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Texts(_Strict):
    """What customers read, in the language they ask in."""

    zh: Words
    en: Words | None = None

    def in_(self, language: Language) -> str:
        return (self.en or self.zh) if language == "en" else self.zh


class Entry(_Strict):
    """One thing customers ask, in all the ways they ask it; the first question is the one people are shown."""

    id: Annotated[str, AfterValidator(_plain_id)]
    questions: list[Words] = Field(min_length=1)
    answer: Texts


class FaqFile(_Strict):
    entry: list[Entry] = []


@dataclass(frozen=True, slots=True)
class Knowledge:
    """All entries of all files. Ids and normalised questions are unique."""

    entries: tuple[Entry, ...] = ()
