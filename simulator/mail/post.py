"""Everything the simulated mail provider remembers: the shop's mailbox, and each customer's own."""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from simulator.mail.headers import Headers, headers_of, identifiers

MAILBOX = "support@shop.example.com"
CUSTOMERS = "customer.example"  # the domain of whoever has no address of their own
FOLDERS = {"INBOX": (), "Sent": (r"\Sent",)}  # with the marks by which clients find them


class Stored:
    """One mail in a folder of the mailbox."""

    def __init__(self, uid: int, raw: bytes, flags: Iterable[str] = (), arrived: float = 0.0):
        self.uid, self.raw, self.flags = uid, raw, set(flags)
        self.arrived = arrived or time.time()

    @cached_property
    def headers(self) -> Headers:
        return headers_of(self.raw)


class Folder:
    def __init__(self, name: str, validity: int, marks: tuple[str, ...] = ()):
        self.name, self.validity, self.marks = name, validity, marks
        self.mails: dict[int, Stored] = {}  # by UID, oldest first
        self.next_uid = 1

    def add(self, raw: bytes, flags: Iterable[str] = (), arrived: float = 0.0) -> Stored:
        stored = self.mails[self.next_uid] = Stored(self.next_uid, raw, flags, arrived)
        self.next_uid += 1
        return stored


@dataclass
class Letter:
    """One mail as its customer's mail program keeps it. `thread` is the number of the first one in its thread."""

    n: int
    raw: bytes = field(repr=False)
    own: bool  # written by the customer
    at: float
    identifier: str
    thread: int
    rev: int = 0
    shown: dict[str, Any] | None = None  # kept by whoever reads it first


@dataclass
class Person:
    """A customer with a mail address."""

    address: str
    name: str
    unionid: str = ""
    language: str = "zh_CN"
    letters: list[Letter] = field(default_factory=list)
    revision: int = 0

    def letter_called(self, identifier: str) -> Letter | None:
        wanted = f"<{identifier.strip().strip('<>')}>"
        return next((letter for letter in reversed(self.letters) if letter.identifier == wanted), None)


class Post:
    """The mail of the process. Its lock is held for lookups and changes only; the IMAP server takes it too."""

    def __init__(self) -> None:
        self.password = os.environ.get("DEMO_MAIL_PASSWORD") or "demo-password-of-the-mailbox"
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.on_news: Callable[[], object] = lambda: None  # wakes the IMAP connections
        self._validity = int(time.time())
        self.clear()

    def clear(self) -> None:
        with self.lock:
            self._validity = max(self._validity + 1, int(time.time()))  # whoever kept numbers must not trust them
            self.boot = secrets.token_hex(8)  # pages start over when it changes
            self.folders = {name: Folder(name, self._validity, marks) for name, marks in FOLDERS.items()}
            self.people: dict[str, Person] = {}
            self.put_off: set[str] = set()  # addresses whose next mail is taken
            self.tell()

    def tell(self) -> None:
        with self.changed:
            self.changed.notify_all()
        self.on_news()

    def folder(self, name: str) -> Folder | None:
        """INBOX is the same in any case."""
        return self.folders.get("INBOX" if name.upper() == "INBOX" else name)

    def create(self, name: str) -> None:
        with self.lock:
            self.folders[name] = Folder(name, self._validity)

    def file(self, folder: Folder, raw: bytes, flags: Iterable[str] = (), arrived: float = 0.0) -> Stored:
        with self.lock:
            stored = folder.add(raw, flags, arrived)
        self.tell()
        return stored

    def add_person(self, name: str, address: str = "", unionid: str = "", language: str = "zh_CN") -> Person:
        """The one who has the address already, or a new one."""
        address = (address or f"guest-{secrets.token_hex(4)}@{CUSTOMERS}").lower()
        with self.lock:
            return self.people.setdefault(address, Person(address, name, unionid, language))

    def add_letter(self, person: Person, raw: bytes, *, own: bool) -> Letter:
        headers = headers_of(raw)
        identifier = next(iter(identifiers(headers, "message-id")), "")
        named = identifiers(headers, "references", "in-reply-to")
        with self.lock:
            parent = next((each for name in reversed(named) if (each := person.letter_called(name))), None)
            number = len(person.letters) + 1
            letter = Letter(number, raw, own, time.time(), identifier, parent.thread if parent else number)
            person.revision += 1
            letter.rev = person.revision
            person.letters.append(letter)
        self.tell()
        return letter


def is_mailbox(address: str) -> bool:
    """Also with anything behind a plus."""
    local, _, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}" == MAILBOX
