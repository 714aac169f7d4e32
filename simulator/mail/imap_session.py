"""One connection to the mailbox by IMAP: what it knows of its folder, and how it speaks."""

from __future__ import annotations

import asyncio

from simulator.faults import Faults, Log
from simulator.mail.imap_words import Refused, members, text_of
from simulator.mail.post import Folder, Post, Stored


class Session:
    """`known` are the UIDs behind the sequence numbers that the client knows."""

    def __init__(
        self, post: Post, faults: Faults, log: Log, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ):
        self.post, self.faults, self.log, self.reader, self.writer = post, faults, log, reader, writer
        self.logged_in = self.read_only = self.leaving = False
        self.folder: Folder | None = None
        self.known: list[int] = []
        self.news = asyncio.Event()

    def say(self, line: str | bytes) -> None:
        self.writer.write((line if isinstance(line, bytes) else line.encode()) + b"\r\n")

    async def ask(self, words: str) -> None:
        self.say(f"+ {words}")
        await self.writer.drain()

    def still_there(self) -> None:
        """Cut where a fault wants it, or where the folder has been cleared away: its numbers mean nothing now."""
        if self.faults.take("imap", "drop"):
            self.log.add("imap", did="dropped")
            raise ConnectionResetError
        if self.folder and self.post.folder(self.folder.name) is not self.folder:
            raise ConnectionResetError

    def opened(self) -> Folder:
        assert self.folder is not None, "the commands that need a folder are not called without"
        return self.folder

    def writable(self) -> Folder:
        if self.read_only:
            raise Refused("[READ-ONLY] the folder was opened to be read only")
        return self.opened()

    def named(self, word: object) -> Folder:
        folder = self.post.folder(text_of(word))
        if not folder:
            raise Refused("[NONEXISTENT] there is no such folder")
        return folder

    def tell_news(self) -> None:
        if not self.folder:
            return
        with self.post.lock:
            present = list(self.folder.mails)
        for uid in sorted(set(self.known).difference(present), reverse=True):
            self.say(f"* {self.known.index(uid) + 1} EXPUNGE")
            self.known.remove(uid)
        if present != self.known:
            self.known = present
            self.say(f"* {len(present)} EXISTS")

    def chosen(self, written: object) -> list[tuple[int, Stored]]:
        """Mails of a set of UIDs, with their sequence numbers."""
        at, mails = {uid: number for number, uid in enumerate(self.known, 1)}, self.opened().mails
        return [(at[uid], mails[uid]) for uid in members(text_of(written), self.known) if uid in mails]
