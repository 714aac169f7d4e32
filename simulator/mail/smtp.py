"""The SMTP server that the mailbox sends by: its own user only, and each address answers as `carrying` says."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from simulator.faults import Faults, Log
from simulator.mail.carrying import HOST, RETURNED_AFTER, asked_for, bring_back, carry
from simulator.mail.headers import headers_of, identifiers
from simulator.mail.post import MAILBOX, Post, is_mailbox

LARGEST_MAIL = 25 * 1024 * 1024

logging.getLogger("mail.log").setLevel(logging.ERROR)  # at each login aiosmtpd warns of what it does itself


class Door(SMTP):
    """One connection. A server that is busy says so before anything else, for which aiosmtpd has no hook."""

    refuses_login = False  # a fault: clients try one mechanism after the other

    async def _handle_client(self) -> None:
        if self.event_handler.faults.take("smtp", "busy"):
            await self.push("421 4.7.0 Too many connections, try again later")
            assert isinstance(self.transport, asyncio.WriteTransport)
            self.transport.close()
            return
        await super()._handle_client()


class Clerk:
    """aiosmtpd's handler: what is answered, and what happens to a mail."""

    def __init__(self, post: Post, faults: Faults, log: Log):
        self.post, self.faults, self.log = post, faults, log

    def door(self) -> Door:
        return Door(
            self,
            data_size_limit=LARGEST_MAIL,
            hostname=HOST,
            ident="ESMTP Yizhan simulator",
            authenticator=self.authenticate,
            auth_require_tls=False,
            loop=asyncio.get_running_loop(),
        )

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any
    ) -> AuthResult:
        assert isinstance(server, Door)
        server.refuses_login = told = server.refuses_login or bool(self.faults.take("smtp", "refuse_login"))
        right = isinstance(given, LoginPassword) and (
            (given.login.lower(), given.password) == (MAILBOX.encode(), self.post.password.encode())
        )
        self.log.add("smtp", did="login", ok=right and not told, **({"fault": "refuse_login"} if told else {}))
        if told or not right:
            return AuthResult(success=False, handled=False, message="535 5.7.8 Authentication failed")
        return AuthResult(success=True)

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if not session.authenticated:
            return "530 5.7.0 Authentication required"
        if not is_mailbox(address):
            return "553 5.7.1 Mail from must equal authorized user"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Sender OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = asked_for(self.post, address)
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        else:
            self.log.add("smtp", did="rcpt", to=address, status=int(answer[:3]))
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        raw, sender, boot = envelope.original_content or b"", envelope.mail_from or "", self.post.boot
        for recipient in envelope.rcpt_tos:
            if failure := carry(self.post, sender, recipient, raw):
                returning = (self.post, boot, sender, recipient, raw, failure)
                asyncio.get_running_loop().call_later(RETURNED_AFTER, bring_back, *returning)
        told = self.faults.take("smtp", "hang") or self.faults.take("smtp", "reset_after")
        self.log.add(
            "smtp",
            did="data",
            to=list(envelope.rcpt_tos),
            message_id=next(iter(identifiers(headers_of(raw), "message-id")), ""),
            bytes=len(raw),
            status=250,
            **({"fault": told.kind} if told else {}),
        )
        if told and told.kind == "reset_after":
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        elif told:
            await asyncio.sleep(told.seconds)
        return "250 2.0.0 OK: queued"
