"""What fills the gaps of ready-made texts in a conversation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from hub import current
from hub.db import db, now
from hub.desk.gaps import CONTEXT
from hub.knowledge.wording import Language, language_of
from hub.models import Agent, Conversation, Message
from hub.shapes import called


def values(conversation: Conversation, agent: Agent) -> dict[str, str]:
    """By the names of hub.desk.gaps; what is not known is empty."""
    at = now().astimezone(ZoneInfo(current.settings().hub.timezone))
    channel = current.settings().channels.get(conversation.reply_channel)
    return {
        "customer.name": called(conversation.contact, conversation.reply_identity).name,
        "customer.id": str(conversation.contact_id),
        "agent.name": agent.name,
        "agent.email": agent.email,
        "conversation.id": str(conversation.id),
        "conversation.subject": conversation.subject,
        "conversation.channel": channel.file.label if channel else conversation.reply_channel,
        "conversation.team": conversation.team,
        "date": at.date().isoformat(),
        "time": at.strftime("%H:%M"),
        **dict(_leaves(conversation.context, CONTEXT)),
    }


def language(conversation: Conversation) -> Language:
    """What the customer writes in, as far as their last words tell."""
    words = Message.conversation_id == conversation.id, Message.direction == "in", Message.text != ""
    said = db.session.scalar(select(Message.text).where(*words).order_by(Message.position.desc()).limit(1))
    return language_of(said or "", conversation.contact.language or current.settings().hub.language)


def _leaves(told: dict[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in told.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{name}.")
        elif isinstance(value, str | int | float) and value is not True and value is not False:
            yield f"{prefix}{name}", str(value)
