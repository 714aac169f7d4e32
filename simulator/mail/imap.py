"""The IMAP server of the mailbox: as much of RFC 3501 as a client needs that fetches whole mails by UID, with IDLE
(RFC 2177), UIDPLUS (4315), LITERAL+ (7888), ID (2971) and SPECIAL-USE (6154). Anything else is answered with BAD: it
knows no parts of a mail, and no search by sequence numbers.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from simulator.faults import Faults, Log
from simulator.mail.imap_commands import CAPABILITIES, IN_FOLDER, WITHOUT_FOLDER, WITHOUT_LOGIN
from simulator.mail.imap_session import Session
from simulator.mail.imap_words import Refused, Words, malformed, read_command, text_of, words_of
from simulator.mail.post import Post

COMMANDS = {**WITHOUT_LOGIN, **WITHOUT_FOLDER, **IN_FOLDER}


class Imap:
    """What all connections share."""

    def __init__(self, post: Post, faults: Faults, log: Log):
        self.post, self.faults, self.log = post, faults, log
        self._sessions: set[Session] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(self.post, self.faults, self.log, reader, writer)
        self._sessions.add(session)
        try:
            await converse(session)
        except (OSError, EOFError, asyncio.LimitOverrunError):
            writer.transport.abort()
        finally:
            self._sessions.discard(session)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    def wake(self) -> None:
        """There is news: mail, or a fault."""
        for session in self._sessions:
            session.news.set()


async def converse(session: Session) -> None:
    if session.faults.take("imap", "busy"):
        session.say("* BYE [UNAVAILABLE] Too many simultaneous connections")
        return await session.writer.drain()
    session.say(f"* OK [CAPABILITY {CAPABILITIES}] ready")
    while not session.leaving:
        await session.writer.drain()
        tag, pieces = await read_command(session.reader, lambda: session.ask("go ahead"))
        session.still_there()
        try:
            session.say(f"{tag} OK {await obey(session, words_of(pieces))}")
        except Refused as refused:
            session.say(f"{tag} {refused.kind} {refused}")
    return await session.writer.drain()


async def obey(session: Session, words: Words) -> str:
    name, given = text_of((words or [""])[0]).upper(), words[1:]
    if name == "UID" and given:
        name, given = f"UID {text_of(given[0]).upper()}", given[1:]
    command = COMMANDS.get(name)
    if not command:
        raise malformed(name[:40] or "an empty command")
    if name not in WITHOUT_LOGIN and not session.logged_in:
        raise Refused("log in first", "BAD")
    if name in IN_FOLDER and not session.folder:
        raise Refused("select a folder first", "BAD")
    try:
        answer = await command(session, given)
    except (IndexError, ValueError):
        raise malformed(f"what {name} is given") from None
    session.tell_news()
    return answer
