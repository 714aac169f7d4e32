"""What colleagues and bots did in a conversation while an agent wrote an answer."""

from __future__ import annotations

from sqlalchemy import func, select

from hub.db import db
from hub.models import Agent, Conversation, Message
from hub.refusals import Refusal
from hub.shapes import rfc3339

TAKEN = ("claimed", "assigned", "taken_over")


def nobody_was_faster(conversation: Conversation, agent: Agent, seen: int) -> None:
    """Refuses what the customer may have been told already by others, or what is somebody else's by now.

    Whoever sends it all the same names what they have seen by then, so it is asked once.
    """
    later = (Message.conversation_id == conversation.id) & (Message.id > seen)
    by_me = (Message.author_kind == "agent") & (Message.author_id == agent.id)
    event = Message.payload["event"].astext
    newest = select(Message).where(later).order_by(Message.id.desc()).limit(1)
    said = db.session.scalar(newest.where(Message.direction == "out", ~func.coalesce(by_me, False)))
    if said:
        facts = _facts(said, said.author_name)
        raise Refusal(
            "answered_meanwhile", f"{said.author_name or 'A bot'} has answered.", 409, kind=said.author_kind, **facts
        )
    if conversation.assignee is None or conversation.assignee_id == agent.id:
        return
    taken = db.session.scalar(newest.where(Message.kind == "event", event.in_(TAKEN)))
    if taken:
        first = conversation.assignee.name
        raise Refusal("claimed_meanwhile", f"{first} has it now.", 409, **_facts(taken, first))


def _facts(message: Message, by: str) -> dict[str, str]:
    return {"by": by, "at": rfc3339(message.created_at), "seen": str(message.id)}
