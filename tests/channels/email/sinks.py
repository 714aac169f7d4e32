"""An SMTP server that answers as a test wants it to, and an IMAP server that misbehaves as some providers do."""

from __future__ import annotations

import asyncio
import socket
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.places import free_port


@dataclass
class Sink:
    """Keeps what it takes. `answers`: what it says instead, for MAIL, an address, or DATA."""

    answers: Mapping[str, str] = field(default_factory=dict)
    password: str = ""
    hangs_up_after_data: bool = False
    limit: int = 33_554_432
    port: int = 0
    taken: list[Envelope] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.password and not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := self.answers.get(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if answer := self.answers.get("DATA"):
            return answer
        self.taken.append(envelope)
        if self.hangs_up_after_data:
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        return "250 taken"

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:
        self.logins.append(b64decode(args[1]).decode())
        return AuthResult(success=self.password in self.logins[-1], handled=False)

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any
    ) -> AuthResult:
        assert isinstance(given, LoginPassword)
        self.logins.append(given.password.decode())
        return AuthResult(success=given.password.decode() == self.password, handled=False)


@contextmanager
def sink(**options: Any) -> Iterator[Sink]:
    kept = Sink(**options, port=free_port())
    auth: dict[str, Any] = {}
    if kept.password:
        auth = {"authenticator": kept.authenticate, "auth_require_tls": False}
    controller = Controller(kept, hostname="127.0.0.1", port=kept.port, data_size_limit=kept.limit, **auth)
    controller.start()
    try:
        yield kept
    finally:
        controller.stop()


Script = Callable[[str, str], list[bytes] | None]


@contextmanager
def scripted_imap(script: Script, capabilities: str = "IMAP4rev1") -> Iterator[int]:
    """`script` gets a command's name and the rest of it; for a line that is no command "" and the line. It returns
    what is said, or None to hang up. [] is answered as a patient server would."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(connection: socket.socket) -> None:
        with connection, connection.makefile("rwb") as stream, suppress(OSError, ValueError):
            stream.write(b"* OK ready\r\n")
            stream.flush()
            tag = ""
            for line in stream:
                first, _, command = line.decode().strip().partition(" ")
                tag = first if command else tag
                name, _, rest = command.partition(" ") if command else ("", "", first)
                if name.upper() == "UID":
                    name, _, rest = rest.partition(" ")
                answer = script(name.upper(), rest)
                if answer is None:
                    return
                for part in answer or usual(name.upper() or rest, capabilities):
                    stream.write(part.replace(b"TAG", tag.encode()) + b"\r\n")
                stream.flush()

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def usual(name: str, capabilities: str) -> list[bytes]:
    said = {
        "CAPABILITY": [b"* CAPABILITY " + capabilities.encode()],
        "SELECT": [b"* 0 EXISTS", b"* OK [UIDVALIDITY 7] valid", b"* OK [UIDNEXT 1] next"],
        "SEARCH": [b"* SEARCH"],
        "LOGOUT": [b"* BYE"],
    }
    return [*said.get(name, []), b"TAG OK " + name.encode() + b" done"]
