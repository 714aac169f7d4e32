"""Who is to be asked how it was. See asking for how they are asked, and what they answer."""

from __future__ import annotations

from sqlalchemy import or_, select

from hub import current
from hub.db import db, now
from hub.desk.surveys import Survey as Rules
from hub.models import Agent, Conversation, Survey


def want(conversation: Conversation, by: Agent) -> None:
    """An agent answered and resolved it. Whether the customer is really asked is seen when the time has come."""
    channel = conversation.reply_channel
    if conversation.first_answered_at is not None and (config := may_ask(conversation, channel)):
        begin(config, conversation, by, channel)


def may_ask(conversation: Conversation, channel: str) -> Rules | None:
    """None: nobody is asked there, or they were not long ago."""
    config = current.settings().survey
    if config is None or not config.is_for(conversation.team, channel):
        return None
    theirs = select(Survey.id).join(Conversation).where(Conversation.contact_id == conversation.contact_id)
    lately = or_(Survey.asked_at > now() - config.not_again_within, Survey.state.in_(("pending", "running")))
    return None if db.session.scalar(select(theirs.where(lately).exists())) else config


def begin(config: Rules, conversation: Conversation, by: Agent, channel: str) -> Survey:
    row = Survey(lane=f"contact:{conversation.contact_id}", conversation=conversation, agent=by)
    row.channel, row.scale, row.due_at = channel, config.scale, now() + config.after
    db.session.add(row)
    return row
