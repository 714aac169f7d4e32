"""Request bodies of the /_sim API of phones."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints

from simulator.asked import Asked, Word
from simulator.twilio.scripts import Outcome, Telling

Phone = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]
Address = Annotated[str, StringConstraints(pattern=r"^https?://[^\s#]+$")]
Party = Annotated[str, StringConstraints(pattern=r"^\+?[0-9]{3,16}$")]


class PersonAsked(Asked):
    name: Word
    number: Phone | Literal[""] = ""  # empty: one is made
    unionid: str | None = None  # none given: a new one
    language: Literal["zh_CN", "en"] = "zh_CN"


class TextAsked(Asked):
    to: Party
    text: Annotated[str, StringConstraints(max_length=2000)] = ""


class ScriptAsked(Asked):
    outcome: Outcome = "delivered"
    error: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_:]{0,40}$")] = ""
    callbacks: Telling = "in_order"


class ServiceAsked(Asked):
    sid: Annotated[str, StringConstraints(pattern=r"^MG[0-9a-f]{32}$")]
    numbers: list[Phone]
    inbound_url: Address | Literal[""] = ""
    status_callback: Address | Literal[""] = ""
    advanced_opt_out: bool = False


class SenderAsked(Asked):
    push_url: Address


class OptOutAsked(Asked):
    to: Word  # the number, or the SID of the messaging service
    out: bool = True
