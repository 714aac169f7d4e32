"""What agents have in hand: their open conversations, and how much of them these take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy import func, select

from hub import current
from hub.db import db
from hub.desk.routing import Routing
from hub.models import Agent, Conversation


@dataclass(frozen=True, slots=True)
class Hands:
    open: int = 0
    load: Fraction = Fraction(0)  # 1: they are full


def hands(rules: Routing, emails: Mapping[int, str]) -> dict[int, Hands]:
    """Of these agents; who has nothing is not among them."""
    theirs = (
        select(Agent.id, Conversation.reply_channel, func.count())
        .join(Agent, Agent.id == Conversation.assignee_id)
        .where(Agent.id.in_(emails), Conversation.status == "open")
        .group_by(Agent.id, Conversation.reply_channel)
    )
    found: dict[int, Hands] = {}
    for agent_id, channel, count in db.session.execute(theirs) if emails else ():
        one, known = rules.capacity.share(emails[agent_id], channel, threaded(channel)), found.get(agent_id, Hands())
        found[agent_id] = Hands(known.open + count, known.load + count * one)
    return found


def threaded(channel: str) -> bool:
    known = current.channels().get(channel)
    return known is not None and known.capabilities.threaded
