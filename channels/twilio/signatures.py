"""Whether Twilio signed a request.

https://www.twilio.com/docs/usage/security#validating-requests. Ours, for the SDK's verifier raises on what strangers
can send: no header, a port that is no number, a body that is bytes.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from hashlib import sha256
from hmac import compare_digest, digest
from typing import Literal
from urllib.parse import parse_qsl

FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 500
URL = re.compile(r"(https?)://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
AUTHORITY = re.compile(r"(?P<user>.*@)?(?P<host>\[[^\]]*\]|[^:@]+)(?::(?P<port>[0-9]{1,5}))?", re.DOTALL)
PORTS = {"https": "443", "http": "80"}

Fields = list[tuple[str, str]]
Algorithm = Literal["sha1", "sha256"]


def is_signed(
    url: str,
    body: bytes,
    content_type: str,
    given: str,
    tokens: Iterable[str],
    *,
    method: str = "POST",
    algorithm: Algorithm = "sha1",
) -> bool:
    """`url`: as it is written at Twilio, percent-encoding and all. `tokens`: those that are valid now, two in a change.

    `algorithm` is of the account, never what a header of the request says.
    """
    fields = _covered(url, body, content_type, method)
    if fields is None:
        return False
    # every one is compared, so that the time tells nothing
    fits = [
        compare_digest(signature(token, written, fields, algorithm).encode(), given.encode(errors="replace"))
        for token in tokens
        for written in _spellings(url)
    ]
    return any(fits)


def signature(token: str, url: str, fields: Fields, algorithm: Algorithm = "sha1") -> str:
    values: dict[str, set[str]] = {}
    for name, value in fields:
        values.setdefault(name, set()).add(value)
    text = url + "".join(name + value for name in sorted(values) for value in sorted(values[name]))
    return b64encode(digest(token.encode(), text.encode(errors="replace"), algorithm)).decode()


def is_form(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == FORM


def read_form(body: bytes) -> Fields:
    """ValueError for what is no form: not UTF-8, or with more fields than Twilio has."""
    return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)


def _covered(url: str, body: bytes, content_type: str, method: str) -> Fields | None:
    """What of the body goes into the signature; None where the body is not covered by it."""
    if is_form(content_type) and method == "POST":
        try:
            return read_form(body)
        except ValueError:
            return None
    if not body and "json" not in content_type.lower():
        return []
    query = url.partition("#")[0].partition("?")[2]
    named = [value for name, value in parse_qsl(query, keep_blank_values=True) if name == "bodySHA256"]
    return [] if named == [sha256(body).hexdigest()] else None


def _spellings(url: str) -> Iterator[str]:
    """Parts of Twilio sign the address with its port, others without."""
    parts = URL.fullmatch(url.partition("#")[0])
    authority = parts and AUTHORITY.fullmatch(parts[2])
    if not parts or not authority:
        return
    bare = f"{parts[1]}://{authority['user'] or ''}{authority['host']}"
    yield bare + parts[3]
    yield f"{bare}:{authority['port'] or PORTS[parts[1].lower()]}{parts[3]}"
