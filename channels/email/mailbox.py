"""A folder read from a cursor on, oldest first, and then watched for new mail."""

from __future__ import annotations

import imaplib
import logging
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep, time

from imap_tools.mailbox import BaseMailBox

from channels.contract import WebhookRequest
from channels.email import commands
from channels.email.commands import NUMBER, Entry
from channels.email.imap import TROUBLE, Imap, close, in_our_words, select
from channels.email.settings import MailSettings

log = logging.getLogger(__name__)

BATCH = 50
BATCH_BYTES = 8 * 1024 * 1024
LARGEST_MAIL = 25 * 1024 * 1024
READ_AGAIN = timedelta(days=14)  # when the server has renumbered a folder
OLD = 24 * 3600  # seconds: what had come longer before the first look is history, and nobody waits for an answer
LOOK_EVERY = 300.0  # seconds; some servers forget to push
ASK_EVERY = 20.0  # seconds, where a server cannot push
STUMBLES = 3  # a mail at which the connection breaks this often is not asked for in whole any more
WHOLE, HEADERS = "BODY.PEEK[]", "BODY.PEEK[HEADER]"  # PEEK leaves \Seen as it is


@dataclass(frozen=True, slots=True)
class Cursor:
    """Up to where a folder is read. What was there at first (`behind`, `until`] waits while new mail comes in.

    `began`: when this mailbox was read for the first time, in seconds since 1970.
    """

    validity: int
    newest: int
    behind: int = 0
    until: int = 0
    began: int = 0

    @classmethod
    def read(cls, text: str) -> Cursor | None:
        place, _, began = text.partition("@")
        try:
            return replace(cls(*map(int, place.split(":"))), began=int(began or 0)) if text else None
        except (TypeError, ValueError):
            raise ValueError(f"no cursor of a mailbox: {text[:40]!r}") from None

    @property
    def has_backlog(self) -> bool:
        return self.behind < self.until

    def past(self, uid: int) -> Cursor:
        if uid > self.until:
            return replace(self, newest=max(self.newest, uid))
        return replace(self, behind=max(self.behind, uid))

    def __str__(self) -> str:
        numbers = [self.validity, self.newest, *([self.behind, self.until] if self.has_backlog else [])]
        return ":".join(map(str, numbers)) + (f"@{self.began}" if self.began else "")


