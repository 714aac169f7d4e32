"""The addresses at which Twilio calls us about a leg. What stands in their query is signed with them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from channels.errors import Unreadable

CALL_SID = re.compile(r"CA[0-9a-f]{32}")
FIRST_TURN = "0"
TURN = re.compile(r"[A-Za-z0-9_-]{1,32}")
RETRIES = "#rc=3&rp=5xx,ct,rt&rt=5000"  # how Twilio tries again to tell us; it does so once if not told
UID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class About:
    """What a query says."""

    on: str  # "": the leg asks; status, recording, room: something is told of it
    turn: str
    uid: UUID | None  # our own id of the leg, carried along since it was placed or moved
    call: str  # Twilio's, in what does not always name it itself

    @classmethod
    def read(cls, query: Mapping[str, str]) -> About:
        uid = _formed(query, "leg", UID, "")
        return cls(
            on=query.get("on", ""),
            turn=_formed(query, "turn", TURN, FIRST_TURN),
            uid=UUID(uid) if uid else None,
            call=_formed(query, "call", CALL_SID, ""),
        )


def asking(hook: str, turn: str, uid: UUID | None) -> str:
    """Where a leg gets its next script."""
    return _with(hook, turn=turn, leg=uid)


def telling(hook: str, on: str, uid: UUID | None, call: str = "") -> str:
    """Where Twilio tells what became of a leg, or of its recording."""
    return _with(hook, on=on, call=call, leg=uid) + RETRIES


def relative(url: str) -> str:
    """As a document of the same host may write it."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def _with(hook: str, **query: object) -> str:
    return f"{hook}?{urlencode({name: value for name, value in query.items() if value})}"


def _formed(query: Mapping[str, str], name: str, form: re.Pattern[str], default: str) -> str:
    written = query.get(name)
    if written is None:
        return default
    if not form.fullmatch(written):
        raise Unreadable(f"bad {name}")
    return written
