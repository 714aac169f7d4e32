"""Who may read what, as conditions on rows: the rule itself is in `hub.readers`.

`NOUNS` is asked before every request that names one of these in its address (hub/web/guard.py), so that no endpoint can
forget it. What somebody may not read does not exist for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import BigInteger, ColumnElement, and_, literal, or_, select, true

from hub.db import db
from hub.models import Agent, Attachment, Call, CallLeg, Conversation, Follow, Mention, Merge, Message
from hub.readers import may_read, teams_read
from hub.refusals import NotFound

__all__ = ["NOUNS", "may_read", "must_read", "readable", "reads", "teams_read"]


def readable(agent: Agent) -> ColumnElement[bool]:
    """The condition on conversations."""
    teams = teams_read(agent)
    if teams is None:
        return true()
    return or_(
        Conversation.team.in_(teams), Conversation.assignee_id == agent.id, mentioned(agent.id), followed(agent.id)
    )


def mentioned(agent_id: int, *which: ColumnElement[bool]) -> ColumnElement[bool]:
    theirs = select(Message.conversation_id).join(Mention, Mention.message_id == Message.id)
    return Conversation.id.in_(theirs.where(Mention.agent_id == agent_id, *which))


def followed(agent_id: int) -> ColumnElement[bool]:
    return Conversation.id.in_(select(Follow.conversation_id).where(Follow.agent_id == agent_id))


def must_read(agent: Agent, conversation: Conversation) -> None:
    """Once more, where one has waited for its lock: it may have gone to others meanwhile."""
    if not may_read(agent, conversation):
        raise NotFound("conversation")


def reads(agent: Agent, noun: str, number: int) -> bool:
    """Whether this one exists for them. Who reads everything is told by the endpoint itself."""
    return teams_read(agent) is None or bool(db.session.scalar(select(NOUNS[noun](agent, number))))


def _conversation(agent: Agent, number: int) -> ColumnElement[bool]:
    return select(Conversation.id).where(Conversation.id == number, readable(agent)).exists()


def _message(agent: Agent, number: int) -> ColumnElement[bool]:
    return select(Message.id).join(Message.conversation).where(Message.id == number, readable(agent)).exists()


def _attachment(agent: Agent, number: int) -> ColumnElement[bool]:
    """One of a message they read, or one they uploaded and have not sent yet."""
    told = select(Message.id).join(Message.conversation).where(Message.id == Attachment.message_id, readable(agent))
    own = and_(Attachment.message_id.is_(None), Attachment.uploaded_by_id == agent.id)
    return select(Attachment.id).where(Attachment.id == number, or_(own, told.exists())).exists()


def _call(agent: Agent, number: int) -> ColumnElement[bool]:
    """A colleague may pass a call on to somebody of another team: they hear it ring."""
    card = select(Message.id).join(Message.conversation).where(Message.id == Call.message_id, readable(agent))
    rings = select(CallLeg.id).where(CallLeg.call_id == Call.id, CallLeg.agent_id == agent.id)
    return select(Call.id).where(Call.id == number, or_(card.exists(), rings.exists())).exists()


def _contact(agent: Agent, number: int) -> ColumnElement[bool]:
    """With a conversation they read, or with whom nobody has spoken yet; who was merged is whom they became."""
    same = select(literal(number, BigInteger).label("id")).cte("same", recursive=True)
    same = same.union(select(Merge.kept_id).where(Merge.other_id == same.c.id, Merge.undone_at.is_(None)))
    theirs = select(Conversation.id).where(Conversation.contact_id.in_(select(same.c.id)))
    return or_(theirs.where(readable(agent)).exists(), ~theirs.exists())


NOUNS: Mapping[str, Callable[[Agent, int], ColumnElement[bool]]] = {
    "conversations": _conversation,
    "messages": _message,
    "attachments": _attachment,
    "calls": _call,
    "contacts": _contact,
}
