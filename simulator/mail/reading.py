"""A mail as its customer sees it: who wrote it, what it says, its files. A broken one shows as much as can be read."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses
from html import unescape
from typing import Any

from simulator.mail.post import Letter

Content = dict[str, Any]
HIDDEN = re.compile(r"<(style|script|head|title)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
BREAKS = re.compile(r"<(?:br|/p|/div|/li|/tr|/h[1-6]|/blockquote)\b[^>]{0,500}>", re.IGNORECASE)
TAG = re.compile(r"<[^<>]{0,5000}>")
EMPTY_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*)+\n")


def shown(letter: Letter) -> Content:
    """The view of a letter; read once."""
    if letter.shown is None:
        letter.shown = _read(letter.raw)
    return {"n": letter.n, "thread": letter.thread, "own": letter.own, "at": letter.at, **letter.shown} | {
        "message_id": letter.identifier.strip("<>"),
        "rev": letter.rev,
    }


def html_of(raw: bytes) -> str:
    """ "" where there is none."""
    return _text(_message(raw), "html")


def file_of(raw: bytes, number: int) -> tuple[str, str, bytes] | None:
    """Name, type and content of an attachment."""
    files = _files(_message(raw))
    return files[number] if 0 <= number < len(files) else None


def _read(raw: bytes) -> Content:
    message = _message(raw)
    html = _text(message, "html")
    files = _files(message)
    return {
        "subject": _header(message, "Subject"),
        "from": next(iter(_people(message, "From")), {"name": "", "address": ""}),
        "to": _people(message, "To"),
        "cc": _people(message, "Cc"),
        "reply_to": _people(message, "Reply-To"),
        "text": _text(message, "plain") or text_of_html(html),
        "html": bool(html),
        "files": [
            {"number": number, "name": name, "type": mime, "bytes": len(content)}
            for number, (name, mime, content) in enumerate(files)
        ],
    }


def _message(raw: bytes) -> EmailMessage:
    try:
        return message_from_bytes(raw, policy=policy.default)
    except Exception:  # anybody may have written it, and the parser fails in more ways than it names
        return EmailMessage()


def _header(message: EmailMessage, name: str) -> str:
    try:
        return " ".join(str(message.get(name, "")).split())
    except Exception:
        return ""


def _people(message: EmailMessage, name: str) -> list[dict[str, str]]:
    try:
        return [{"name": known, "address": at} for known, at in getaddresses([_header(message, name)]) if at]
    except Exception:
        return []


def _text(message: EmailMessage, kind: str) -> str:
    try:
        part = message.get_body((kind,))
        return str(part.get_content()).replace("\r\n", "\n").strip() if part else ""
    except Exception:
        return ""


def _files(message: EmailMessage) -> list[tuple[str, str, bytes]]:
    try:
        parts = [part for part in message.walk() if part.get_filename() and not part.is_multipart()]
        return [
            (str(part.get_filename()), part.get_content_type(), bytes(part.get_payload(decode=True) or b""))
            for part in parts
        ]
    except Exception:
        return []


def text_of_html(html: str) -> str:
    """Words and line breaks of a page, enough to quote it."""
    plain = TAG.sub("", BREAKS.sub("\n", HIDDEN.sub("", html)))
    return EMPTY_LINES.sub("\n\n", unescape(plain)).strip()
