"""Agents, their passwords, sessions and tokens."""

from __future__ import annotations

from datetime import timedelta
from secrets import token_urlsafe

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import delete, func, select

from hub.db import db, now
from hub.live import tell_access
from hub.models import AccessToken, Agent, LoginFailure
from hub.models.agents import ROLES, digest
from hub.refusals import Invalid, Refusal
from hub.services import audit

SESSION = timedelta(days=14)
LIVES = {"session": SESSION, "invitation": timedelta(days=3)}  # API tokens live until somebody revokes them
SEEN_EVERY = timedelta(minutes=1)
GUESSING = timedelta(minutes=15)
GUESSES_PER_EMAIL, GUESSES_PER_IP = 10, 50
SHORTEST_PASSWORD = 8
passwords = PasswordHasher()
# checked when nobody has that address, so that the time taken does not tell who exists
NOBODY = passwords.hash(token_urlsafe())


def add(email: str, name: str, role: str, password: str | None) -> Agent:
    """Make an agent, or change the one with this address."""
    email = email.strip().lower()
    if "@" not in email:
        raise Invalid("email", "is not an e-mail address")
    if role not in ROLES:
        raise Invalid("role", f"must be one of {', '.join(ROLES)}")
    agent = db.session.scalar(select(Agent).where(Agent.email == email)) or Agent(email=email)
    agent.name, agent.role = name, role
    if password is not None:
        set_password(agent, password)
    db.session.add(agent)
    db.session.flush()
    audit.record(None, "set_agent", agent, role=role)
    tell_access()
    return agent


def set_password(agent: Agent, password: str) -> None:
    if len(password) < SHORTEST_PASSWORD:
        raise Invalid("password", f"needs at least {SHORTEST_PASSWORD} characters")
    agent.password_hash = passwords.hash(password)


def throttle(email: str, ip: str) -> None:
    """Refuse before looking at the password once too many were wrong."""
    since = now() - GUESSING
    for column, value, most in (
        (LoginFailure.email, email.lower(), GUESSES_PER_EMAIL),
        (LoginFailure.ip, ip, GUESSES_PER_IP),
    ):
        failures = select(func.count()).where(column == value, LoginFailure.at > since)
        if (db.session.scalar(failures) or 0) >= most:
            raise Refusal("too_many_attempts", "Too many wrong passwords. Try again in 15 minutes.", 429)


def authenticate(email: str, password: str) -> Agent | None:
    agent = db.session.scalar(select(Agent).where(Agent.email == email.strip().lower()))
    try:
        passwords.verify((agent and agent.password_hash) or NOBODY, password)
    except (VerifyMismatchError, InvalidHashError):
        return None
    return agent if agent and agent.password_hash and not agent.disabled_at else None


def note_failure(email: str, ip: str) -> None:
    db.session.add(LoginFailure(email=email.lower(), ip=ip))
    db.session.execute(delete(LoginFailure).where(LoginFailure.at < now() - GUESSING))


def issue(agent: Agent, kind: str, name: str = "", by: Agent | None = None) -> str:
    """A new session, API token or invitation. This is the only time that it is seen."""
    token = token_urlsafe(32)
    lives = LIVES.get(kind)
    row = AccessToken(
        agent_id=agent.id, kind=kind, name=name, sha256=digest(token), expires_at=now() + lives if lives else None
    )
    db.session.add(row)
    db.session.flush()
    audit.record(by or agent, f"issue_{kind}", row)
    return token


def bearer(token: str) -> AccessToken | None:
    """The session or API token with which its agent may come in now."""
    return db.session.scalar(select(AccessToken).where(AccessToken.lets_in([digest(token)], now())))


def is_news(row: AccessToken) -> bool:
    """Whether it is worth a write that somebody is here."""
    return row.used_at is None or row.used_at < now() - SEEN_EVERY


def note_use(row: AccessToken) -> None:
    row.used_at = row.agent.seen_at = now()


def revoke(token: str) -> None:
    db.session.execute(delete(AccessToken).where(AccessToken.sha256 == digest(token)))
    tell_access()


def end_sessions(agent: Agent, but: str = "") -> None:
    """Everywhere but in the browser that asks."""
    sessions = delete(AccessToken).where(AccessToken.agent_id == agent.id, AccessToken.kind == "session")
    db.session.execute(sessions.where(AccessToken.sha256 != digest(but)))
    audit.record(agent, "end_sessions", agent)
    tell_access()
