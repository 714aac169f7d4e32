"""The first admin: made once, by whoever holds the link that this machine printed. Closed for ever afterwards."""

from __future__ import annotations

import time
from pathlib import Path
from secrets import compare_digest, token_urlsafe

from sqlalchemy import func, select

from hub.db import db
from hub.embedded import write_private
from hub.keys import SETUP_TOKEN
from hub.models import Agent
from hub.refusals import Refusal
from hub.services import agents, audit

LIVES = 24 * 3600  # seconds
LOCK = 7_310_581  # of PostgreSQL's advisory locks: of two who set up at once, one waits


def is_done() -> bool:
    return db.session.scalar(select(Agent.id).where(Agent.role == "admin").limit(1)) is not None


def new_token(data: Path) -> str | None:
    """For the link; the one before no longer works. None: there is an admin, and nothing to set up."""
    if is_done():
        (data / SETUP_TOKEN).unlink(missing_ok=True)
        return None
    token = token_urlsafe(32)
    write_private(data / SETUP_TOKEN, token)
    return token


def check(data: Path, given: str) -> None:
    if is_done():
        raise Refusal("already_set_up", "Yizhan is set up: sign in.", 409)
    path = data / SETUP_TOKEN
    try:
        kept, age = path.read_text(), time.time() - path.stat().st_mtime
    except FileNotFoundError:
        kept, age = "", 0
    if not kept or not compare_digest(kept.encode(), given.encode()):
        raise Refusal("setup_link_wrong", "This is not the link that was printed last: run `yizhan setup-link`.", 403)
    if age > LIVES:
        raise Refusal("setup_link_old", "This link is too old: run `yizhan setup-link`.", 403)


def set_up(data: Path, token: str, email: str, name: str, password: str) -> Agent:
    db.session.execute(select(func.pg_advisory_xact_lock(LOCK)))
    check(data, token)
    agent = agents.add(email, name, "admin", password)
    audit.record(agent, "set_up", agent)
    return agent
