"""The tables. Everything the hub knows is a row of one of these."""

from hub.models.agents import AccessToken, Agent, LoginFailure
from hub.models.conversations import Attachment, Conversation, Message
from hub.models.evidence import AuditEntry, ChannelState, DeliveryAttempt
from hub.models.people import Allowance, Consent, Contact, Identity, Merge
from hub.models.work import Arrival, BotTurn, Delivery, MediaFetch, ProfileFetch, Transcription

__all__ = [
    "AccessToken",
    "Agent",
    "Allowance",
    "Arrival",
    "Attachment",
    "AuditEntry",
    "BotTurn",
    "ChannelState",
    "Consent",
    "Contact",
    "Conversation",
    "Delivery",
    "DeliveryAttempt",
    "Identity",
    "LoginFailure",
    "MediaFetch",
    "Merge",
    "Message",
    "ProfileFetch",
    "Transcription",
]
