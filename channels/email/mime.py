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
SKIPPED = (b"\xef", b"\xbb", b"\xbf", b"\r", b"\n")  # a byte order mark and empty lines in front of a mail
SEARCHED_FOR_BOUNDARY = 64 * 1024
UNTOLD_BOUNDARY = re.compile(rb"(?:\A|\n)--([^\s-][^\r\n]{0,200})\r?\nContent-", re.IGNORECASE)
KNOWN_HEADER = re.compile(
    rb"[\r\n](?:Content-|From|To|Subject|Date|MIME-Version|Message-ID|Received|X-)[!-9;-~]*[ \t]*:", re.I
)
HEADER = re.compile(rb"([!-9;-~]{1,200})[ \t]*:(.*)", re.DOTALL)
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

    def content(self, most: int | None = None) -> bytes:
        """`most`: bytes before they are decoded, where the beginning is enough."""
        return decode_transfer(self.body[:most], self.header("content-transfer-encoding"))

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
    return _read(raw, 0, len(raw), "text/plain", 0, Budget())


def _read(data: bytes, begin: int, end: int, default: str, depth: int, budget: Budget) -> Part:
    headers, begin, defects = _divide(data, begin, end, first=depth == 0)
    part = Part(headers, memoryview(data)[begin:end], defects=defects)
    part.mime, part.parameters = content_type(part.header("content-type"), default)
    if not budget.allows(end - begin, depth):
        if part.mime.startswith(("multipart/", "message/")):
            part.defects.add("too much")
            part.mime = "application/octet-stream"
        return part
    if part.mime.startswith("multipart/"):
        inside = "message/rfc822" if part.mime == "multipart/digest" else "text/plain"
        _read_pieces(part, data, begin, end, part.parameters.get("boundary", b""), inside, depth, budget)
        if not part.children and (found := UNTOLD_BOUNDARY.search(part.body[:SEARCHED_FOR_BOUNDARY])):
            _read_pieces(part, data, begin, end, found[1], inside, depth, budget)
        if not part.children:
            part.defects.add("no parts")
            part.mime = "text/html" if b"<html" in data[begin : min(end, begin + 2_000)].lower() else "text/plain"
    elif part.mime in ("message/rfc822", "message/global"):
        encoded = part.header("content-transfer-encoding").strip().lower() in (b"base64", b"quoted-printable")
        if encoded:
            data, begin = part.content(), 0
            end = len(data)
        part.children.append(_read(data, begin, end, "text/plain", depth + 1, budget))
    return part


def _read_pieces(
    part: Part, data: bytes, begin: int, end: int, boundary: bytes, default: str, depth: int, budget: Budget
) -> None:
    for start, stop in _pieces(data, begin, end, boundary):
        if budget.parts <= 0:
            part.defects.add("too much")
            break
        part.children.append(_read(data, start, stop, default, depth + 1, budget))


def _divide(data: bytes, begin: int, end: int, first: bool) -> tuple[list[tuple[str, bytes]], int, set[str]]:
    """The header block, and where what follows it begins."""
    last = min(end, begin + LARGEST_HEADERS)
    if first:
        while data[begin : begin + 1] in SKIPPED and begin < last:
            begin += 1
    if data[begin : begin + 1] in (b"\r", b"\n"):
        return [], begin + (2 if data[begin : begin + 2] == b"\r\n" else 1), set()
    stop, start = _blank_line(data, begin, last)
    defects = {"headers too large"} if start == last < end else set[str]()
    headers: list[tuple[str, bytes]] = []
    place, last_known = begin, -1
    for line in _unfolded(data[begin:stop])[:MOST_HEADERS]:
        if len(line) > LONGEST_HEADER:
            defects.add("header too long")
        if match := HEADER.match(line[:LONGEST_HEADER]):
            headers.append((match[1].decode("ascii").lower(), match[2].strip(b" \t")))
        elif line.startswith((b"From ", b">From ")) or not line:
            continue  # the line that separates mails in an mbox
        else:
            place = max(place, data.find(line[:200], place, stop), data.find(line[:10], place, stop))
            if last_known < 0:
                last_known = max((match.start() for match in KNOWN_HEADER.finditer(data, place, stop)), default=0)
            if not headers or last_known < place:
                return headers, place, defects | {"no blank line"}
            defects.add("broken header")
    return headers, start, defects


def _blank_line(data: bytes, begin: int, last: int) -> tuple[int, int]:
    """Where the headers end and where the body begins."""
    stop, width = data.find(b"\n\r\n", begin, last), 3
    if stop < 0:
        stop = last
    for kind in (b"\n\n", b"\r\r"):
        found = data.find(kind, begin, stop)
        while kind == b"\r\r" and found >= 0 and data[found + 2 : found + 3] == b"\n":
            found = data.find(kind, found + 1, stop)
        if found >= 0:
            stop, width = found, 2
    return (stop, stop + width) if stop < last else (last, last)


def _unfolded(block: bytes) -> list[bytes]:
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return block.replace(b"\n ", b" ").replace(b"\n\t", b"\t").split(b"\n", MOST_HEADERS)


def _pieces(data: bytes, begin: int, end: int, boundary: bytes) -> Iterator[tuple[int, int]]:
    """What stands between the lines that the boundary makes. The line end before it is part of the mark, and may be
    the one after the mark before."""
    if not boundary:
        return
    mark = b"\n--" + boundary[:300].rstrip()
    start = -1
    found = begin - 1 if data.startswith(mark[1:], begin, end) else data.find(mark, begin, end)
    while found >= 0:
        after = found + len(mark)
        line_end = data.find(b"\n", after, end)
        rest = data[after : end if line_end < 0 else line_end].rstrip(b"\r").rstrip(b" \t")
        if rest in (b"", b"--"):
            if start >= 0:
                yield start, max(start, found - (found > start and data[found - 1] == 13))
            if rest:
                return
            start = end if line_end < 0 else line_end + 1
        found = -1 if line_end < 0 else data.find(mark, line_end, end)
    if start >= 0:
        yield start, end


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
