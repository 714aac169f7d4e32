"""The folder Sent: whether one of our mails is in it, and copies for providers that keep none."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from imap_tools.mailbox import BaseMailBox

from channels.email.imap import Imap, select

NAMES = ("sent", "sent messages", "sent items", "sent mail", "已发送", "已发送邮件", "寄件備份", "寄件备份")
LATEST = 50  # mails to look through where the server's search finds nothing
MESSAGE_ID = re.compile(rb"^message-id:\s*(<[^>]*>)", re.IGNORECASE | re.MULTILINE)


class Sent:
    def __init__(self, imap: Imap):
        self._imap = imap

    def has(self, message_id: str) -> bool:
        with self._imap.opened() as box:
            folder = name(box)
            return bool(folder) and is_in(box, folder, message_id)

    def keep(self, raw: bytes, message_id: str) -> None:
        """File a copy, unless the provider has done so itself."""
        with self._imap.opened() as box:
            folder = name(box)
            if not folder:
                folder = "Sent"
                box.folder.create(folder)
            elif is_in(box, folder, message_id):
                return
            box.append(raw, folder, dt=datetime.now(UTC), flag_set=["\\Seen"])


def name(box: BaseMailBox) -> str:
    """As the server marks it, else by its name."""
    folders = box.folder.list()
    marked = [each.name for each in folders if "\\sent" in (flag.lower() for flag in each.flags)]
    named = [each.name for each in folders if each.name.rpartition(each.delim or "/")[2].lower() in NAMES]
    return next(iter(marked + named), "")


def is_in(box: BaseMailBox, folder: str, message_id: str) -> bool:
    """What the server finds is looked at: some find everything, some nothing."""
    select(box, folder)
    kind, told = box.client.uid("SEARCH", f'HEADER Message-ID "{message_id}"')
    found = told[0].split()[-LATEST:] if kind == "OK" and told and told[0] else []
    if found and message_id in _message_ids(box, b",".join(found).decode()):
        return True
    every = box.client.uid("SEARCH", "ALL")[1]
    latest = every[0].split()[-LATEST:] if every and every[0] else []
    return bool(latest) and message_id in _message_ids(box, b",".join(latest).decode())


def _message_ids(box: BaseMailBox, uids: str) -> set[str]:
    _, told = box.client.uid("FETCH", uids, "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")
    headers = b"\n".join(part[1] for part in told if isinstance(part, tuple))
    return {match.decode("ascii", "replace") for match in MESSAGE_ID.findall(headers)}
