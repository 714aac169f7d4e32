"""Who calls: the signature ACS3-HMAC-SHA256 over method, path, query, headers and body.

https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

ALGORITHM = "ACS3-HMAC-SHA256"
AUTHORIZATION = re.compile(
    rf"{ALGORITHM} Credential=(?P<key>[^,\s]+),\s*"
    r"SignedHeaders=(?P<names>[^,\s]+),\s*Signature=(?P<signature>[0-9a-f]+)"
)
ALWAYS_SIGNED = frozenset(
    {"host", "x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"}
)
OFF_BY_AT_MOST = 15 * 60  # seconds

Query = Sequence[tuple[str, str]]
Headers = Mapping[str, str]  # names in lower case


def signature(secret: str, method: str, query: Query, headers: Headers, names: Sequence[str]) -> str:
    """The path is always /, whatever it is served at."""
    pairs = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in query)
    lines = [f"{name}:{headers.get(name, '').strip()}\n" for name in sorted(names)]
    request = "\n".join(
        [
            method,
            "/",
            "&".join(f"{name}={value}" for name, value in pairs),
            "".join(lines),
            ";".join(sorted(names)),
            headers.get("x-acs-content-sha256", ""),
        ]
    )
    text = f"{ALGORITHM}\n{hashlib.sha256(request.encode()).hexdigest()}"
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def fault_in(secret: str, method: str, query: Query, headers: Headers, body: bytes, now: float) -> str:
    """Aliyun's code for what is wrong with a call, if anything is."""
    given = AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    names = given["names"].split(";") if given else []
    if not given or not ALWAYS_SIGNED.issubset(names):
        return "IncompleteSignature"
    if headers["x-acs-content-sha256"] != hashlib.sha256(body).hexdigest():
        return "SignatureDoesNotMatch"
    if not hmac.compare_digest(signature(secret, method, query, headers, names), given["signature"]):
        return "SignatureDoesNotMatch"
    return "" if abs(_moment(headers["x-acs-date"]) - now) <= OFF_BY_AT_MOST else "InvalidTimeStamp.Expired"


def key_of(headers: Headers) -> str:
    given = AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    return given["key"] if given else ""


def _moment(written: str) -> float:
    try:
        return datetime.strptime(written, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0
