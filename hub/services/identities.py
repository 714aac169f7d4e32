"""Who comes by the identity provider: the agent that we know, or a new one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from hub.db import db
from hub.desk.login import Oidc
from hub.models import Agent
from hub.refusals import Refusal
from hub.services import accounts, agents, audit


def recognise(config: Oidc, claims: dict[str, Any]) -> Agent:
    """By what the provider calls them; the first time, by their address."""
    subject = f"{config.issuer} {claims['sub']}"
    agent = db.session.scalar(select(Agent).where(Agent.subject == subject).with_for_update())
    if agent is None:
        agent = _newcomer(config, claims)
        agent.subject = subject
    if agent.disabled_at:
        raise Refusal("disabled", "This account is disabled.", 403)
    role = config.role(claims)
    if role and role != agent.role:
        accounts.follow_role(agent, role)
    audit.record(agent, "sso_login", agent)
    return agent


def _newcomer(config: Oidc, claims: dict[str, Any]) -> Agent:
    email = str(claims.get("email") or "").strip().lower()
    if "@" not in email or claims.get("email_verified") is False:
        raise Refusal("sso_no_email", "The identity provider vouches for no e-mail address.", 403)
    if config.domains and email.rpartition("@")[2] not in {domain.lower() for domain in config.domains}:
        raise Refusal("sso_domain", "Addresses of this domain may not sign in.", 403)
    agent = db.session.scalar(select(Agent).where(Agent.email == email).with_for_update())
    if agent is not None and agent.subject is None:
        return agent
    if agent is not None or not config.create:  # the address is now somebody else's at the provider
        raise Refusal("no_account", "There is no account for this address.", 403)
    name = str(claims.get("name") or claims.get("preferred_username") or email.partition("@")[0])
    return agents.add(email, name.strip()[:80], config.role(claims) or "agent", None)
