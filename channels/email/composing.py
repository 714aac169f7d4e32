"""An answer as a mail that every client reads and threads: text and HTML, the quoted original, files."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import encoders, policy
from email.charset import BASE64, QP, Charset
from email.generator import BytesGenerator
from email.header import Header
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime
from html import escape
from io import BytesIO

from channels.contract import File, Letter, Link, OutboundMessage, Quoted
from channels.email import markdown
from channels.email.settings import ADDRESS
from channels.errors import Refused

LARGEST = 20 * 1024 * 1024  # of all files; in transit they grow by a third, and many servers stop at 25 or 30 MB
LINE = 998  # the longest there may be
REFERENCES = 20  # beside the first
LONGEST_ID = 250
LOOP_HEADER = "X-Yizhan"
UNKNOWN = "application/octet-stream"
MACHINE = {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"}
ANSWER = re.compile(r"(?:re|aw|sv|antw|回复|答复|回覆)\s*(?:\[\d+\])?[:：]", re.IGNORECASE)
# we fold ourselves: the old policies put a long Message-ID on a line of its own, the new ones encode it; some mail
# programs understand neither, and do not thread
WIRE = policy.Compat32(linesep="\r\n", max_line_length=LINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What the mailbox puts into every mail."""

    address: str
    name: str
    reply_to: str
    message_id: str
    loop_mark: str
    signature: str = ""
    numbered: bool = False  # the subject names the conversation


def compose(message: OutboundMessage, sender: Sender) -> bytes:
    """Bcc stays out of it: that is for the envelope."""
    mail = _body(message, sender)
    for name, value in _headers(message, sender):
        mail[name] = value
    written = BytesIO()
    BytesGenerator(written, mangle_from_=False, policy=WIRE).flatten(mail)
    return written.getvalue()


def recipients(message: OutboundMessage) -> tuple[str, ...]:
    """The customer first, and everybody once."""
    everybody: dict[str, str] = {}
    for each in (message.to.value, *message.letter.cc, *message.letter.bcc):
        everybody.setdefault(each.lower(), address(each))
    return tuple(everybody.values())


def address(written: str) -> str:
    """As it goes over the wire, or Refused: the domain may be in any script, the name before it may not."""
    local, _, domain = written.strip().rpartition("@")
    try:
        ready = f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        ready = ""
    if not ADDRESS.fullmatch(ready) or not ready.isascii():
        raise Refused(f"{written!r} is no mail address that we can write to")
    return ready


# headers


def _headers(message: OutboundMessage, sender: Sender) -> Iterable[tuple[str, str]]:
    letter = message.letter
    yield "From", _mailbox(sender.name or message.author, sender.address)
    yield "To", address(message.to.value)
    if letter.cc:
        yield "Cc", ",\n ".join(address(each) for each in letter.cc)
    if sender.reply_to.lower() != sender.address.lower():
        yield "Reply-To", _mailbox(sender.name, sender.reply_to)
    yield "Subject", _encoded(_subject(letter, sender.numbered), "Subject")
    yield "Date", format_datetime(datetime.now(UTC))
    yield "Message-ID", sender.message_id
    if parent := _message_id(letter.in_reply_to):
        yield "In-Reply-To", parent
    if references := chain(letter.references, letter.in_reply_to):
        yield "References", "\n ".join(references)
    yield LOOP_HEADER, sender.loop_mark
    if message.by_bot or message.notice:
        yield from MACHINE.items()


def chain(references: Sequence[str], parent: str | None) -> list[str]:
    """The first, the latest, and the parent last: what RFC 5322 asks for, and short enough for every server."""
    known = dict.fromkeys(found for each in (*references, parent) if (found := _message_id(each)))
    last = _message_id(parent)
    ordered = [each for each in known if each != last] + ([last] if last else [])
    return ordered if len(ordered) <= REFERENCES + 1 else [ordered[0], *ordered[-REFERENCES:]]


def _subject(letter: Letter, numbered: bool) -> str:
    """`Re: ` once, and the number once."""
    plain = _one_line(letter.subject)
    if letter.in_reply_to and not ANSWER.match(plain):
        plain = f"Re: {plain}"
    mark = f"[#{letter.conversation}]"
    return f"{plain} {mark}".strip() if numbered and letter.conversation and mark not in plain else plain


def _message_id(written: str | None) -> str:
    """ "" for what is none, or would break the header."""
    plain = (written or "").strip()
    if not plain or not plain.isascii() or len(plain) > LONGEST_ID or any(letter <= " " for letter in plain):
        return ""
    return plain if plain.startswith("<") else f"<{plain}>"


