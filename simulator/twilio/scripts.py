"""What becomes of the texts to a handset, and how their sender is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["delivered", "undelivered", "failed", "sent"]
Telling = Literal["in_order", "reversed", "twice", "early", "lost"]


@dataclass(frozen=True, slots=True)
class Script:
    outcome: Outcome = "delivered"  # "sent": it arrives, and nobody ever says so
    error: str = ""  # empty: the provider's usual code for the outcome
    callbacks: Telling = "in_order"  # "early": before the answer to the request that made the message


USUAL = Script()
# handsets of which nobody has to say anything; Twilio keeps this range for tests
SCRIPTED: Mapping[str, Script] = {
    **{f"+1500555{code - 27000}": Script("undelivered", str(code)) for code in (30003, 30005, 30006, 30007, 30008)},
    "+15005553410": Script("undelivered", "30410"),
    "+15005554000": Script("failed"),
    "+15005554001": Script("sent"),
    "+15005554002": Script(callbacks="reversed"),
    "+15005554003": Script(callbacks="twice"),
    "+15005554004": Script(callbacks="early"),
    "+15005554005": Script(callbacks="lost"),
}
