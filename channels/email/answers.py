"""What a mail server's refusals mean, as a table: who is at fault, and what happens next."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum

from channels.errors import Gone, Misconfigured, Refused, SendError, Throttled, Unreachable

ENHANCED = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
LATER = timedelta(minutes=5)
TOMORROW = timedelta(hours=6)  # daily quotas run over the last 24 hours, so some of it is free again by then
LONGEST_ANSWER = 200


class MailboxThrottled(Throttled):
    """Not this one mail: whatever the mailbox sends has to wait."""


class Phase(IntEnum):
    """How far a transaction came. From DATA on, a server that falls silent may have taken the mail."""

    CONNECT = 1
    LOGIN = 2
    SENDER = 3
    RECIPIENT = 4
    DATA = 5


@dataclass(frozen=True, slots=True)
class Rule:
    """The first that fits decides. `answer` is looked for in the code, a space, and the text."""

    phases: frozenset[Phase]
    answer: re.Pattern[str]
    error: type[SendError]
    reason: str
    after: timedelta | None = None


def _rule(phases: str, answer: str, error: type[SendError], reason: str, after: timedelta | None = None) -> Rule:
    named = frozenset(Phase[name] for name in phases.split()) if phases != "*" else frozenset(Phase)
    return Rule(named, re.compile(answer, re.IGNORECASE), error, reason, after)


NOBODY = (
    r"5\.1\.(?:1|2|3|6|10)\b|5\.4\.4\b|user (?:is )?unknown|unknown user|no such (?:user|recipient|mailbox)"
    r"|user not (?:exist|found)|mailbox (?:not found|does not exist)|does(?:n't| not) exist|recipient not found"
)
TOO_MANY_TODAY = r"^(?:45[0-2]|550).*(?:5\.4\.5|daily (?:user )?sending|exceed.{0,30}(?:quota|limit))"
TOO_LARGE = r"^(?:552|534)\b|5\.3\.4\b|(?:message|mail).{0,20}(?:too (?:big|large)|size)"

RULES = (
    # what the mailbox may do at all
    _rule("*", r"^421", MailboxThrottled, "the mail server asks us to slow down", LATER),
    _rule("*", r"^530|must (?:issue|authenticate)|authentication required", Misconfigured, "it wants a log-in first"),
    _rule(
        "CONNECT LOGIN SENDER DATA", r"^4.*\b4\.7\.\d", MailboxThrottled, "the mail server asks us to slow down", LATER
    ),
    _rule("SENDER RECIPIENT DATA", TOO_MANY_TODAY, MailboxThrottled, "the mailbox's quota is used up", TOMORROW),
    _rule("CONNECT", r"^4", Unreachable, "the mail server is not ready"),
    _rule("CONNECT", r"^5", Misconfigured, "the mail server turns us away"),
    _rule("LOGIN", r"^4", Unreachable, "the mail server cannot check the password now"),
    # the sender
    _rule("SENDER", r"^4", Unreachable, "the mail server does not take mail now"),
    _rule("SENDER DATA", TOO_LARGE, Refused, "the mail is too large for the mail server"),
    _rule("SENDER", r"^5", Misconfigured, "the mail server does not let this mailbox send under its address"),
    # the recipient
    _rule(
        "RECIPIENT", r"^4.*(?:4\.7\.\d|gr[ae]y)", Throttled, "the recipient's mail server wants us to come again", LATER
    ),
    _rule("RECIPIENT", r"^4", Unreachable, "the recipient's mailbox cannot be reached now"),
    _rule("RECIPIENT", r"5\.2\.2\b|mailbox (?:is )?full|over quota", Refused, "the recipient's mailbox is full"),
    _rule("RECIPIENT", rf"^5.*(?:{NOBODY})", Gone, "there is no such mailbox"),
    _rule("RECIPIENT", r"relay", Misconfigured, "the mail server does not carry mail to other domains for us"),
    _rule("RECIPIENT", r"^5", Refused, "the recipient's mail server does not take this mail"),
    # the mail
    _rule("DATA", r"^4", Unreachable, "the mail server did not take the mail"),
    _rule("DATA", r"spam|virus|5\.7\.\d|content|policy|block|DT:SPM", Refused, "the mail server takes it for spam"),
    _rule("DATA", r"^5", Refused, "the mail server does not take this mail"),
)
OTHERWISE = Rule(frozenset(Phase), re.compile(""), Unreachable, "the mail server gave an unexpected answer")


def failure(phase: Phase, code: int, text: str) -> SendError:
    answer = f"{code} {' '.join(text.split())}"
    rule = next((rule for rule in RULES if phase in rule.phases and rule.answer.search(answer)), OTHERWISE)
    status = ENHANCED.search(text)
    told = f"{rule.reason} ({answer[:LONGEST_ANSWER]})"
    return rule.error(told, code=status[1] if status else str(code), after=rule.after)
