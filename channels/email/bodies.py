"""What of a mail is its text: which parts belong to it, in plain text and in HTML, and which are files."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape

from channels.email import tnef
from channels.email.charsets import decode
from channels.email.enclosures import LARGEST_WINMAIL, MOST, WINMAIL, Enclosure, enclose, name_of
from channels.email.mime import Part
from channels.email.plaintext import MOST_TAGS, to_text, without_tags

LARGEST_TEXT = 1024 * 1024  # characters shown; the raw mail has the rest
LARGEST_CODED = 12 * LARGEST_TEXT  # bytes: four in UTF-8, three times as many in quoted-printable
LARGEST_TEXTS = 4 * LARGEST_TEXT  # of pages that are read for their text
LARGEST_FLOWED = 256 * 1024
MOST_TEXTS = 50  # parts; more are files
META = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
SHOWN = {"text/plain", "text/html", "text/enriched", "text/richtext", "text/markdown", "text/x-markdown", "text/xhtml"}
ENCRYPTED = {"application/pgp-encrypted"}
SEALED = {"application/pkcs7-mime", "application/x-pkcs7-mime"}
SIGNATURES = {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
FLOWED_QUOTE = re.compile(r"(>*)( ?)(.*)", re.DOTALL)
MARKUP = re.compile(r"</?[a-z]{1,20}(?:[,-][^<>]{0,40})?>", re.IGNORECASE)


@dataclass(slots=True)
class Piece:
    """A stretch of the text, in one or both of its forms."""

    plain: str = ""
    html: str = ""
    marked: str = ""  # the page as text, with `> ` in front of what its client quotes; "" where that is not known
    plain_given: bool = field(init=False)

    def __post_init__(self) -> None:
        self.plain_given = bool(self.plain.strip())


@dataclass(slots=True)
class Content:
    pieces: list[Piece] = field(default_factory=list)
    files: list[Enclosure] = field(default_factory=list)
    signed: bool = False
    encrypted: bool = False
    truncated: bool = False
    texts: int = 0

    def text(self) -> str:
        told: list[str] = []
        for piece in self.pieces:
            if piece.plain.strip() and not (piece.html and told and _is_said(piece.plain, told)):
                told.append(piece.plain.strip("\n"))
        return self._short("\n\n".join(told))

    def render(self) -> None:
        """Every page that came without its plain text gets one; with less care after the first ten thousand tags."""
        tags = size = 0
        for piece in self.pieces:
            if not piece.plain_given and piece.html:
                if size > LARGEST_TEXTS:
                    self.truncated = True
                    break
                tags, size = tags + piece.html.count("<"), size + len(piece.html)
                if tags < 2 * MOST_TAGS:
                    piece.plain, piece.marked = to_text(piece.html)
                else:
                    piece.plain = without_tags(piece.html)

    def html(self) -> str:
        if not any(piece.html for piece in self.pieces):
            return ""
        pages = [piece.html for piece in self.pieces if piece.html]
        said = [piece.plain for piece in self.pieces if piece.html]
        told = []
        for piece in self.pieces:
            if piece.html:
                told.append(piece.html)
            elif piece.plain.strip() and not _is_said(piece.plain, said):
                told.append(f"<pre>{escape(piece.plain)}</pre>")
        return self._short(pages[0] if len(told) == 1 else "\n<br>\n".join(told))

    def _short(self, text: str) -> str:
        self.truncated = self.truncated or len(text) > LARGEST_TEXT
        return text[:LARGEST_TEXT]


def _is_said(plain: str, told: list[str]) -> bool:
    """Some programs send the same text twice, as plain text and as a page, without saying that one is enough."""
    first = next((line.strip() for line in plain.splitlines() if line.strip()), "")[:60]
    return any(first in each for each in told)


def gather(root: Part, hint: str) -> Content:
    content = Content()
    content.pieces = _collect(root, content, hint, first=True)
    content.render()
    return content


def _collect(part: Part, content: Content, hint: str, first: bool) -> list[Piece]:
    """`first`: nothing stands before this part, so even one with an odd type may be the text."""
    if part.is_multipart:
        return _collect_parts(part, content, hint, first)
    content.encrypted = content.encrypted or _is_sealed(part)
    if _is_text(part, hint, first) and content.texts < MOST_TEXTS:
        content.texts += 1
        content.truncated = content.truncated or len(part.body) > LARGEST_CODED
        return [_piece(part, hint)]
    _file(part, content, hint)
    return _winmail_text(part) if part.mime in WINMAIL else []


def _collect_parts(part: Part, content: Content, hint: str, first: bool) -> list[Piece]:
    match part.mime:
        case "multipart/alternative":
            return _choose(part, content, hint, first)
        case "multipart/signed":
            content.signed = True
        case "multipart/encrypted":
            content.encrypted = True
        case "multipart/related":
            return _root_first(part, content, hint, first)
    found: list[Piece] = []
    for child in part.children:
        if part.mime == "multipart/report" and found and child.mime.startswith(("text/rfc822", "message/")):
            first = False
        found.extend(_collect(child, content, hint, first and not found))
    return found


def _choose(part: Part, content: Content, hint: str, first: bool) -> list[Piece]:
    """One text in several forms: plain and HTML stand side by side in one piece."""
    branches = [_collect(child, content, hint, first=True) for child in part.children]
    plain = next((found for found in branches if found and all(not piece.html for piece in found)), [])
    pages = next((found for found in reversed(branches) if any(piece.html for piece in found)), [])
    if not pages or not plain:
        return pages or plain
    said = "\n\n".join(piece.plain for piece in plain)
    if len(pages) == 1:
        return [Piece(said, pages[0].html)]
    return [Piece(said, "\n<br>\n".join(piece.html or f"<pre>{escape(piece.plain)}</pre>" for piece in pages))]


def _root_first(part: Part, content: Content, hint: str, first: bool) -> list[Piece]:
    """A page and what it shows."""
    start = part.parameters.get("start", b"").strip()
    root = next(
        (each for each in part.children if start and each.header("content-id").strip() == start), part.children[0]
    )
    found = _collect(root, content, hint, first=True)
    for child in part.children:
        if child is not root:
            if child.is_multipart or not found:
                found.extend(_collect(child, content, hint, first=False))
            else:
                _file(child, content, hint)
    return found


def _file(part: Part, content: Content, hint: str) -> None:
    content.signed = content.signed or part.mime in SIGNATURES
    if len(content.files) < MOST:
        content.files.extend(enclose(part, hint, len(content.files)))
    else:
        content.truncated = True


def _is_sealed(part: Part) -> bool:
    return part.mime in ENCRYPTED or (
        part.mime in SEALED and part.parameters.get("smime-type", b"").lower() != b"signed-data"
    )


def _is_text(part: Part, hint: str, first: bool) -> bool:
    if part.mime not in SHOWN or part.disposition == "attachment":
        return False
    return first and part.disposition != "inline" if name_of(part, hint) else True


def _piece(part: Part, hint: str) -> Piece:
    data = part.content(LARGEST_CODED)
    label = part.parameters.get("charset", b"").decode("latin-1") or part.parameters.get("charset*", b"").decode(
        "latin-1"
    ).strip("'")
    if part.mime in ("text/html", "text/xhtml"):
        if not label and (match := META.search(data[:4096])):
            label = match[1].decode("ascii")
        return Piece(html=_lines(decode(data, label, hint)))
    text = _lines(decode(data, label, hint))
    if part.mime in ("text/enriched", "text/richtext"):
        text = MARKUP.sub("", text).replace("<<", "<")
    if part.parameters.get("format", b"").lower() == b"flowed" and len(text) < LARGEST_FLOWED:
        text = _unflowed(text, glue="" if part.parameters.get("delsp", b"").lower() == b"yes" else " ")
    return Piece(text)


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _unflowed(text: str, glue: str) -> str:
    """RFC 3676: a line that ends with a blank goes on in the next one of the same quote depth."""
    lines: list[list[str]] = []
    open_depth = -1
    for line in text.split("\n"):
        match = FLOWED_QUOTE.fullmatch(line)
        depth, rest = (len(match[1]), match[3]) if match else (0, line)
        soft = line.endswith(" ") and rest != "-- " and line != "-- "
        if depth == open_depth and rest not in ("-- ", "--"):
            lines[-1].append(rest[:-1] + glue if soft else rest)
        else:
            lines.append([line[:-1] + glue if soft else line])
        open_depth = depth if soft else -1
    return "\n".join("".join(pieces) for pieces in lines)


def _winmail_text(part: Part) -> list[Piece]:
    unpacked = tnef.read(part.content()[:LARGEST_WINMAIL])
    return [Piece(unpacked.text, unpacked.html)] if unpacked and (unpacked.text or unpacked.html) else []
