"""Who is signed in."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from hub.db import db, now
from hub.models import AccessToken
from hub.models.agents import digest
from hub.readers import Topics, topics


def given(token: str) -> AccessToken:
    """Of a request that was let in by it."""
    return db.session.scalars(select(AccessToken).where(AccessToken.sha256 == digest(token))).one()


def standing(digests: Collection[str]) -> dict[str, Topics]:
    """What they may hear, of those that are valid."""
    valid = select(AccessToken).options(joinedload(AccessToken.agent)).where(AccessToken.lets_in(digests, now()))
    return {row.sha256: topics(row.agent) for row in db.session.scalars(valid)}
