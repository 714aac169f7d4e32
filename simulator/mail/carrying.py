"""Where a mail goes by its recipient's address: into the mailbox, to a customer, back, or nowhere.

An address that begins with one of the words of `RULES` behaves as the word says, at any domain. Whatever is neither
such an address, nor the mailbox, nor a customer's is taken with 250 and told in the log alone: agents may write to
whom they like, and nothing leaves the process.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate

from simulator.mail.bounces import Failure, report
from simulator.mail.post import MAILBOX, Post, is_mailbox

HOST = f"mx.{MAILBOX.partition('@')[2]}"
RETURNED_AFTER = 1.0  # seconds
TAKEN = "250 2.1.5 Recipient OK"


@dataclass(frozen=True)
class Rule:
    """What an address answers, and what of the mail comes back though it was taken."""

    answer: str = TAKEN
    first_only: bool = False  # the next try is taken
    returns: Failure | None = None


NOBODY = Rule("550 5.1.1 User unknown: mailbox not found")
RULES: Mapping[str, Rule] = {
    "unknown": NOBODY,
    "nobody": NOBODY,
    "full": Rule("552 5.2.2 Mailbox full: over quota"),
    "later": Rule("450 4.2.0 Mailbox busy, greylisted: try again later", first_only=True),
    "bounces": Rule(returns=Failure("5.1.1", "550 5.1.1 User unknown: mailbox not found")),
}
OTHERWISE = Rule()


def rule_of(post: Post, address: str) -> Rule:
    if is_mailbox(address) or address.lower() in post.people:
        return OTHERWISE
    return next((rule for word, rule in RULES.items() if address.lower().startswith(word)), OTHERWISE)


def asked_for(post: Post, address: str) -> str:
    """The answer to RCPT. Nobody knows the mail yet: "the first time" is every second try of one address."""
    rule = rule_of(post, address)
    if not rule.first_only:
        return rule.answer
    with post.lock:
        if address.lower() in post.put_off:
            return TAKEN
        post.put_off.add(address.lower())
        return rule.answer


def carry(post: Post, sender: str, recipient: str, raw: bytes, protocol: str = "ESMTPA") -> Failure | None:
    """One mail to one address that has taken it. Returns why it will come back, if it will."""
    post.put_off.discard(recipient.lower())
    stamped = _stamp(sender, recipient, protocol) + raw
    if is_mailbox(recipient):
        post.file(post.folders["INBOX"], stamped)
    elif person := post.people.get(recipient.lower()):
        post.add_letter(person, stamped, own=False)
    return rule_of(post, recipient).returns


def bring_back(post: Post, boot: str, sender: str, recipient: str, raw: bytes, failure: Failure) -> None:
    """Tell the sender, unless the post has been cleared meanwhile or nobody wants to be told."""
    if boot == post.boot and sender:
        carry(post, "", sender, report(HOST, sender, recipient, raw, failure), "ESMTP")


def refusal(answer: str) -> Failure | None:
    """The answer of an address as the reason why a customer's mail comes back."""
    return None if answer.startswith("2") else Failure(answer.split()[1], answer)


def _stamp(sender: str, recipient: str, protocol: str) -> bytes:
    """What the mail servers on the way write above a mail."""
    queued = secrets.token_hex(6).upper()
    lines = (
        f"Return-Path: <{sender}>",
        f"Delivered-To: {recipient}",
        f"Received: from localhost (localhost [127.0.0.1])\r\n\tby {HOST} (Yizhan simulator) with {protocol}"
        f" id {queued}\r\n\tfor <{recipient}>; {formatdate(time.time(), localtime=True)}",
    )
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8", "replace")
