"""IMAP commands whose answers we want as they came over the wire: numbers, raw mails, and what is pushed."""

from __future__ import annotations

import imaplib
import re
import select
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import BufferedReader
from typing import cast

from imap_tools.mailbox import BaseMailBox

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NUMBER = re.compile(rb"\bUID (\d+)")
SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
ARRIVED = re.compile(rb'\bINTERNALDATE "([^"]+)"')


@dataclass(frozen=True, slots=True)
class Entry:
    """What the server says about a mail before it is fetched."""

    uid: int
    size: int
    arrived: datetime | None


def idle(box: BaseMailBox, seconds: float) -> None:
    """Until the server says something or hangs up, or the time is over.

    Not by the library's own poll, which takes half a line for the end of the connection.
    """
    box.idle.start()  # type: ignore[no-untyped-call]
    if not _is_buffered(box):
        poll = select.poll()
        poll.register(box.client.sock, select.POLLIN)
        poll.poll(seconds * 1000)
    box.idle.stop()  # type: ignore[no-untyped-call]


def _is_buffered(box: BaseMailBox) -> bool:
    """What came together with the answer to IDLE is in Python's buffer already, and no poll of the socket sees it."""
    sock = box.client.sock
    timeout = sock.gettimeout()
    sock.settimeout(0)
    try:
        return bool(cast(BufferedReader, box.client.file).peek(1))
    except OSError:  # nothing to read yet
        return False
    finally:
        sock.settimeout(timeout)


def uids(box: BaseMailBox, criteria: str) -> list[int]:
    kind, told = box.client.uid("SEARCH", criteria)
    if kind != "OK":
        raise imaplib.IMAP4.error(f"SEARCH {kind}")
    return sorted({int(uid) for line in told if line for uid in line.split()})


def fetch(box: BaseMailBox, uids: Sequence[int], what: str) -> list[tuple[bytes, bytes]]:
    """Each answer as its line and its literal; nothing where the server refuses."""
    try:
        _, told = box.client.uid("FETCH", ",".join(map(str, uids)), f"(UID {what})")
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error:  # BAD, as some servers say of a mail they cannot read
        return []
    answers: list[tuple[bytes, bytes]] = []
    for part in told:
        if isinstance(part, tuple):
            answers.append((part[0], part[1]))
        elif isinstance(part, bytes) and answers and answers[-1][1] and not NUMBER.search(answers[-1][0]):
            answers[-1] = (answers[-1][0] + part, answers[-1][1])  # the number may stand behind the literal
        elif isinstance(part, bytes):
            answers.append((part, b""))
    return answers


def entry(line: bytes) -> Entry | None:
    """None for what the server tells unasked, such as flags."""
    uid, size = NUMBER.search(line), SIZE.search(line)
    return Entry(int(uid[1]), int(size[1]), _arrived(line)) if uid and size else None


def _arrived(line: bytes) -> datetime | None:
    match = ARRIVED.search(line)
    try:
        written = match[1].decode().strip() if match else ""
        return datetime.strptime(written, "%d-%b-%Y %H:%M:%S %z").astimezone(UTC)
    except ValueError:
        return None


def since(day: date) -> str:
    return f"SINCE {day.day}-{MONTHS[day.month - 1]}-{day.year}"
