"""What agents and bots used in which conversations, and whether recommendations are worth their place."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from pydantic import BaseModel
from sqlalchemy import ColumnElement, Select, String, cast, func, select, union_all

from hub.db import db, now
from hub.models import BotTurn, Conversation, Suggestion

COUNTED = timedelta(days=90)
AT_MOST = 50_000  # uses, the newest
REPORTED = timedelta(days=30)
WAYS = ("rule", "together", "similar", "popular")


class RecommendedBy(BaseModel):
    by: str
    shown: int  # times an item was offered in a conversation, however often it stood there
    used: int
    rate: float | None  # None: nothing was shown
    against_popular: float | None  # its rate over that of what is used most; None: there is none to compare with


class RecommendationReport(BaseModel):
    """Of the last 30 days."""

    items: list[RecommendedBy]
    next: None
    shown: int
    used: int
    rate: float | None


def used_together() -> list[set[str]]:
    """Entries, articles and items that were used in one conversation: of those that were resolved lately."""
    found: dict[int, set[str]] = {}
    uses = _uses(Conversation.status == "resolved").order_by(BotTurn.created_at.desc()).limit(AT_MOST)
    suggested = _taken(Conversation.status == "resolved").order_by(Suggestion.created_at.desc()).limit(AT_MOST)
    rows = [*db.session.execute(uses), *db.session.execute(suggested)]
    for _, conversation, which in sorted(rows, key=lambda row: row[0], reverse=True)[:AT_MOST]:
        found.setdefault(conversation, set()).add(which)
    return list(found.values())


def used_beside(suggestion_ids: Collection[int]) -> dict[int, set[str]]:
    """By suggestion, what was used in its conversation so far."""
    wanted = select(Suggestion.id, Suggestion.conversation_id).where(Suggestion.id.in_(suggestion_ids))
    of: dict[int, int] = dict(db.session.execute(wanted).all())
    these = Conversation.id.in_(set(of.values()))
    found: dict[int, set[str]] = {}
    for _, conversation, which in db.session.execute(union_all(_uses(these), _taken(these))):
        found.setdefault(conversation, set()).add(which)
    return {number: found.get(conversation, set()) for number, conversation in of.items()}


def _uses(which: ColumnElement[bool]) -> Select[datetime, int, str]:
    """By bots."""
    return (
        select(BotTurn.created_at, BotTurn.conversation_id, BotTurn.choice)
        .join(Conversation, Conversation.id == BotTurn.conversation_id)
        .where(which, BotTurn.outcome == "said", BotTurn.choice != "", BotTurn.created_at > now() - COUNTED)
    )


def _taken(which: ColumnElement[bool]) -> Select[datetime, int, str]:
    """By agents."""
    return (
        select(Suggestion.created_at, Suggestion.conversation_id, func.coalesce(Suggestion.used, ""))
        .join(Conversation, Conversation.id == Suggestion.conversation_id)
        .where(which, Suggestion.used.is_not(None), Suggestion.created_at > now() - COUNTED)
    )


def report() -> RecommendationReport:
    each = func.jsonb_array_elements(Suggestion.recommendations).table_valued("value")
    by, which = each.c.value.op("->>")("by"), each.c.value.op("->>")("id")
    offer = func.concat(Suggestion.conversation_id, " ", which)
    counted = (
        select(
            cast(by, String),
            func.count(offer.distinct()),
            func.count(offer.distinct()).filter(Suggestion.used == which),
        )
        .select_from(Suggestion)
        .join(each, Suggestion.id.is_not(None))
        .where(Suggestion.created_at > now() - REPORTED, Suggestion.state == "done")
        .group_by(by)
    )
    counts = {name: (shown, used) for name, shown, used in db.session.execute(counted)}
    usual = _rate(*counts.get("popular", (0, 0)))
    items = []
    for name in WAYS:
        shown, used = counts.get(name, (0, 0))
        rate = _rate(shown, used)
        against = round(rate / usual, 2) if rate is not None and usual else None
        items.append(RecommendedBy(by=name, shown=shown, used=used, rate=rate, against_popular=against))
    shown, used = sum(each.shown for each in items), sum(each.used for each in items)
    return RecommendationReport(items=items, next=None, shown=shown, used=used, rate=_rate(shown, used))


def _rate(shown: int, used: int) -> float | None:
    return round(used / shown, 3) if shown else None
