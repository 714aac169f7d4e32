"""The gaps of ready-made texts, {customer.name} and the like: what they are called, and filling them."""

from __future__ import annotations

import re
from collections.abc import Mapping

# What hub.filling knows of every conversation, with what a preview without one shows. Beside these there is
# {context.…}: whatever the customer's side has told of the conversation, like the order they look at.
SAMPLES: Mapping[str, str] = {
    "customer.name": "王小明",
    "customer.id": "7",
    "agent.name": "小林",
    "agent.email": "lin@example.com",
    "conversation.id": "4821",
    "conversation.subject": "退款咨询",
    "conversation.channel": "微信客服",
    "conversation.team": "sales",
    "date": "2026-11-28",
    "time": "14:05",
}
CONTEXT = "context."
GAP = re.compile(r"\{(date|time|(?:customer|agent|conversation|context)\.[A-Za-z0-9_.-]+)\}")


def filled(text: str, values: Mapping[str, str]) -> str:
    """What cannot be filled stays, and is a gap."""
    return GAP.sub(lambda gap: values.get(gap[1]) or gap[0], text)


def gaps(text: str) -> list[str]:
    return list(dict.fromkeys(GAP.findall(text)))


def unknown_gaps(text: str) -> list[str]:
    """Written like a gap, and nothing will ever fill it."""
    return [name for name in gaps(text) if name not in SAMPLES and not name.startswith(CONTEXT)]