def _mailbox(name: str, at: str) -> str:
    plain = _one_line(name)
    if not plain:
        return at
    if not plain.isascii():
        return f"{_encoded(plain, 'Reply-To')} <{at}>"
    quoted = plain.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{at}>'


def _encoded(text: str, header: str = "", length: int = 76) -> str:
    """Folded; what is no ASCII in encoded words."""
    kind = "us-ascii" if text.isascii() else "utf-8"
    return Header(text, kind, maxlinelen=length, header_name=header).encode()


def _one_line(text: str) -> str:
    return " ".join("".join(letter if letter >= " " else " " for letter in text).split())


# bodies


def _body(message: OutboundMessage, sender: Sender) -> Message:
    letter = message.letter
    files = tuple(file for file in (message.file, *letter.files) if file)
    if (size := sum(len(file.content) for file in files)) > LARGEST:
        raise Refused(f"the files have {size // 1024 // 1024} MB together, a mail carries {LARGEST // 1024 // 1024}")
    signature = sender.signature if letter.signature is None else letter.signature
    text = _written(message)
    alternative = MIMEMultipart("alternative", policy=WIRE)
    alternative.attach(_part(_plain(text, signature, letter.quoted, letter.language), "plain"))
    alternative.attach(_part(_html(text, signature, letter.quoted, letter.language), "html"))
    if not files:
        return alternative
    mixed = MIMEMultipart("mixed", policy=WIRE)
    for part in (alternative, *map(_attached, files)):
        mixed.attach(part)
    return mixed


def _written(message: OutboundMessage) -> str:
    return "\n\n".join(part for part in (message.text, _link(message.link)) if part)


def _link(link: Link | None) -> str:
    if not link:
        return ""
    return "\n".join(part for part in (link.title, link.description, f"<{link.url}>") if part)


def _plain(text: str, signature: str, quoted: Quoted | None, language: str) -> str:
    parts = [text.rstrip()]
    if signature:
        parts.append(f"-- \n{signature.strip()}")
    if quoted:
        lines = "\n".join(f"> {line}".rstrip() for line in quoted.text.rstrip().splitlines())
        parts.append(f"{_wrote(quoted, language)}\n{lines}")
    return "\n\n".join(part for part in parts if part) + "\n"


def _html(text: str, signature: str, quoted: Quoted | None, language: str) -> str:
    return markdown.page(
        markdown.html_of(text),
        f'<div class="signature" style="color:#777">-- <br>\n{markdown.lines(signature.strip())}</div>'
        if signature
        else "",
        # class and type by which mail programs know what to fold
        f'<div class="gmail_quote"><div class="gmail_attr">{escape(_wrote(quoted, language))}</div>\n'
        '<blockquote type="cite" class="gmail_quote" '
        'style="margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex">'
        f"{markdown.lines(quoted.text.rstrip())}</blockquote></div>"
        if quoted
        else "",
    )


def _wrote(quoted: Quoted, language: str) -> str:
    at, who = f"{quoted.sent_at:%Y-%m-%d %H:%M}", _one_line(quoted.author)
    return f"On {at}, {who} wrote:" if language == "en" else f"在 {at}，{who} 写道："


def _part(text: str, subtype: str) -> MIMEText:
    charset = Charset("utf-8")
    charset.body_encoding = QP if text.isascii() else BASE64
    return MIMEText(text.encode("utf-8", "replace").decode(), subtype, charset, policy=WIRE)  # type: ignore[arg-type]


def _attached(file: File) -> MIMEBase:
    # the hub names a type by the bytes, which say nothing of a text or a table
    vague = file.mime.count("/") != 1 or file.mime == "application/octet-stream"
    kind, _, subtype = ((mimetypes.guess_type(file.name)[0] if vague else file.mime) or UNKNOWN).partition("/")
    part = MIMEBase(kind, subtype, policy=WIRE)
    part.set_payload(file.content)
    encoders.encode_base64(part)
    name = _one_line(file.name).replace("/", "_").replace("\\", "_") or "file"
    if name.isascii():
        part.add_header("Content-Disposition", "attachment", filename=name)
    else:
        part.add_header("Content-Disposition", "attachment", filename=("utf-8", "", name))
    # older Foxmail and QQ read the name from here only, and in this form
    part.set_param("name", name if name.isascii() else _encoded(name, length=LINE))
    return part
