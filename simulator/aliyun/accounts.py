"""What Aliyun remembers: accounts with their signatures and templates, and every message they sent."""

from __future__ import annotations

import itertools
import secrets
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

SHANGHAI = timezone(timedelta(hours=8))
WAITING, FAILED, RECEIVED = 1, 2, 3
sequence_ids = itertools.count(time.time_ns() // 1000)  # never one of an earlier run: the hub remembers


@dataclass(eq=False)
class Sent:
    """One message to one number."""

    number: str  # without +86
    sign: str
    template: str
    text: str
    out_id: str
    biz_id: str
    sent_at: float
    status: int = WAITING
    error: str = ""
    ended_at: float = 0.0


@dataclass(eq=False)
class Account:
    key_id: str
    secret: str = field(repr=False)
    push_url: str = field(repr=False)  # with the secret by which whoever is pushed to knows Aliyun
    signs: tuple[str, ...]
    templates: dict[str, str]  # code -> text with ${field}
    sender: str  # the number that people see, and answer to
    name: str = ""
    sent: list[Sent] = field(default_factory=list, repr=False)
    nonces: set[str] = field(default_factory=set, repr=False)


def new_biz_id() -> str:
    return f"{secrets.randbelow(9 * 10**17) + 10**17}^0"


def day_of(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, SHANGHAI):%Y%m%d}"


def time_of(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, SHANGHAI):%Y-%m-%d %H:%M:%S}"
