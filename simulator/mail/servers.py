"""IMAP and SMTP on loopback, in one thread of this process: they end with it."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

from simulator.faults import Faults, Log
from simulator.mail.imap import Imap
from simulator.mail.imap_words import LONGEST_LINE
from simulator.mail.post import Post
from simulator.mail.smtp import Clerk

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Ports:
    imap: int
    smtp: int


def start(post: Post, faults: Faults, log: Log, ports: Ports) -> None:
    """Returns when both take connections. OSError: a port is in use. To be called behind the fork: threads stay."""
    ready: Future[None] = Future()

    async def serve() -> None:
        loop, imap, clerk = asyncio.get_running_loop(), Imap(post, faults, log), Clerk(post, faults, log)
        try:
            by_imap = await asyncio.start_server(imap.serve, HOST, ports.imap, limit=LONGEST_LINE)
            by_smtp = await loop.create_server(clerk.door, HOST, ports.smtp)
        except OSError as error:
            ready.set_exception(error)
            return
        post.on_news = partial(loop.call_soon_threadsafe, imap.wake)
        ready.set_result(None)
        await asyncio.gather(by_imap.serve_forever(), by_smtp.serve_forever())

    threading.Thread(target=asyncio.run, args=(serve(),), name="mail", daemon=True).start()
    ready.result()
