"""What texts in the files of config/ are made of, and when two of them are the same."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict

Language = Literal["zh", "en"]

NOT_A_WORD = re.compile(r"[\W_]+")
# Chinese is written without spaces: one beside a Chinese character means nothing.
SPACE_IN_CHINESE = re.compile(r"(?<=[\u3400-\u9fff]) | (?=[\u3400-\u9fff])")
APOSTROPHE = re.compile("['’]")
CHINESE = re.compile(r"[\u3400-\u9fff]")
LATIN_WORD = re.compile(r"\b[a-z]{2,}\b", re.IGNORECASE)  # XC20260002 is none


def normalise(text: str) -> str:
    """Letters and digits only, in one width and case: what two writings of the same words have in common."""
    folded = APOSTROPHE.sub("", unicodedata.normalize("NFKC", text)).casefold()
    return SPACE_IN_CHINESE.sub("", NOT_A_WORD.sub(" ", folded).strip())


def language_of(text: str, hint: str = "") -> Language:
    """What the customer writes in; what the channel says about them where the text does not tell (a number)."""
    if CHINESE.search(text):
        return "zh"
    return "en" if LATIN_WORD.search(text) or hint.startswith("en") else "zh"


def _has_words(text: str) -> str:
    if not normalise(text):
        raise ValueError("needs at least one letter or digit")
    return text


def _plain_id(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", text):
        raise ValueError("use small letters, digits, - and _ only, like refund-time")
    return text


Words = Annotated[str, AfterValidator(_has_words)]
PlainId = Annotated[str, AfterValidator(_plain_id)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Texts(Strict):
    """What customers read, in the language they ask in."""

    zh: Words
    en: Words | None = None

    def in_(self, language: Language) -> str:
        return (self.en or self.zh) if language == "en" else self.zh
