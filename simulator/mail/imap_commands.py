"""What IMAP clients may ask, as tables: without a login, without a folder, and in one."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping

from simulator.mail.imap_mails import fetched, marks_seen, moment_of, search_of
from simulator.mail.imap_session import Session
from simulator.mail.imap_words import Refused, Words, malformed, members, text_of
from simulator.mail.post import MAILBOX

CAPABILITIES = "IMAP4rev1 IDLE UIDPLUS LITERAL+ ID SPECIAL-USE"
PERMANENT = r"(\Answered \Flagged \Deleted \Seen \Draft \*)"

Command = Callable[[Session, Words], Awaitable[str]]  # returns what is said behind OK


# -- without a folder --------------------------------------------------------------------------------------------------


async def capability(session: Session, given: Words) -> str:
    session.say(f"* CAPABILITY {CAPABILITIES}")
    return "done"


async def nothing(session: Session, given: Words) -> str:
    return "done"


async def logout(session: Session, given: Words) -> str:
    session.say("* BYE until next time")
    session.leaving = True
    return "done"


async def identify(session: Session, given: Words) -> str:
    session.say('* ID ("name" "Yizhan simulator")')
    return "done"


async def login(session: Session, given: Words) -> str:
    told = session.faults.take("imap", "refuse_login")
    right = (text_of(given[0]).lower(), text_of(given[1])) == (MAILBOX, session.post.password)
    session.log.add("imap", did="login", ok=right and not told, **({"fault": "refuse_login"} if told else {}))
    if told or not right:
        raise Refused("[AUTHENTICATIONFAILED] user name or password is wrong")
    session.logged_in = True
    return f"[CAPABILITY {CAPABILITIES}] logged in"


async def list_folders(session: Session, given: Words) -> str:
    if isinstance(given[0], list):  # which folders to choose: all are shown, with their marks
        given = given[1:]
    wanted = text_of(given[0]) + text_of(given[1][0] if isinstance(given[1], list) else given[1])
    if not wanted:
        session.say(r'* LIST (\Noselect) "/" ""')
        return "done"
    pattern = re.compile(re.escape(wanted).replace(r"\*", ".*").replace("%", "[^/]*"), re.IGNORECASE)
    for folder in list(session.post.folders.values()):
        if pattern.fullmatch(folder.name):
            session.say(f'* LIST ({" ".join([chr(92) + "HasNoChildren", *folder.marks])}) "/" "{folder.name}"')
    return "done"


async def create(session: Session, given: Words) -> str:
    name = text_of(given[0]).rstrip("/")
    if session.post.folder(name) or not name or re.search(r'[\r\n"\\*%]', name):
        raise Refused("[ALREADYEXISTS] there is such a folder, or it cannot be called so")
    session.post.create(name)
    return "created"


async def append(session: Session, given: Words) -> str:
    folder = session.post.folder(text_of(given[0]))
    if not folder:
        raise Refused("[TRYCREATE] there is no such folder")
    raw = given[-1]
    if not isinstance(raw, bytes):
        raise malformed("a mail that is no literal")
    flags = next((word for word in given[1:-1] if isinstance(word, list)), [])
    dates = [text_of(word) for word in given[1:-1] if not isinstance(word, list)]
    stored = session.post.file(folder, raw, map(text_of, flags), moment_of(dates[0]) if dates else 0.0)
    session.log.add("imap", did="append", folder=folder.name, bytes=len(raw))
    return f"[APPENDUID {folder.validity} {stored.uid}] filed"


async def select(session: Session, given: Words) -> str:
    return _open(session, given, read_only=False)


async def examine(session: Session, given: Words) -> str:
    return _open(session, given, read_only=True)


def _open(session: Session, given: Words, *, read_only: bool) -> str:
    session.folder, session.known = None, []
    folder = session.named(given[0])
    with session.post.lock:
        session.folder, session.read_only, session.known = folder, read_only, list(folder.mails)
    session.say(r"* FLAGS (\Answered \Flagged \Deleted \Seen \Draft)")
    session.say(f"* OK [PERMANENTFLAGS {'()' if read_only else PERMANENT}] kept")
    session.say(f"* {len(session.known)} EXISTS")
    session.say("* 0 RECENT")
    session.say(f"* OK [UIDVALIDITY {folder.validity}] valid")
    session.say(f"* OK [UIDNEXT {folder.next_uid}] next")
    return f"[READ-{'ONLY' if read_only else 'WRITE'}] opened"


# -- in a folder -------------------------------------------------------------------------------------------------------


async def idle(session: Session, given: Words) -> str:
    await session.ask("idling")
    line = asyncio.ensure_future(session.reader.readuntil(b"\n"))
    try:
        while not line.done():
            session.news.clear()
            session.still_there()
            session.tell_news()
            await session.writer.drain()
            news = asyncio.ensure_future(session.news.wait())
            await asyncio.wait({line, news}, return_when=asyncio.FIRST_COMPLETED)
            news.cancel()
    finally:
        line.cancel()
    if line.result().strip().upper() != b"DONE":
        raise malformed("what ends IDLE")
    return "done"


def _expunge(session: Session, uids: list[int]) -> None:
    mails = session.writable().mails
    with session.post.lock:
        for uid in [uid for uid in uids if uid in mails and r"\Deleted" in mails[uid].flags]:
            del mails[uid]
    session.post.tell()


async def expunge(session: Session, given: Words) -> str:
    _expunge(session, session.known)
    return "done"


async def expunge_these(session: Session, given: Words) -> str:
    _expunge(session, members(text_of(given[0]), session.known))
    return "done"


async def search(session: Session, given: Words) -> str:
    test, mails = search_of(given, session.known), session.opened().mails
    session.say(" ".join(["* SEARCH", *(str(uid) for uid in session.known if uid in mails and test(mails[uid]))]))
    return "done"


async def fetch(session: Session, given: Words) -> str:
    asked = given[1] if isinstance(given[1], list) else given[1:]
    if not any(text_of(item).upper() == "UID" for item in asked):
        asked = ["UID", *asked]
    for at, mail in session.chosen(given[0]):
        if marks_seen(asked) and not session.read_only:
            mail.flags.add(r"\Seen")
        session.say(f"* {at} FETCH (".encode() + fetched(mail, asked) + b")")
        await session.writer.drain()
    return "done"


CHANGES: Mapping[str, Callable[[set[str], set[str]], set[str]]] = {
    "FLAGS": lambda before, given: given,
    "+FLAGS": lambda before, given: before | given,
    "-FLAGS": lambda before, given: before - given,
}


async def store(session: Session, given: Words) -> str:
    session.writable()
    name, _, silent = text_of(given[1]).upper().partition(".")
    if name not in CHANGES:
        raise malformed("STORE")
    flags = {text_of(flag) for flag in (given[2] if isinstance(given[2], list) else given[2:])}
    for at, mail in session.chosen(given[0]):
        mail.flags = CHANGES[name](mail.flags, flags)
        if not silent:
            session.say(f"* {at} FETCH (".encode() + fetched(mail, ["UID", "FLAGS"]) + b")")
    return "done"


WITHOUT_LOGIN: Mapping[str, Command] = {
    "CAPABILITY": capability,
    "NOOP": nothing,
    "LOGOUT": logout,
    "ID": identify,
    "LOGIN": login,
}
WITHOUT_FOLDER: Mapping[str, Command] = {
    "LIST": list_folders,
    "CREATE": create,
    "APPEND": append,
    "SELECT": select,
    "EXAMINE": examine,
    "IDLE": idle,
}
IN_FOLDER: Mapping[str, Command] = {
    "EXPUNGE": expunge,
    "UID EXPUNGE": expunge_these,
    "UID SEARCH": search,
    "UID FETCH": fetch,
    "UID STORE": store,
}
