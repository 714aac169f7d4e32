"""Where a page of a list ended: an opaque word that the next request brings back."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime

from hub.refusals import Invalid


def cursor(at: datetime, *ties: str | int) -> str:
    """`ties` tell apart what has the same time."""
    return urlsafe_b64encode(json.dumps([at.isoformat(), *ties]).encode()).decode()


def place(given: str, *kinds: type[str] | type[int]) -> tuple[datetime | str | int, ...]:
    try:
        at, *ties = json.loads(urlsafe_b64decode(given))
        return (datetime.fromisoformat(at), *(kind(tie) for kind, tie in zip(kinds, ties, strict=True)))
    except (ValueError, TypeError):
        raise Invalid("cursor", "is not one that this API gave") from None
