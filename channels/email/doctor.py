"""What can be wrong with a mailbox, tried out: log in, read, send to itself, and what DNS says of its domain."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep
from uuid import UUID, uuid4

from imap_tools.mailbox import BaseMailBox

from channels.contract import Address, Finding, Letter, OutboundMessage, Paste
from channels.email import domain, providers
from channels.email.commands import Entry, entry, fetch, uids
from channels.email.composing import Sender, compose
from channels.email.imap import Imap, select
from channels.email.settings import MailSettings
from channels.email.smtp import Envelope, Smtp
from channels.email.tokens import Tokens
from channels.errors import Refused, SendError

MOST_AHEAD = timedelta(seconds=90)
PATIENCE = 30.0  # seconds for a mail to come round
PATIENCE_FOR_PLUS = 10.0  # once the plain one is there
NO_PUSH = "new mail is asked for every 20 seconds, since the server cannot push it (no IDLE)"
PLUS_WORKS = "Write plus_address = true in [settings]: answers then find their conversation whatever clients leave out."
PLUS_FAILS = "Remove plus_address = true from [settings]: customers answer to such addresses, and it would be lost."
NOT_ROUND = "Look into the spam folder and the provider's rules; check settings.folder."
PIPE = "your mail server's pipe (only if it posts mail to us)"


def examine(
    settings: MailSettings, imap: Imap, smtp: Smtp, tokens: Tokens, lookup: domain.Lookup = domain.ask
) -> Iterator[Finding]:
    reads = yield from _reading(settings, imap)
    sends = yield from _sending(settings, smtp)
    if reads and sends:
        yield from _round_trip(settings, imap, smtp, tokens)
    if not settings.smtp.is_loopback and not providers.by_domain(settings.domain):
        yield from domain.examine(settings.domain, settings.provider, lookup)


def pastes(settings: MailSettings, hook: str) -> list[Paste]:
    if not settings.hook_secret.get_secret_value():
        return []
    return [
        Paste(PIPE, "URL", hook),
        Paste(PIPE, "X-Yizhan-Timestamp", "seconds since 1970"),
        Paste(PIPE, "X-Yizhan-Signature", 'hex(HMAC-SHA256(settings.hook_secret, timestamp + "." + mail))'),
    ]


def _reading(settings: MailSettings, imap: Imap) -> Generator[Finding, None, bool]:
    what = f"{settings.imap.host} lets us read the mail of {settings.address}"
    try:
        with imap.opened() as box:
            yield Finding(what, True)
            what = f"there is a folder {settings.folder}"
            select(box, settings.folder)
            yield Finding(what, True)
            yield Finding("new mail is pushed (IDLE)" if "IDLE" in box.client.capabilities else NO_PUSH, True)
    except SendError as error:
        yield Finding(f"{what}: {error}", False, _advice(settings, error))
        return False
    return True


def _sending(settings: MailSettings, smtp: Smtp) -> Generator[Finding, None, bool]:
    what = f"{settings.smtp.host} lets us send"
    try:
        smtp.greet()
    except SendError as error:
        yield Finding(f"{what}: {error}", False, _advice(settings, error))
        return False
    yield Finding(what, True)
    return True


def _round_trip(settings: MailSettings, imap: Imap, smtp: Smtp, tokens: Tokens) -> Iterator[Finding]:
    what = f"a mail from {settings.address} to itself comes round"
    try:
        probe = _probe(settings, smtp, tokens, settings.address)
        with imap.opened() as box:
            started = monotonic()
            found = _arrival(box, settings.folder, probe, PATIENCE)
            took = monotonic() - started
            if not found:
                yield Finding(what, False, NOT_ROUND)
                return
            yield Finding(f"{what}, in {took:.1f} s", True)
            if found.arrived:
                yield _clock(datetime.now(UTC) - found.arrived)
            yield _plus(settings, smtp, tokens, box)
    except SendError as error:
        yield Finding(f"{what}: {error}", False, _advice(settings, error))


def _plus(settings: MailSettings, smtp: Smtp, tokens: Tokens, box: BaseMailBox) -> Finding:
    marked = tokens.reply_address(uuid4().hex)
    try:
        works = bool(_arrival(box, settings.folder, _probe(settings, smtp, tokens, marked), PATIENCE_FOR_PLUS))
    except Refused:
        works = False
    if works:
        advice = "" if settings.has_plus_address else PLUS_WORKS
        return Finding("mail to name+something@ arrives", True, advice)
    needed = settings.has_plus_address
    return Finding("mail to name+something@ does not arrive", not needed, PLUS_FAILS if needed else "")


def _probe(settings: MailSettings, smtp: Smtp, tokens: Tokens, to: str) -> str:
    """Send it; returns its Message-ID. It carries our mark, so that it becomes nobody's conversation."""
    delivery: UUID = uuid4()
    message = OutboundMessage(
        id=delivery,
        to=Address("email", to),
        text="Sent by `yizhan doctor`, which deletes it again.",
        letter=Letter(subject="Yizhan: a test of this mailbox"),
        by_bot=True,
    )
    message_id = tokens.message_id(delivery, "", to)
    sender = Sender(
        address=settings.address,
        name=settings.name,
        reply_to=settings.address,
        message_id=message_id,
        loop_mark=tokens.loop_mark(),
    )
    smtp.deliver(Envelope(settings.address, to, (), compose(message, sender)))
    return message_id


def _arrival(box: BaseMailBox, folder: str, message_id: str, patience: float) -> Entry | None:
    deadline = monotonic() + patience
    while True:
        select(box, folder)
        for uid in uids(box, f'HEADER Message-ID "{message_id}"'):
            for line, raw in fetch(box, [uid], "RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"):
                if message_id.encode() in raw and (found := entry(line)):
                    _delete(box, uid)
                    return found
        if monotonic() > deadline:
            return None
        sleep(0.5)


def _delete(box: BaseMailBox, uid: int) -> None:
    """This one and no other that is marked for deletion."""
    if "UIDPLUS" in box.client.capabilities:
        box.client.uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Seen \Deleted)")
        box.client.uid("EXPUNGE", str(uid))
    else:
        box.client.uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Seen)")


def _clock(ahead: timedelta) -> Finding:
    seconds = round(ahead.total_seconds())
    if abs(ahead) <= MOST_AHEAD:
        return Finding("this server's clock is right", True)
    wrong = f"{abs(seconds)} s {'ahead of' if seconds > 0 else 'behind'} the mail server's"
    return Finding(f"this server's clock is {wrong}", False, "Let it follow a time server (NTP).")


def _advice(settings: MailSettings, error: SendError) -> str:
    if error.code in ("NO", "AUTHENTICATIONFAILED", "535", "534") or error.code.startswith("5.7."):
        return settings.provider.log_in if settings.provider else "Check settings.username and settings.password."
    return "Check host, port and security in [settings], and that this server's firewall lets it through."
