"""The signature of every call to Aliyun: version 3, ACS3-HMAC-SHA256, with all parameters in the query and no body.

After "V3 request structure and signature" of Aliyun's documentation; its example is among the tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import new as hmac
from urllib.parse import quote

ALGORITHM = "ACS3-HMAC-SHA256"
NOTHING = sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class Signer:
    key_id: str
    secret: str = field(repr=False)

    def authorization(self, method: str, query: Mapping[str, str], headers: Mapping[str, str]) -> str:
        """The Authorization header of a call that has these headers, in lower case, and an empty body."""
        names = ";".join(sorted(headers))
        request = canonical_request(method, query, headers)
        to_sign = f"{ALGORITHM}\n{sha256(request.encode()).hexdigest()}"
        signature = hmac(self.secret.encode(), to_sign.encode(), sha256).hexdigest()
        return f"{ALGORITHM} Credential={self.key_id},SignedHeaders={names},Signature={signature}"


def canonical_request(method: str, query: Mapping[str, str], headers: Mapping[str, str]) -> str:
    """One text for all ways to write the same call: method, path, query, headers, their names, hash of the body."""
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    return "\n".join([method, "/", canonical_query(query), lines, ";".join(sorted(headers)), NOTHING])


def canonical_query(query: Mapping[str, str]) -> str:
    """Sorted by name, everything encoded but letters, digits and -_.~ (RFC 3986); what is sent as well."""
    return "&".join(f"{_encoded(name)}={_encoded(query[name])}" for name in sorted(query))


def _encoded(text: str) -> str:
    return quote(text, safe="")
