"""How the simulator's tests read and send mail: with the standard library, and by the customers' API."""

from __future__ import annotations

import imaplib
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, NamedTuple
from uuid import uuid4

import requests

from tests.simulator.driving import Simulator, wait_until

SUPPORT, PASSWORD = "support@shop.example.com", "demo-password-of-the-mailbox"
MING, HONG, ALEX = (f"{name}@customer.example" for name in ("xiaoming", "xiaohong", "alex"))


class MailPorts(NamedTuple):
    imap: int
    smtp: int


@dataclass
class MailWorld:
    simulator: Simulator
    ports: MailPorts

    # the shop's side

    @contextmanager
    def imap(self, folder: str = "INBOX") -> Iterator[imaplib.IMAP4]:
        with self.visitor() as client:
            client.login(SUPPORT, PASSWORD)
            client.select(folder)
            yield client

    @contextmanager
    def visitor(self) -> Iterator[imaplib.IMAP4]:
        """Not logged in. Left without a word: the test may have cut the connection."""
        client = imaplib.IMAP4("127.0.0.1", self.ports.imap, timeout=10)
        try:
            yield client
        finally:
            client.shutdown()

    @contextmanager
    def smtp(self) -> Iterator[smtplib.SMTP]:
        with smtplib.SMTP("127.0.0.1", self.ports.smtp, timeout=10) as client:
            client.login(SUPPORT, PASSWORD)
            yield client

    def send(self, *to: str, subject: str = "您好", **headers: str) -> str:
        """Returns the Message-ID; raises what smtplib raises."""
        mail = EmailMessage(policy=policy.SMTP)
        message_id = f"<{uuid4().hex}@shop.example.com>"
        for name, value in {"From": SUPPORT, "To": ", ".join(to), "Subject": subject, "Message-ID": message_id}.items():
            mail[name] = value
        for name, value in headers.items():
            mail[name.replace("_", "-")] = value
        mail.set_content("有货，99 元。\n")
        with self.smtp() as client:
            client.send_message(mail, SUPPORT, to)
        return message_id

    def inbox(self, folder: str = "INBOX") -> list[bytes]:
        with self.imap(folder) as client:
            uids = client.uid("SEARCH", "ALL")[1][0].split()
            return [client.uid("FETCH", uid.decode(), "(BODY.PEEK[])")[1][0][1] for uid in uids]

    def newest(self, count: int = 1) -> EmailMessage:
        """In the mailbox, once there are so many."""
        wait_until(lambda: len(self.inbox()) >= count)
        return read(self.inbox()[-1])

    # the customers' side

    def writes(self, by: str = MING, **mail: Any) -> dict[str, Any]:
        return dict(self.simulator.post(f"/_sim/mail/people/{by}/mails", {"text": "在吗", **mail}))

    def letters(self, of: str = MING, **query: Any) -> list[dict[str, Any]]:
        return list(self.simulator.get(f"/_sim/mail/people/{of}/mails", **query)["items"])

    def raw(self, letter: dict[str, Any], of: str = MING) -> bytes:
        return requests.get(f"{self.simulator.url}/_sim/mail/people/{of}/mails/{letter['n']}/raw", timeout=10).content

    def inject(self, raw: bytes, **query: str) -> int:
        return int(self.simulator.raw("/_sim/mail/raw", raw, **query)["uid"])

    def fails(self, endpoint: str, kind: str, **more: Any) -> None:
        self.simulator.post("/_sim/faults", {"endpoint": endpoint, "kind": kind, **more})

    def log(self, endpoint: str) -> list[dict[str, Any]]:
        return list(self.simulator.get("/_sim/log", endpoint=endpoint)["items"])


def read(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=policy.default)


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    part = mail.get_body((kind,))
    return str(part.get_content()).replace("\r\n", "\n") if part else ""
