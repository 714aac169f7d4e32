"""config/contacts.toml: what else agents note of customers, each in its own form."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, model_validator

from hub.knowledge.wording import PlainId, Strict, Words
from hub.reading import Files, valid

NAME = "contacts.toml"
LONGEST = 500  # characters
Form = Literal["text", "number", "date", "choice", "yes_no"]


class Attribute(Strict):
    id: PlainId
    zh: Words
    en: Words
    form: Form = "text"
    choices: list[Words] = []

    @model_validator(mode="after")
    def _choices_to_choose_from(self) -> Self:
        if (self.form == "choice") != bool(self.choices):
            raise ValueError('list `choices` where form = "choice", and only there')
        return self

    def checked(self, value: Any) -> Any:
        """As it is kept. Raises ValueError, which says what it must be."""
        if self.form == "choice":
            if value not in self.choices:
                raise ValueError(f"must be one of {', '.join(self.choices)}")
            return value
        return FORMS[self.form](value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST:
        raise ValueError(f"must be text of at most {LONGEST} characters")
    return value.strip()


def _number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("must be a number")
    return value


def _date(value: Any) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise ValueError("must be a day, like 2027-01-31") from None


def _yes_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


FORMS: Mapping[str, Callable[[Any], Any]] = {"text": _text, "number": _number, "date": _date, "yes_no": _yes_no}


def _told_apart(listed: list[Attribute]) -> list[Attribute]:
    ids = [each.id for each in listed]
    if twice := {each for each in ids if ids.count(each) > 1}:
        raise ValueError(f"these ids stand there twice: {', '.join(sorted(twice))}")
    return listed


class ContactsFile(Strict):
    attributes: Annotated[list[Attribute], AfterValidator(_told_apart)] = []


def attributes(folder: Path, files: Files, problems: list[str]) -> tuple[Attribute, ...]:
    file = valid(ContactsFile, files.get(folder / NAME), folder / NAME, problems)
    return tuple(file.attributes) if file else ()
