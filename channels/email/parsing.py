"""A raw mail as the hub reads it: who, what about, what they wrote without the quotes, and which machine sent it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from channels.email import automatic, bodies, headers, mime, quotes
from channels.email.automatic import Verdict
from channels.email.bounces import Bounce, Complaint, Envelope, find_bounce, find_complaint
from channels.email.charsets import codec
from channels.email.enclosures import Enclosure
from channels.email.headers import Person
from channels.email.mime import Part
from channels.email.plaintext import has_marks, to_text

LARGEST = 50 * 1024 * 1024
START = 256 * 1024  # what is read of a larger one
ENVELOPE_RECIPIENTS = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-forwarded-to", "x-rcpt-to")
MOST_HEADERS = 300
# Charsets that tell in which language the bytes without a label are written
TELLING = {
    "gb18030",
    "big5hkscs",
    "cp932",
    "cp949",
    "cp1251",
    "koi8-r",
    "euc_jp",
    "koi8_r",
    "cp1253",
    "cp1254",
    "cp874",
    "iso8859-2",
    "cp1250",
}
LABELS = re.compile(rb"(?:charset\s*=\s*\"?|=\?)([A-Za-z0-9_.:-]{2,30})", re.IGNORECASE)

NOBODY = Person()
UNSAID = Verdict()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    subject: str = ""
    sender: Person = NOBODY
    to: tuple[Person, ...] = ()
    cc: tuple[Person, ...] = ()
    reply_to: tuple[Person, ...] = ()  # differs from the sender where a form or an attacker wrote
    delivered_to: tuple[str, ...] = ()  # the envelope's recipients, where a reply token survives
    return_path: str | None = None  # "" for the null sender of reports, None where the mail does not tell
    date: datetime | None = None
    message_id: str | None = None  # identifiers stand without their brackets
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()  # oldest first; further identifiers of In-Reply-To at the end
    text: str = ""  # all of it
    html: str = ""  # as it was written: only ever shown through sanitising.sanitise
    reply_text: str = ""  # without quotes, signatures and footers; never empty where there is a text
    attachments: tuple[Enclosure, ...] = ()
    is_auto_reply: bool = False
    auto_reply_evidence: str = ""  # header, subject or text; the last is a guess: do not answer, but do show
    bounce: Bounce | None = None
    complaint: Complaint | None = None
    is_list: bool = False
    is_bulk: bool = False
    is_robot: bool = False  # an address that nobody reads
    asks_for_no_answer: bool = False
    spam: Verdict = UNSAID
    signed: bool = False  # not verified
    encrypted: bool = False
    truncated: bool = False  # something was too large or too deep: the raw mail has the rest
    authentication_results: tuple[str, ...] = ()  # topmost first: only our own server's may be believed
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # names in lower case, as they came

    @property
    def may_be_answered_by_machine(self) -> bool:
        return not (
            self.is_auto_reply
            or self.bounce
            or self.complaint
            or self.is_list
            or self.is_bulk
            or self.is_robot
            or self.asks_for_no_answer
            or self.return_path == ""
            or self.spam.spam
        )

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name.lower()), "")

    @property
    def inline_images(self) -> dict[str, Enclosure]:
        """Pictures of this mail by what its HTML calls them: the Content-ID, or the Content-Location."""
        named = [(name, each) for each in self.attachments for name in (each.cid, each.location) if name]
        return {name: each for name, each in named if each.is_picture}


def parse(raw: bytes, charset: str = "") -> Mail:
    """Never raises. `charset`: what the mailbox's customers write where a mail does not say, such as "gb18030"."""
    whole = len(raw) <= LARGEST
    root = mime.read(raw if whole else raw[:START])
    hint = _hint(root, raw) or charset
    content = bodies.gather(root, hint)
    text = content.text()
    html = content.html()
    subject = headers.subject(root.header("subject"), hint)
    told = _told(root)
    known = dict(reversed(told))
    senders = headers.people(root.header("from"), hint)
    sender = senders[0] if senders else _instead_of_sender(root, hint)
    return_path = _return_path(root)
    reply_text = _reply_text(text, html, content, subject)
    evidence = automatic.auto_reply_evidence(known, subject, reply_text)
    envelope = Envelope(
        sender=f"{sender.name} <{sender.address}>",
        subject=subject,
        return_path=None if return_path is None else f"<{return_path}>".encode("utf-8", "replace"),
        is_note=bool(automatic.note_evidence(subject, reply_text)),
    )
    complaint = find_complaint(root)
    bounce = None if complaint else find_bounce(root, envelope, text, raw)
    answers = headers.identifiers(root.header("in-reply-to"))
    references = headers.identifiers(root.header("references"))
    return Mail(
        subject=subject,
        sender=sender,
        to=_everybody(root, "to", hint),
        cc=_everybody(root, "cc", hint),
        reply_to=_everybody(root, "reply-to", hint),
        delivered_to=_delivered_to(root),
        return_path=return_path,
        date=headers.date(root.header("date")),
        message_id=headers.identifier(root.header("message-id")),
        in_reply_to=answers[0] if answers else None,
        references=tuple(references + [each for each in answers[1:] if each not in set(references)]),
        text=text,
        html=html,
        reply_text=reply_text,
        attachments=tuple(content.files),
        is_auto_reply=bool(evidence) and bounce is None,
        auto_reply_evidence=evidence,
        bounce=bounce,
        complaint=complaint,
        is_list=automatic.is_list(known),
        is_bulk=automatic.is_bulk(known),
        is_robot=automatic.is_robot(sender.address),
        asks_for_no_answer=automatic.asks_for_no_answer(known),
        spam=automatic.verdict(known),
        signed=content.signed,
        encrypted=content.encrypted,
        truncated=content.truncated or not whole or any(part.defects & mime.LOSSES for part in root.walk()),
        authentication_results=tuple(value for name, value in told if name == "authentication-results"),
        headers=told,
    )


