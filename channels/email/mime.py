"""The parts of a mail: where each begins and ends, its headers, and its bytes without the transfer encoding.

Not the standard library's parser: deep nesting, many empty lines or many parameters cost it seconds, and it copies a
large mail several times. Here every step is one search through the bytes, and the parts are views into them.
"""

from __future__ import annotations

import binascii
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

DEEPEST = 40
MOST_PARTS = 2_000
LARGEST_HEADERS = 256 * 1024
LONGEST_HEADER = 64 * 1024
MOST_HEADERS = 2_000
MOST_PARAMETERS = 100
MOST_SEARCHED = 400 * 1024 * 1024
LOSSES = {"too much", "headers too large", "header too long"}
BLANK = re.compile(rb"\n\r?\n|\r\r(?!\n)")
KNOWN_HEADER = re.compile(
    rb"[\r\n](?:Content-|From|To|Subject|Date|MIME-Version|Message-ID|Received|X-)[!-9;-~]*[ \t]*:", re.I
)
HEADER = re.compile(rb"([!-9;-~]{1,200})[ \t]*:(.*)", re.DOTALL)
LINE_END = re.compile(rb"\r\n|\n|\r")
FOLD = re.compile(rb"(?:\r\n|\r|\n)(?=[ \t])")
PARAMETER = re.compile(r"""\s*([^=;\s"]{1,100})\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)""", re.DOTALL)
MIME_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,80}/[a-z0-9!#$&^_.+*-]{1,120}")
NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
UU_BEGIN = re.compile(rb"^begin [0-7]{3,4} ([^\r\n]{1,200})\r?\n", re.MULTILINE)


@dataclass(slots=True)
class Part:
    """One entity: the mail itself, a part of a multipart, or the mail inside of a message/rfc822."""

    headers: list[tuple[str, bytes]]  # names in lower case, values without their folds, otherwise as they came
    body: memoryview = field(repr=False)
    mime: str = "text/plain"
    parameters: dict[str, bytes] = field(default_factory=dict)
    children: list[Part] = field(default_factory=list)
    defects: set[str] = field(default_factory=set)

    def header(self, name: str) -> bytes:
        return next((value for key, value in self.headers if key == name), b"")

    def all(self, *names: str) -> list[bytes]:
        return [value for key, value in self.headers if key in names]

    @property
    def disposition(self) -> str:
        kind = self.header("content-disposition").partition(b";")[0].strip().lower()
        return kind.decode("ascii", "replace")

    @property
    def is_multipart(self) -> bool:
        return self.mime.startswith("multipart/") and bool(self.children)

    def content(self) -> bytes:
        return decode_transfer(self.body, self.header("content-transfer-encoding"))

    def walk(self) -> Iterator[Part]:
        waiting = [self]
        while waiting:
            part = waiting.pop()
            yield part
            waiting.extend(reversed(part.children))


@dataclass(slots=True)
class Budget:
    """What one mail may cost: a part is searched once for every multipart around it."""

    parts: int = MOST_PARTS
    searched: int = 0

    def allows(self, size: int, depth: int) -> bool:
        self.parts -= 1
        self.searched += size
        return depth < DEEPEST and self.parts > 0 and self.searched < MOST_SEARCHED


def read(raw: bytes) -> Part:
    """Never raises: what cannot be divided stays one opaque part."""
    return _read(memoryview(raw), "text/plain", 0, Budget())


def _read(view: memoryview, default: str, depth: int, budget: Budget) -> Part:
    headers, body, defects = _divide(view, first=depth == 0)
    part = Part(headers, body, defects=defects)
    part.mime, part.parameters = content_type(part.header("content-type"), default)
    if not budget.allows(len(body), depth):
        if part.mime.startswith(("multipart/", "message/")):
            part.defects.add("too much")
            part.mime = "application/octet-stream"
        return part
    if part.mime.startswith("multipart/"):
        inside = "message/rfc822" if part.mime == "multipart/digest" else "text/plain"
        for piece in _pieces(body, part.parameters.get("boundary", b"")):
            if budget.parts <= 0:
                part.defects.add("too much")
                break
            part.children.append(_read(piece, inside, depth + 1, budget))
        if not part.children:
            part.defects.add("no parts")
            part.mime = "text/html" if _is_page(body) else "text/plain"
    elif part.mime in ("message/rfc822", "message/global"):
        encoded = part.header("content-transfer-encoding").strip().lower() in (b"base64", b"quoted-printable")
        part.children.append(_read(memoryview(part.content()) if encoded else body, "text/plain", depth + 1, budget))
    return part


def _divide(view: memoryview, first: bool) -> tuple[list[tuple[str, bytes]], memoryview, set[str]]:
    """The header block and what follows it."""
    block = bytes(view[:LARGEST_HEADERS])
    skipped = len(block) - len(block.lstrip(b"\xef\xbb\xbf\r\n")) if first else 0
    if block[skipped : skipped + 1] in (b"\r", b"\n"):
        return [], view[2 if block.startswith(b"\r\n") else 1 :], set()
    blank = BLANK.search(block, skipped)
    end, start = (blank.start(), blank.end()) if blank else (len(block), len(block))
    defects = {"headers too large"} if not blank and len(view) > LARGEST_HEADERS else set[str]()
    block = block[skipped:end]
    headers: list[tuple[str, bytes]] = []
    for line in LINE_END.split(FOLD.sub(b"", block), MOST_HEADERS)[:MOST_HEADERS]:
        if len(line) > LONGEST_HEADER:
            defects.add("header too long")
        if match := HEADER.match(line[:LONGEST_HEADER]):
            headers.append((match[1].decode("ascii").lower(), match[2].strip(b" \t")))
        elif line.startswith((b"From ", b">From ")) or not line:
            continue  # the line that separates mails in an mbox
        else:
            place = block.find(line[:200])
            if not headers or not KNOWN_HEADER.search(block, place):
                return headers, view[skipped + place :], defects | {"no blank line"}
            defects.add("broken header")
    return headers, view[start:], defects


def _pieces(body: memoryview, boundary: bytes) -> Iterator[memoryview]:
    """What stands between the lines that the boundary makes."""
    if not boundary:
        return
    mark = b"--" + re.escape(boundary[:300].rstrip()) + rb"(--)?[ \t]*(\r?(?:\n|\Z))"
    first = re.compile(mark).match(body)
    # the line end before it is part of the mark, and may be the one after the mark before
    position, start = (first.start(2), first.end()) if first else (0, -1)
    if first and first[1]:
        return
    line = re.compile(rb"\n" + mark)
    while match := line.search(body, position):
        if start >= 0:
            end = match.start()
            yield body[start : max(start, end - (end > start and body[end - 1] == 13))]
        if match[1]:
            return
        position, start = match.start(2), match.end()
    if start >= 0:
        yield body[start:]


def _is_page(body: memoryview) -> bool:
    return b"<html" in bytes(body[:2000]).lower()


def content_type(value: bytes, default: str = "text/plain") -> tuple[str, dict[str, bytes]]:
    if not value:
        return default, {}
    named = value.partition(b";")[0].strip().strip(b'"').lower().decode("latin-1")
    known = parameters(value)
    for mime in (named.replace(" ", ""), *named.split(maxsplit=1)[:1]):
        if MIME_TYPE.fullmatch(mime):
            return mime, known
    return "multipart/mixed" if named.startswith("multipart") else "text/plain", known


def parameters(value: bytes) -> dict[str, bytes]:
    """What follows the first semicolon; the parts that RFC 2231 makes of a long value are joined."""
    text = value.decode("latin-1")
    position = text.find(";")
    found: dict[str, str] = {}
    for _ in range(MOST_PARAMETERS):
        if position < 0:
            break
        match = PARAMETER.match(text, position + 1)
        if match:
            found.setdefault(match[1].lower(), _unquoted(match[2].strip()))
            position = text.find(";", match.end())
        else:
            position = text.find(";", position + 1)
    return _joined({name: given.encode("latin-1") for name, given in found.items()})


def _unquoted(value: str) -> str:
    if value[:1] != '"':
        return value
    inside = value[1:-1] if value.endswith('"') and len(value) > 1 else value[1:]
    return re.sub(r'\\(["\\])', r"\1", inside)


def _joined(found: dict[str, bytes]) -> dict[str, bytes]:
    """`name*0*=utf-8''a; name*1=b` becomes `name*=utf-8''ab`: the star tells that a charset stands in front."""
    whole: dict[str, bytes] = {}
    pieces: dict[str, dict[int, bytes]] = {}
    for name, value in found.items():
        base, star, rest = name.partition("*")
        if not star:
            whole.setdefault(name, value)
            continue
        number, encoded = rest.removesuffix("*"), rest.endswith("*") or not rest
        if not number:
            whole[f"{base}*"] = _extended(value, first=True)
        elif number.isascii() and number.isdigit() and len(number) < 4:
            order = int(number)
            given = _extended(value, first=order == 0) if encoded else (b"''" if order == 0 else b"") + value
            pieces.setdefault(base, {})[order] = given
    for base, numbered in pieces.items():
        whole.setdefault(f"{base}*", b"".join(numbered[order] for order in sorted(numbered)))
    return whole


def _extended(value: bytes, first: bool) -> bytes:
    if first and value.count(b"'") >= 2:
        charset, language, text = value.split(b"'", 2)
        return charset + b"'" + language + b"'" + unquote_to_bytes(text)
    return (b"''" if first else b"") + unquote_to_bytes(value)


def decode_transfer(body: memoryview, encoding: bytes) -> bytes:
    match encoding.strip().lower().partition(b";")[0].strip().strip(b'"'):
        case b"base64":
            return decode_base64(bytes(body))
        case b"quoted-printable":
            return quopri.decodestring(bytes(body))
        case b"x-uuencode" | b"uuencode" | b"x-uue" | b"uue":
            return decode_uu(bytes(body))
    return bytes(body)


def decode_base64(data: bytes) -> bytes:
    """Clients forget the padding, break it in the middle, and lists append their footer in plain text."""
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        clean = NOT_BASE64.sub(b"", data)
        return binascii.a2b_base64(clean[: len(clean) - (len(clean) % 4 == 1)] + b"==")


def decode_uu(data: bytes) -> bytes:
    begin = UU_BEGIN.search(data)
    lines = data[begin.end() if begin else 0 :].splitlines()
    decoded = []
    for line in lines:
        if line.strip() in (b"end", b"`", b""):
            if line.strip() == b"end":
                break
            continue
        try:
            decoded.append(binascii.a2b_uu(line))
        except binascii.Error:
            length = (((line[0] - 32) & 63) * 4 + 5) // 3  # some encoders write spaces too many
            try:
                decoded.append(binascii.a2b_uu(line[:length]))
            except binascii.Error:
                break
    return b"".join(decoded)
