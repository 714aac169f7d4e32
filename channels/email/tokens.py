"""What customers' mail programs carry back to us, signed: the thread of an answer, and which of our mails it is to."""

from __future__ import annotations

import re
from base64 import b32encode
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from hmac import new as hmac
from uuid import UUID

THREAD = re.compile(r"[a-z2-7]{16}")
TOKEN = re.compile(r"([a-z2-7]{16})([a-z2-7]{12})")
OURS = re.compile(r"<?([0-9a-f]{32})\.([a-z2-7]{16})\.([a-z2-7]{12})([a-z2-7]{8})@([^\s<>@]+)>?")
LONGEST_LOCAL_PART = 64


@dataclass(frozen=True, slots=True)
class Origin:
    """What one of our Message-IDs says."""

    delivery: UUID
    thread: str


class Tokens:
    """Of one mailbox. Everything is lower case on its way back: some servers make it so."""

    def __init__(self, address: str, key: bytes):
        self._address, self._key = address.lower(), key

    def message_id(self, delivery: UUID, thread: str, recipient: str) -> str:
        """The same for the same message, so that we can look for it."""
        known = thread_key(thread) if thread else thread_key(delivery.hex)
        seal = self._mac("message", delivery.hex, known)[:12] + self._mac("to", delivery.hex, recipient.lower())[:8]
        return f"<{delivery.hex}.{known}.{seal}@{self._address.rpartition('@')[2]}>"

    def origin(self, message_id: str) -> Origin | None:
        match = OURS.fullmatch(message_id.lower())
        if not match or not _same(match[3], self._mac("message", match[1], match[2])[:12]):
            return None
        return Origin(UUID(match[1]), match[2])

    def was_sent_to(self, message_id: str, recipient: str) -> bool:
        match = OURS.fullmatch(message_id.lower())
        return bool(match and _same(match[4], self._mac("to", match[1], recipient.lower())[:8]))

    def reply_address(self, thread: str) -> str:
        """`support+<token>@…`, or the plain address where that would be too long."""
        known = thread_key(thread)
        local, _, domain = self._address.rpartition("@")
        marked = f"{local}+{known}{self._mac('thread', known)[:12]}"
        return f"{marked if len(marked) <= LONGEST_LOCAL_PART else local}@{domain}"

    def thread_of(self, address: str) -> str:
        """The thread that an address of ours names, "" where it is not signed by us."""
        local, _, domain = address.lower().rpartition("@")
        ours, _, own_domain = self._address.rpartition("@")
        name, _, token = local.partition("+")
        match = TOKEN.fullmatch(token)
        if (name, domain) != (ours, own_domain) or not match:
            return ""
        return match[1] if _same(match[2], self._mac("thread", match[1])[:12]) else ""

    def loop_mark(self) -> str:
        """Says in a header that a mail came from this very mailbox."""
        return self._mac("loop")[:16]

    def _mac(self, *of: str) -> str:
        said = "\0".join((*of, self._address)).encode()
        return b32encode(hmac(self._key, said, sha256).digest()).decode().lower()


def thread_key(name: str) -> str:
    """Short enough for a local part; what is a key already stays one."""
    return name if THREAD.fullmatch(name) else b32encode(sha256(name.encode()).digest()).decode().lower()[:16]


def _same(given: str, expected: str) -> bool:
    return compare_digest(given.encode(), expected.encode())
