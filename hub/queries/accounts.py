"""The accounts of agents, as admins see them."""

from __future__ import annotations

from sqlalchemy import func, select

from hub import current
from hub.db import db, now
from hub.models import AccessToken, Agent, Conversation
from hub.models.conversations import HELD
from hub.shapes import AgentShape, Time


class AccountShape(AgentShape):
    teams: list[str]
    created_at: Time
    seen_at: Time | None
    disabled_at: Time | None
    password: bool
    totp: bool
    invited: bool  # has a link that still works
    conversations: int  # in their hands


def everybody() -> list[AccountShape]:
    invited = set(
        db.session.scalars(
            select(AccessToken.agent_id).where(AccessToken.kind == "invitation", AccessToken.expires_at > now())
        )
    )
    held = (
        select(Conversation.assignee_id, func.count())
        .where(Conversation.status.in_(HELD), Conversation.assignee_id.is_not(None))
        .group_by(Conversation.assignee_id)
    )
    counts = dict(db.session.execute(held).all())
    rows = db.session.scalars(select(Agent).order_by(Agent.disabled_at.is_not(None), Agent.name, Agent.id))
    return [
        AccountShape(
            **AgentShape.of(row).model_dump(),
            teams=current.teams_of(row.email),
            created_at=row.created_at,
            seen_at=row.seen_at,
            disabled_at=row.disabled_at,
            password=row.password_hash is not None,
            totp=row.totp_secret is not None,
            invited=row.id in invited,
            conversations=counts.get(row.id, 0),
        )
        for row in rows
    ]
