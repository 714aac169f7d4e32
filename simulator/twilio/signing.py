"""How Twilio signs what it posts: HMAC-SHA1 over the address and, of a form, every name with its value."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Iterable


def sign(token: str, url: str, fields: Iterable[tuple[str, str]] = ()) -> str:
    """X-Twilio-Signature. The fragment only tells Twilio how to connect; of a GET everything is in the address."""
    address, _, _ = url.partition("#")
    said = sorted(set(fields))  # by name, then by value; what is repeated counts once
    text = address + "".join(map("".join, said))
    return b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()