class Mailbox:
    """Of one account. Not to be shared by threads: `receive` keeps its connection from call to call."""

    def __init__(self, settings: MailSettings, imap: Imap):
        self._settings, self._imap = settings, imap
        self._box: BaseMailBox | None = None
        self._validity = self._renumbered = self._began = 0
        self._stumbled: Counter[int] = Counter()

    def receive(self, after: str, patience: timedelta) -> Generator[tuple[str, WebhookRequest], None, None]:
        """Each mail with the cursor that lies behind it; when there are no more, wait for some, and return."""
        deadline = monotonic() + patience.total_seconds()
        cursor = Cursor.read(after)
        try:
            with in_our_words(self._settings.imap):
                box = self._opened()
                placed = self._placed(box, cursor)
                self._began = placed.began
                yield from self._read(box, placed, deadline)
        except BaseException:  # also when the caller stops in between: an answer may be half read
            self.close()
            raise

    def close(self) -> None:
        box, self._box = self._box, None
        if box:
            close(box)

    def _read(self, box: BaseMailBox, cursor: Cursor, deadline: float) -> Iterator[tuple[str, WebhookRequest]]:
        backlog = self._backlog(box, cursor)
        cursor = replace(cursor, until=backlog[-1] if backlog else 0)
        while True:
            box.client.noop()  # servers show new mail to a search only after this
            # "n:*" names the last mail even when it is older than n
            new = [uid for uid in commands.uids(box, f"UID {cursor.newest + 1}:*") if uid > cursor.newest]
            batch, rest = (new[:BATCH], backlog) if new else (backlog[:BATCH], backlog[BATCH:])
            backlog = rest
            for uid, request in self._fetched(box, batch):
                cursor = cursor.past(uid)
                yield str(cursor), request
            if batch:
                cursor = cursor.past(batch[-1])
            elif not self._wait(box, deadline):
                return

    def _opened(self) -> BaseMailBox:
        """The connection of the last call, if it still lives."""
        if self._box:
            with suppress(*TROUBLE):
                if self._box.client.noop()[0] == "OK":
                    return self._box
            self.close()
        self._box = box = self._imap.open()
        self._validity = select(box, self._settings.folder)
        return box

    def _placed(self, box: BaseMailBox, cursor: Cursor | None) -> Cursor:
        if cursor and cursor.validity == self._validity:
            return cursor
        top = max(commands.uids(box, "ALL"), default=0)
        first = 1
        if cursor:
            if self._renumbered != self._validity:  # said once, though nothing may come for long
                log.warning(
                    "%s: the server renumbered %s, the last %d days are read again",
                    self._settings.address,
                    self._settings.folder,
                    READ_AGAIN.days,
                )
            self._renumbered = self._validity
            recent = commands.uids(box, commands.since((datetime.now(UTC) - READ_AGAIN).date()))
            first = min(recent, default=top + 1)
        return Cursor(self._validity, top, first - 1, top, cursor.began if cursor else int(time()))

    def _backlog(self, box: BaseMailBox, cursor: Cursor) -> list[int]:
        if not cursor.has_backlog:
            return []
        wanted = f"UID {cursor.behind + 1}:{cursor.until}"
        if self._settings.since:
            wanted += f" {commands.since(self._settings.since)}"
        return [uid for uid in commands.uids(box, wanted) if cursor.behind < uid <= cursor.until]

    # waiting

    def _wait(self, box: BaseMailBox, deadline: float) -> bool:
        """Whether there is reason to look again."""
        left = deadline - monotonic()
        if left <= 0:
            return False
        if "IDLE" in box.client.capabilities:
            commands.idle(box, min(left, LOOK_EVERY))
        else:
            sleep(min(left, ASK_EVERY))
        return True

    # fetching

    def _fetched(self, box: BaseMailBox, uids: Sequence[int]) -> Iterator[tuple[int, WebhookRequest]]:
        if not uids:
            return
        answers = commands.fetch(box, uids, "RFC822.SIZE INTERNALDATE")
        known = {found.uid: found for line, _ in answers if (found := commands.entry(line))}
        for group in _groups([known[uid] for uid in uids if uid in known], self._stumbled):
            for entry, raw, cut in self._raws(box, group):
                yield entry.uid, self._request(entry, raw, cut)

    def _raws(self, box: BaseMailBox, group: Sequence[Entry]) -> Iterator[tuple[Entry, bytes, str]]:
        together: dict[int, bytes] = {}
        if len(group) > 1:
            together = self._bodies(box, group, WHOLE)
        for entry in group:
            if raw := together.get(entry.uid):
                yield entry, raw, ""
            else:
                yield from self._alone(box, entry)

    def _alone(self, box: BaseMailBox, entry: Entry) -> Iterator[tuple[Entry, bytes, str]]:
        """A mail that is too large, or that the server cannot give, comes with what can be had of it."""
        cut = "too_large" if entry.size > LARGEST_MAIL else ""
        if not cut and self._stumbled[entry.uid] < STUMBLES:
            if raw := self._bodies(box, [entry], WHOLE).get(entry.uid):
                yield entry, raw, ""
                return
            if entry.uid not in commands.uids(box, f"UID {entry.uid}"):  # deleted meanwhile
                return
        headers = b""
        if self._stumbled[entry.uid] < 2 * STUMBLES:
            headers = self._bodies(box, [entry], HEADERS).get(entry.uid, b"")
        yield entry, headers, cut or "unfetchable"

    def _bodies(self, box: BaseMailBox, group: Sequence[Entry], what: str) -> dict[int, bytes]:
        uids = [entry.uid for entry in group]
        try:
            answers = commands.fetch(box, uids, what)
            found = {int(match[1]): raw for head, raw in answers if raw and (match := NUMBER.search(head))}
        except (imaplib.IMAP4.abort, OSError):
            self._stumbled.update(uids)
            raise
        for uid in found:
            self._stumbled.pop(uid, None)
        return found

    def _request(self, entry: Entry, raw: bytes, cut: str) -> WebhookRequest:
        said = {"uidvalidity": str(self._validity), "uid": str(entry.uid), "size": str(entry.size), "cut": cut}
        if entry.arrived:
            said["arrived"] = entry.arrived.isoformat()
            said["old"] = "1" if entry.arrived.timestamp() < self._began - OLD else ""
        return WebhookRequest(method="IMAP", query={name: value for name, value in said.items() if value}, body=raw)


def _groups(entries: Sequence[Entry], stumbled: Counter[int]) -> Iterator[list[Entry]]:
    """Asked for at once, as long as they are small and none of them ever broke the connection."""
    group: list[Entry] = []
    for entry in entries:
        alone = entry.size > BATCH_BYTES or stumbled[entry.uid]
        if group and (alone or sum(each.size for each in group) + entry.size > BATCH_BYTES):
            yield group
            group = []
        if alone:
            yield [entry]
        else:
            group.append(entry)
    if group:
        yield group