def _reply_text(text: str, html: str, content: bodies.Content, subject: str) -> str:
    """Marks in the page are surer than words; they decide where the page is all there is or the words tell nothing."""
    if not any(piece.plain_given for piece in content.pieces):
        marked = "\n\n".join(piece.marked or piece.plain for piece in content.pieces if piece.html)
        if any(piece.marked for piece in content.pieces):
            return _cut_by_marks(marked, subject) or text.strip()
        return quotes.cut(text, subject)
    reply = quotes.cut(text, subject)
    if html and reply == text.strip() and has_marks(html):
        shorter = _cut_by_marks(to_text(html)[1], subject)
        return shorter if shorter and len(shorter) < len(reply) else reply
    return reply


def _cut_by_marks(marked: str, subject: str) -> str:
    """ "" where all of it stays: then the page is better shown without marks."""
    reply = quotes.cut(marked, subject)
    return "" if reply == marked.strip() else reply


def _hint(root: Part, raw: bytes) -> str:
    """The first charset named in the mail that tells its language."""
    if raw.isascii():
        return ""
    named = [part.parameters.get("charset", b"") for part in root.walk()]
    named += [label for _, value in root.headers for label in LABELS.findall(value[:2_000])]
    known = (codec(label.decode("latin-1")) for label in named[:200])
    return next((each for each in known if each in TELLING), "")


def _told(root: Part) -> tuple[tuple[str, str], ...]:
    return tuple((name, headers.plain(value[:4_000])) for name, value in root.headers[:MOST_HEADERS])


def _everybody(root: Part, name: str, hint: str) -> tuple[Person, ...]:
    found = [person for value in root.all(name)[:20] for person in headers.people(value, hint)]
    return tuple(found[: headers.MOST_ADDRESSES])


def _instead_of_sender(root: Part, hint: str) -> Person:
    for name in ("sender", "reply-to", "return-path"):
        if found := headers.people(root.header(name), hint):
            return found[0]
    return Person(headers.text(root.header("from"), hint)[:200])


def _return_path(root: Part) -> str | None:
    given = [headers.plain(value[:1_000]) for value in root.all("return-path")]
    return given[0].strip("<> ") if given else None


def _delivered_to(root: Part) -> tuple[str, ...]:
    found = [headers.plain(value[:1_000]).strip("<> ") for value in root.all(*ENVELOPE_RECIPIENTS)[:50]]
    return tuple(dict.fromkeys(each for each in found if "@" in each))
