"""Notifications outside of the window: which template, and what to write into its fields."""

from __future__ import annotations

import re
from datetime import datetime
from string import Formatter
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from channels.contract import OutboundMessage
from channels.wechat.errors import SHANGHAI
from channels.wechat.settings import APP_ID, Table

PLACEHOLDERS = {"text", "agent", "time"}
# WeChat refuses empty fields
NO_TEXT, NO_AGENT = "您有一条新回复", "客服"
# what a field may hold goes by its name without the number: thing1, thing2 …
LONGEST = {"thing": 20, "character_string": 32, "number": 32, "letter": 32, "name": 10, "phrase": 5}
LONGEST_OTHER = 200


def _is_pattern(text: str) -> str:
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        raise ValueError("has a brace without its counterpart; write {{ or }} for the sign itself") from None
    for _, name, spec, conversion in parts:
        if name is not None and (name not in PLACEHOLDERS or spec or conversion):
            known = ", ".join(f"{{{known}}}" for known in sorted(PLACEHOLDERS))
            raise ValueError(f"{{{name}}} is no placeholder; known: {known}")
    return text


Pattern = Annotated[str, Field(min_length=1), AfterValidator(_is_pattern)]


class SubscribeNotice(Table):
    """A subscription message of a mini program: the customer must have agreed to each."""

    template: str = Field(min_length=1)
    fields: dict[str, Pattern] = Field(min_length=1)
    page: str = ""  # of our mini program, to open on a tap


class TemplateNotice(SubscribeNotice):
    """A template message of a service account."""

    url: str = ""
    page_app_id: str = Field("", pattern=rf"{APP_ID}|^$")  # the mini program that `page` belongs to

    @model_validator(mode="after")
    def _page_has_its_app(self) -> TemplateNotice:
        if bool(self.page) != bool(self.page_app_id):
            raise ValueError("page and page_app_id belong together")
        return self


def filled(notice: SubscribeNotice, message: OutboundMessage) -> dict[str, dict[str, str]]:
    return {name: {"value": _value(name, pattern, message)} for name, pattern in notice.fields.items()}


def _value(name: str, pattern: str, message: OutboundMessage) -> str:
    longest = LONGEST.get(re.sub("[0-9]+$", "", name), LONGEST_OTHER)
    known = {"agent": message.author or NO_AGENT, "time": datetime.now(SHANGHAI).strftime("%Y-%m-%d %H:%M")}
    room = max(longest - len(pattern.format(text="", **known)), 1)
    return _shortened(pattern.format(text=_shortened(message.text or NO_TEXT, room), **known), longest)


def _shortened(text: str, longest: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
