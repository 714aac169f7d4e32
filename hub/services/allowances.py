"""What the provider still lets us send: renewed by what the customer does, spent with every part we write.

The provider is the judge; we only avoid the sends it would refuse, and show agents what is left.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text, update

from channels.contract import Capabilities, Grant
from hub.db import db, now
from hub.models import Allowance, Delivery, Identity
from hub.refusals import Refusal

RESERVED_FOR_PEOPLE = 1
# what is queued now will be counted by the provider against the new allowance
RENEW = text("""
    INSERT INTO allowance (identity_id, action, "left", "limit", until)
    SELECT identity_id, action, greatest(0, count - (
               SELECT count(*) FROM delivery
               WHERE lane = 'identity:' || row.identity_id AND state IN ('pending', 'running'))), count, until
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS row(
             identity_id bigint, action text, count bigint, until timestamptz)
    ON CONFLICT (identity_id, action)
    DO UPDATE SET "left" = excluded."left", "limit" = excluded."limit", until = excluded.until
""")


Purse = list[Allowance]


@dataclass(frozen=True, slots=True)
class Renewal:
    """The customer did something that lets us write again."""

    identity: Identity
    action: str
    grant: Grant
    at: datetime


def renew(renewals: Iterable[Renewal]) -> None:
    """Not additive: each act sets its own allowance to the full."""
    latest = {(renewal.identity.id, renewal.action): renewal for renewal in renewals}
    if not latest:
        return
    rows = [
        {
            "identity_id": identity_id,
            "action": action,
            "count": renewal.grant.count,
            "until": (renewal.at + renewal.grant.within).isoformat(),
        }
        for (identity_id, action), renewal in sorted(latest.items(), key=lambda item: item[0])
    ]
    db.session.execute(RENEW, {"rows": json.dumps(rows)})


def purses(identity_ids: Iterable[int]) -> dict[int, Purse]:
    """What each of them still allows, the shortest-lived first; ours alone until the commit."""
    found: dict[int, Purse] = {identity_id: [] for identity_id in identity_ids}
    if any(isinstance(row, Allowance) for row in db.session.dirty):
        db.session.flush()  # what this transaction has taken already
    rows = (
        select(Allowance)
        .where(Allowance.identity_id.in_(found), Allowance.until > now())
        .order_by(Allowance.identity_id, Allowance.until)  # everybody locks in the same order
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    for row in db.session.scalars(rows):
        found[row.identity_id].append(row)
    return found


def renewed_since(identity_id: int, grants: Mapping[str, Grant], at: datetime) -> bool:
    rows = db.session.execute(
        select(Allowance.action, Allowance.until).where(Allowance.identity_id == identity_id, Allowance.until > now())
    )
    return any(action in grants and until - grants[action].within > at for action, until in rows)


def spend(rows: Purse, parts: int, capabilities: Capabilities, *, by_bot: bool) -> list[str | None]:
    """Take one for each part. Returns what each was taken from."""
    if not capabilities.allowances:
        return [None] * parts
    if not rows:
        raise Refusal("window_closed", "The customer has to write first: the time to answer is over.")
    left = sum(row.left for row in rows)
    if left < parts + (RESERVED_FOR_PEOPLE if by_bot else 0):
        raise Refusal(
            "allowance_used",
            f"This takes {parts} of the {left} messages the channel still allows before they write again.",
        )
    taken: list[str | None] = []
    for row in rows:
        use = min(row.left, parts - len(taken))
        row.left -= use
        taken += [row.action] * use
    return taken


def take_one(rows: Purse) -> str:
    """Of the first that has any left."""
    row = rows[0]
    row.left -= 1
    if not row.left:
        del rows[0]
    return row.action


def refund(delivery: Delivery) -> None:
    """It never reached the provider, so it was not counted."""
    if delivery.spent:
        theirs = (Allowance.identity_id == delivery.identity_id) & (Allowance.action == delivery.spent)
        more = func.least(Allowance.left + 1, Allowance.limit)
        db.session.execute(update(Allowance).where(theirs).values(left=more))
        delivery.spent = None


def exhaust(identity_id: int) -> None:
    """The provider says that nothing is left, whatever we counted."""
    db.session.execute(update(Allowance).where(Allowance.identity_id == identity_id).values(left=0))


def close(identity_id: int) -> None:
    """The time to answer is over, whatever we thought."""
    over = {"left": 0, "until": func.least(Allowance.until, now())}
    db.session.execute(update(Allowance).where(Allowance.identity_id == identity_id).values(over))
