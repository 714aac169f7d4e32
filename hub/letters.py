"""What a thread says about itself: who takes part, what an answer answers, and its subject and copies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from hub import current
from hub.db import db
from hub.models import Conversation, Message

KINDS = ("customer", "wrote", "copied")  # what says most of somebody, first
NOISE = ("own", "loop", "auto_reply", "spam", "bounce")  # nobody answers these
USUAL_SUBJECT = {"zh-CN": "客服回复", "en": "Your question"}


@dataclass(frozen=True, slots=True)
class Heading:
    """Subject and copies, each None where it should be that of an answer to all."""

    subject: str | None = None
    cc: tuple[str, ...] | None = None
    bcc: tuple[str, ...] = ()


USUAL = Heading()


def answered(conversation: Conversation) -> Message | None:
    """What an answer now answers: the newest message from outside that has a name, and is no machine's noise."""
    payload = Message.payload
    rows = (
        select(Message)
        .where(Message.conversation_id == conversation.id, Message.direction == "in")
        .where(payload["message_id"].as_string() != "")
        .where(func.coalesce(payload["no_answer"].as_string(), "").not_in(NOISE))
        .order_by(Message.position.desc())
        .limit(1)
    )
    return db.session.scalar(rows)


def filled(given: Heading, conversation: Conversation, to: str, answers: Message | None) -> dict[str, Any]:
    """As a message's payload has it: subject, cc, bcc. `to` is the customer's address."""
    usual = conversation.subject or USUAL_SUBJECT[current.settings().hub.language]
    return {
        "subject": usual if given.subject is None else given.subject,
        "cc": _everybody_else(to, answers) if given.cc is None else list(given.cc),
        "bcc": list(given.bcc),
    }


def _everybody_else(to: str, answers: Message | None) -> list[str]:
    if answers is None:
        return []
    payload = answers.payload
    named = (payload.get("from", ""), *payload.get("to", ()), *payload.get("cc", ()))
    return list({each.lower(): each for each in named if each and each.lower() != to and not is_own(each)}.values())


def is_own(address: str) -> bool:
    return any(channel.is_own(address) for channel in current.channels().values())


def participants(conversation: Conversation) -> list[dict[str, str]]:
    """Each with address, name ("" where unknown) and the first of KINDS that holds. Only of threads."""
    if not conversation.thread or conversation.thread.startswith("chat:"):
        return []
    found: dict[str, dict[str, str]] = {}
    for address, name, kind in _everybody(conversation):
        if address and not is_own(address):
            known = found.setdefault(address.lower(), {"address": address.lower(), "name": name, "kind": kind})
            known["name"] = known["name"] or name
            known["kind"] = min(known["kind"], kind, key=KINDS.index)
    return list(found.values())


def _everybody(conversation: Conversation) -> Iterator[tuple[str, str, str]]:
    yield conversation.reply_identity.value, conversation.contact.name, "customer"
    rows = (
        select(*(Message.payload[name] for name in ("from", "name", "to", "cc", "bcc")))
        .where(Message.conversation_id == conversation.id, Message.direction != "note")
        .where(Message.payload.has_key("subject"))
        .order_by(Message.position)
    )
    for sender, name, *groups in db.session.execute(rows):
        yield sender or "", name or "", "wrote"
        for group in groups:
            yield from ((address, "", "copied") for address in group or ())
