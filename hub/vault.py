"""Seals what the database must not give away: a copy of it alone opens no account.

The key is a file of the data directory, so all hosts that serve logins share that directory, as they do for files.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import Any

from cryptography.fernet import Fernet, InvalidToken

from hub import current
from hub.keys import key


def seal(purpose: str, **told: Any) -> str:
    return _box().encrypt(json.dumps({"for": purpose, **told}).encode()).decode()


def opened(purpose: str, sealed: str, seconds: int | None = None) -> dict[str, Any] | None:
    """What was told, or None: not ours, meant for something else, or older than that."""
    try:
        told: dict[str, Any] = json.loads(_box().decrypt(sealed.encode(), seconds))
    except InvalidToken:
        return None
    return told if told["for"] == purpose else None


def _box() -> Fernet:
    return Fernet(urlsafe_b64encode(key(current.data() / "login.key")))
