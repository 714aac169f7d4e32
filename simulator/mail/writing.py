"""A customer's mail as bytes, as their mail program writes it."""

from __future__ import annotations

import mimetypes
import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import encoders, policy
from email.charset import BASE64, Charset
from email.generator import BytesGenerator
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import formatdate
from io import BytesIO

from simulator.mail import reading
from simulator.mail.clients import CLIENTS, Client, Name, Original, lines_of
from simulator.mail.headers import headers_of, identifiers
from simulator.mail.post import Letter, Person

WIRE = policy.Compat32(linesep="\r\n", max_line_length=998)
ANSWERED = re.compile(r"(?:re|aw|sv|antw|回复|答复|回覆)\s*(?:\[\d+\])?[:：]\s*", re.IGNORECASE)
PLACE = re.compile(r"\{(words|signature|quote)\}")
BODY = re.compile(r"<body\b[^>]*>(.*?)(?:</body|\Z)", re.IGNORECASE | re.DOTALL)
ENCODED_AT_ONCE = 39  # bytes that leave an encoded word below its 75 letters


@dataclass(frozen=True)
class Draft:
    """What the customer wants to send. `html` replaces what the program would make of the text."""

    to: Sequence[str]
    cc: Sequence[str]
    subject: str
    text: str
    html: str = ""
    files: Sequence[tuple[str, bytes]] = ()
    client: Name = "plain"
    quote: bool = True
    auto_reply: bool = False


def write(person: Person, draft: Draft, answered: Letter | None = None) -> bytes:
    client, chinese = CLIENTS[draft.client], person.language == "zh_CN"
    mail = _body(person, draft, client, chinese, answered)
    headers = [
        ("From", f"{_encoded(person.name, client.charset)} <{person.address}>"),
        ("To", ", ".join(draft.to)),
        ("Cc", ", ".join(draft.cc)),
        ("Subject", _encoded(_subject(draft, client, chinese, answered), client.charset)),
        ("Date", formatdate(localtime=True)),
        ("Message-ID", client.message_id(person.address)),
        *(_threading(answered) if answered else ()),
        *client.headers.items(),
        *(client.automatic.items() if draft.auto_reply else ()),
    ]
    for name, value in headers:
        if value:
            mail[name] = value
    written = BytesIO()
    BytesGenerator(written, mangle_from_=False, policy=WIRE).flatten(mail)
    return written.getvalue()


def answer_to(letter: Letter) -> list[str]:
    """Where an answer goes: to Reply-To, where there is one. An own mail is followed up to whom it went."""
    seen = reading.shown(letter)
    people = seen["to"] if letter.own else seen["reply_to"] or [seen["from"]]
    return [each["address"] for each in people if each["address"]]


def _threading(answered: Letter) -> list[tuple[str, str]]:
    headers = headers_of(answered.raw)
    known = identifiers(headers, "references") or identifiers(headers, "in-reply-to")
    chain = dict.fromkeys([*known, answered.identifier])
    return [("In-Reply-To", answered.identifier), ("References", "\r\n ".join(chain))]


def _subject(draft: Draft, client: Client, chinese: bool, answered: Letter | None) -> str:
    """Written by the customer, or made of the one that is answered: each program puts its own word before it, once."""
    given = draft.subject or (reading.shown(answered)["subject"] if answered else "")
    if draft.auto_reply:
        return client.automatic_subject[chinese] + given
    if not answered or draft.subject:
        return given
    return client.answer[chinese] + ANSWERED.sub("", given, count=1)


# -- bodies ------------------------------------------------------------------------------------------------------------


def _body(person: Person, draft: Draft, client: Client, chinese: bool, answered: Letter | None) -> Message:
    signature = "" if draft.auto_reply else client.signature[chinese].replace("{name}", person.name)
    original = _original(answered) if answered and draft.quote and not draft.auto_reply else None
    text = "\n\n".join(part for part in (draft.text.rstrip(), signature) if part)
    text += "\n" + client.text(original, chinese) if original else ""
    body: Message = _part(text, "plain", client.charset)
    if client.page or draft.html:
        parts = {
            "words": draft.html or lines_of(draft.text, client.line),
            "signature": lines_of(f"\n{signature}", client.line) if signature else "",
            "quote": client.page(original, chinese) if original and client.page else "",
        }
        page = PLACE.sub(lambda place: parts[place[1]], client.body or "{words}{signature}{quote}")
        plain, body = body, MIMEMultipart("alternative", policy=WIRE)
        body.attach(plain)
        body.attach(_part(page, "html", client.charset))
    if not draft.files:
        return body
    mixed = MIMEMultipart("mixed", policy=WIRE)
    for part in (body, *(_attached(name, content, client) for name, content in draft.files)):
        mixed.attach(part)
    return mixed


def _original(letter: Letter) -> Original:
    seen, page = reading.shown(letter), reading.html_of(letter.raw)
    inside = BODY.search(page)
    return Original(
        name=seen["from"]["name"],
        address=seen["from"]["address"],
        to=", ".join(f'"{each["name"] or each["address"]}" <{each["address"]}>' for each in seen["to"]),
        subject=seen["subject"],
        sent=datetime.fromtimestamp(letter.at).astimezone(),
        text=seen["text"],
        html=inside[1] if inside else page or lines_of(seen["text"], "<div>{words}</div>"),
    )


def _part(text: str, kind: str, charset: str) -> MIMEText:
    """In UTF-8 where the program's own charset has no such letters."""
    whole = text.rstrip("\n") + "\n"
    try:
        whole.encode(charset)
    except UnicodeEncodeError:
        charset = "utf-8"
    chosen = Charset(charset)
    chosen.body_encoding = BASE64
    return MIMEText(whole.encode(charset, "replace").decode(charset), kind, chosen, policy=WIRE)  # type: ignore[arg-type]


def _attached(name: str, content: bytes, client: Client) -> MIMEBase:
    kind, _, subtype = (mimetypes.guess_type(name)[0] or "application/octet-stream").partition("/")
    part = MIMEBase(kind, subtype, policy=WIRE)
    part.set_payload(content)
    encoders.encode_base64(part)
    plain = " ".join(name.split()).replace('"', "'") or "file"
    if plain.isascii():
        part.add_header("Content-Disposition", "attachment", filename=plain)
    elif client.words_in_names:  # no standard allows it
        part["Content-Disposition"] = f'attachment; filename="{_encoded(plain, client.charset).replace(chr(13), "")}"'
    else:
        part.add_header("Content-Disposition", "attachment", filename=("utf-8", "", plain))
    return part


def _encoded(text: str, charset: str) -> str:
    """Encoded words in base64, as these programs make them: none breaks a letter in two."""
    plain = " ".join(text.split())
    if plain.isascii():
        return plain
    try:
        plain.encode(charset)
    except UnicodeEncodeError:
        charset = "utf-8"
    words, taken = [], b""
    for letter in plain:
        coded = letter.encode(charset, "replace")
        if len(taken) + len(coded) > ENCODED_AT_ONCE:
            words.append(taken)
            taken = b""
        taken += coded
    return "\r\n ".join(f"=?{charset.upper()}?B?{b64encode(word).decode()}?=" for word in [*words, taken])
