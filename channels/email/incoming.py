"""A raw mail as what happened: a message, or what became of one of ours."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from channels.contract import Address, Attachment, Event, InboundMessage, Medium, Presence, Receipt, WebhookRequest
from channels.email.composing import LOOP_HEADER
from channels.email.headers import Person
from channels.email.parsing import Mail, parse
from channels.email.settings import MailSettings
from channels.email.tokens import Tokens, thread_key
from channels.errors import Unreadable

SCHEME = "email"
LATE = timedelta(days=3)  # on its way: who wrote it has helped themselves, or waits for a person by now
AHEAD = timedelta(hours=1)  # a Date further ahead of its arrival is wrong
NOBODY = "unknown@invalid"
RETURNED = "the mail came back"
MEDIA: Mapping[str, Medium] = {"image": "image", "audio": "audio", "video": "video"}
# what a message shows at once; the raw mail has the rest
LONGEST_TEXT, LONGEST_WHOLE = 20_000, 200_000
LONGEST_NAME, LONGEST_SUBJECT, LONGEST_ADDRESS = 200, 500, 320
MOST_PEOPLE, MOST_REFERENCES = 100, 100
NUMBER = re.compile(r"\[(?:工单)?#(\d{1,18})\]")


def events(request: WebhookRequest, settings: MailSettings, tokens: Tokens) -> list[Event]:
    if not request.body.strip():
        raise Unreadable("the mail server gave nothing of this mail")
    mail = parse(request.body)
    if mail.header(LOOP_HEADER) == tokens.loop_mark() and not mail.bounce:
        return []  # our own, by Bcc, a list or a redirection: the hub has it already
    return _came_back(mail, request, settings, tokens) or [_message(mail, request, settings, tokens)]


# what came back


def _came_back(mail: Mail, request: WebhookRequest, settings: MailSettings, tokens: Tokens) -> list[Event]:
    """Nothing unless it is about a mail that we sent: anybody can write what looks like a bounce."""
    bounce = mail.bounce
    original = (bounce.original_message_id or "") if bounce else ""
    if not bounce or not tokens.origin(original):
        return []
    happened, key = _sent_at(mail, request), sha256(request.body).hexdigest()
    found: list[Event] = []
    for recipient in dict.fromkeys(each.lower() for each in bounce.recipients) or {"": None}:
        reason = f"{bounce.reason or RETURNED}: {recipient} {bounce.status}".strip(": ")
        found.append(
            Receipt(
                key=f"bounce:{key}:{recipient}",
                sent_at=happened,
                provider_id=original,
                status="delayed" if bounce.delayed else "failed",
                reason=reason,
                recipient=recipient,
            )
        )
        if bounce.permanent and not is_own(recipient, settings) and tokens.was_sent_to(original, recipient):
            sender, payload = Address(SCHEME, recipient), {"reason": reason}
            found.append(
                Presence(key=f"gone:{key}:{recipient}", sender=sender, sent_at=happened, state="left", payload=payload)
            )
    return found


# what was written


def _message(mail: Mail, request: WebhookRequest, settings: MailSettings, tokens: Tokens) -> InboundMessage:
    author = mail.reply_to[0] if mail.reply_to and mail.sender.address.lower() in settings.forms else mail.sender
    sender = author.address.lower()
    if "@" not in sender or len(sender) > LONGEST_ADDRESS:
        sender = NOBODY
    name = author.name[:LONGEST_NAME]
    kept = sha256(request.body).hexdigest()
    message_id = mail.message_id or f"{kept}@no-message-id.invalid"
    answered = list(dict.fromkeys([*([mail.in_reply_to] if mail.in_reply_to else []), *reversed(mail.references)]))
    text = mail.reply_text or mail.text
    return InboundMessage(
        sender=Address(SCHEME, sender),
        # some programs give the same identifier to mails that differ, and the same mail comes by several ways
        provider_id=f"{message_id}/{_digest(mail, sender)[:16]}",
        sent_at=_sent_at(mail, request),
        sequence=int(request.query.get("uid", 0)),
        text=_short(text if text.strip() or mail.attachments else mail.subject, LONGEST_TEXT),
        attachments=tuple(
            Attachment(MEDIA.get(each.mime.partition("/")[0], "file"), f"{kept}:{number}", each.name)
            for number, each in enumerate(mail.attachments)
        ),
        payload={
            "subject": _short(mail.subject, LONGEST_SUBJECT),
            "from": sender,
            "name": name,
            "to": _addresses(mail.to),
            "cc": _addresses(mail.cc),
            "reply_to": _addresses(mail.reply_to),
            "date": mail.date.isoformat() if mail.date else "",
            "references": list(reversed(answered[:MOST_REFERENCES])),
            "whole": _short(mail.text, LONGEST_WHOLE) if mail.text.strip() != text[:LONGEST_TEXT].strip() else "",
            "html": bool(mail.html),
            **_traits(mail, is_own(sender, settings)),
            **({"cut": cut, "size": int(request.query["size"])} if (cut := request.query.get("cut")) else {}),
        },
        name=name,
        thread=_thread(mail, answered, message_id, tokens),
        message_id=message_id,
        references=tuple(answered[:MOST_REFERENCES]),
        conversation=int(match[1]) if (match := NUMBER.search(mail.subject)) else None,
        no_answer=_no_answer(mail, request, sender, settings),
        kept=kept,
    )


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _addresses(people: Sequence[Person]) -> list[str]:
    return [each.address for each in people[:MOST_PEOPLE] if len(each.address) <= LONGEST_ADDRESS]


def _thread(mail: Mail, answered: Sequence[str], message_id: str, tokens: Tokens) -> str:
    """What we signed decides, then the first mail that is referred to; a mail that answers none begins a thread."""
    addressed = [*mail.delivered_to, *(each.address for each in (*mail.to, *mail.cc))]
    signed = [tokens.thread_of(address) for address in addressed]
    signed += [origin.thread for each in answered if (origin := tokens.origin(each))]
    root = next(iter((*mail.references, *answered)), message_id)
    return next((thread for thread in signed if thread), "") or thread_key(root)


def _is_surely_automatic(mail: Mail) -> bool:
    """The words alone are a guess: a machine does not answer them, but a person sees them."""
    return mail.is_auto_reply and mail.auto_reply_evidence != "text"


def _no_answer(mail: Mail, request: WebhookRequest, sender: str, settings: MailSettings) -> str:
    """The first reason that holds; what the hub makes of each is its own matter."""
    reasons = {
        "own": is_own(sender, settings),
        "loop": bool(mail.header(LOOP_HEADER)),
        "nobody": sender == NOBODY,
        "bounce": bool(mail.bounce),
        "auto_reply": _is_surely_automatic(mail),
        "spam": bool(mail.spam.spam),
        "old": bool(request.query.get("old")),
        "list": mail.is_list,
        "machine": not mail.may_be_answered_by_machine,
        "late": bool(mail.date and _arrived(request) - mail.date > LATE),
    }
    return next((name for name, holds in reasons.items() if holds), "")


def _traits(mail: Mail, own: bool) -> dict[str, Any]:
    bounce = {"recipients": list(mail.bounce.recipients), "status": mail.bounce.status} if mail.bounce else None
    return {
        "auto_reply": _is_surely_automatic(mail),
        "bulk": mail.is_bulk,
        "list": mail.is_list,
        "spam": bool(mail.spam.spam),
        "own": own,
        "forged": "dmarc=fail" in next(iter(mail.authentication_results), "").lower(),
        "encrypted": mail.encrypted,
        "bounce": bounce,
    }


def is_own(sender: str, settings: MailSettings) -> bool:
    local, _, domain = sender.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}" == settings.address.lower()


def _digest(mail: Mail, sender: str) -> str:
    """The same for the same mail that came by another way: of the words, not of the headers on the way."""
    said = "\0".join((sender, str(mail.date), mail.subject, mail.text, *(str(each.size) for each in mail.attachments)))
    return sha256(said.encode("utf-8", "replace")).hexdigest()


def _sent_at(mail: Mail, request: WebhookRequest) -> datetime:
    arrived = _arrived(request)
    written: datetime | None = mail.date
    return arrived if not written or written > arrived + AHEAD else written.astimezone(UTC)


def _arrived(request: WebhookRequest) -> datetime:
    if written := request.query.get("arrived"):
        return datetime.fromisoformat(written)
    posted = header(request, "X-Yizhan-Timestamp")
    return datetime.fromtimestamp(int(posted), UTC) if posted.isdecimal() else datetime.now(UTC)


def header(request: WebhookRequest, name: str) -> str:
    return next((value for key, value in request.headers.items() if key.lower() == name.lower()), "")
