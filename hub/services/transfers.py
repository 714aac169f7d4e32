"""A conversation goes to somebody else, with what they should know."""

from __future__ import annotations

from hub.models import Agent, Conversation
from hub.services import conversations, replies
from hub.services.fitting import Content


def transfer(conversation: Conversation, by: Agent, to: Agent | None, team: str | None = None, note: str = "") -> None:
    """To a colleague, to the queue of a team, or back to its own queue: the note and the rest, or neither."""
    said = replies.note(conversation, by, Content(text=note)) if note.strip() else None
    if team is not None:
        conversations.hand_over(conversation, "by_agent", team, by)
    else:
        conversations.assign(conversation, to, by, said)
