"""Request bodies of the mail's /_sim API."""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from simulator.asked import Asked, Word
from simulator.mail.clients import Name

Address = Annotated[
    str, StringConstraints(pattern=r"^[\x21-\x3b\x3d\x3f\x41-\x7e]{1,64}@[A-Za-z0-9.-]{1,250}$", to_lower=True)
]
Subject = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\r\n]*$")]


def _decoded(written: str) -> str:
    try:
        b64decode(written, validate=True)
    except binascii.Error:
        raise ValueError("no base64") from None
    return written


class PersonAsked(Asked):
    name: Word
    address: Address | Literal[""] = ""  # empty: one is made
    unionid: str | None = None  # none given: a new one
    language: Literal["zh_CN", "en"] = "zh_CN"


class FileAsked(Asked):
    name: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]*$")]
    data: Annotated[str, AfterValidator(_decoded)]  # base64


class MailAsked(Asked):
    to: Annotated[list[Address], Field(max_length=20)] = []  # empty: whom the answered mail asks, else the mailbox
    cc: Annotated[list[Address], Field(max_length=20)] = []
    subject: Subject = ""  # empty in a reply: the program's word and the subject that is answered
    text: str = ""
    html: str = ""
    attachments: Annotated[list[FileAsked], Field(max_length=20)] = []
    in_reply_to: str = ""  # Message-ID of a mail that the customer has
    quote: bool = True
    client: Name = "plain"
    auto_reply: bool = False
