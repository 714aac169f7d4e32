"""What admins do with the accounts of agents. There is always an admin left who can."""

from __future__ import annotations

from sqlalchemy import delete, select

from hub import current
from hub.db import db, now
from hub.live import tell_access
from hub.models import AccessToken, Agent, Conversation
from hub.models.agents import digest
from hub.models.conversations import HELD
from hub.refusals import NotFound, Refusal
from hub.services import agents, audit, conversations, presence


def found(agent_id: int) -> Agent:
    agent = db.session.get(Agent, agent_id, with_for_update=True)
    if agent is None:
        raise NotFound("agent")
    return agent


def invite(email: str, name: str, role: str, by: Agent) -> tuple[Agent, str]:
    """A new colleague, and the link with which they choose a password."""
    if db.session.scalar(select(Agent.id).where(Agent.email == email.strip().lower())):
        raise Refusal("agent_exists", "Somebody has this address already.")
    agent = agents.add(email, name, role, None)
    audit.record(by, "invite", agent, email=agent.email, role=role)
    return agent, link(agent, by)


def link(agent: Agent, by: Agent) -> str:
    """To choose a password, once. The link before no longer works."""
    _end_invitations(agent)
    token = agents.issue(agent, "invitation", by=by)
    # behind the #, so that it stands in no log of a server
    return f"{current.settings().hub.public_url}/welcome#{token}"


def invited(token: str) -> Agent:
    wanted = AccessToken.sha256 == digest(token)
    row = db.session.scalar(select(AccessToken).where(wanted, AccessToken.kind == "invitation").with_for_update())
    if row is None or (row.expires_at and row.expires_at < now()) or row.agent.disabled_at:
        raise Refusal("invitation_over", "This link was used, or is too old. Ask an admin for a new one.", 404)
    return row.agent


def accept(token: str, password: str) -> Agent:
    agent = invited(token)
    agents.set_password(agent, password)
    _end_invitations(agent)
    agents.end_sessions(agent)
    audit.record(agent, "accept_invitation", agent)
    return agent


def change(agent: Agent, by: Agent, name: str, role: str) -> None:
    if agent.role == "admin" and role != "admin":
        _must_not_be_last(agent)
    audit.record(by, "change_agent", agent, name=name, role=role, before=[agent.name, agent.role])
    agent.name, agent.role = name, role
    tell_access()


def follow_role(agent: Agent, role: str) -> None:
    """As the identity provider says, but for the last admin."""
    if agent.role == "admin":
        try:
            _must_not_be_last(agent)
        except Refusal:
            return
    audit.record(None, "change_agent", agent, name=agent.name, role=role, before=[agent.name, agent.role])
    agent.role = role
    tell_access()


def disable(agent: Agent, by: Agent, give_back: bool) -> int:
    """At once, in every browser and for every program. How many conversations went back to the queue."""
    if agent.disabled_at:
        return 0
    if agent.role == "admin":
        _must_not_be_last(agent)
    agent.disabled_at = now()
    presence.leave(agent)
    db.session.execute(delete(AccessToken).where(AccessToken.agent_id == agent.id))
    held = select(Conversation.id).where(Conversation.assignee_id == agent.id, Conversation.status.in_(HELD))
    ids = list(db.session.scalars(held)) if give_back else []
    for conversation in conversations.locked_all(ids).values():
        conversations.take_away(conversation, by)
    tell_access()
    audit.record(by, "disable_agent", agent, gave_back=len(ids))
    return len(ids)


def enable(agent: Agent, by: Agent) -> None:
    if agent.disabled_at:
        agent.disabled_at = None
        audit.record(by, "enable_agent", agent)


def _end_invitations(agent: Agent) -> None:
    mine = AccessToken.agent_id == agent.id
    db.session.execute(delete(AccessToken).where(mine, AccessToken.kind == "invitation"))


def _must_not_be_last(agent: Agent) -> None:
    admins = select(Agent.id).where(Agent.role == "admin", Agent.disabled_at.is_(None)).order_by(Agent.id)
    if set(db.session.scalars(admins.with_for_update())) <= {agent.id}:  # two who lower each other take turns
        raise Refusal("last_admin", "There must be an admin: make somebody else one first.")
