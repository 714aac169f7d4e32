"""The tables. Everything the hub knows is a row of one of these."""

from hub.models.agents import AccessToken, Agent, AgentPresence, LoginFailure, SavedView
from hub.models.attention import Follow, Mention, Notification
from hub.models.calls import Call, CallAction, CallLeg, CallScript, PhoneDuty
from hub.models.canned import CannedReply, CannedUse
from hub.models.conversations import Attachment, Conversation, Message, MessageReference
from hub.models.drafts import Draft
from hub.models.evidence import AuditEntry, Bookmark, ChannelState, DeliveryAttempt
from hub.models.joining import ConversationMerge
from hub.models.learning import BotVersion, Proposal, QuestionCluster
from hub.models.people import Allowance, Consent, Contact, Identity, Merge
from hub.models.pushing import NotificationChoice, Push, PushSubscription
from hub.models.sla import SlaClock
from hub.models.work import (
    Arrival,
    BotTurn,
    Delivery,
    MediaFetch,
    Poll,
    ProfileFetch,
    Reconciliation,
    Suggestion,
    Survey,
    Transcription,
)

__all__ = [
    "AccessToken",
    "Agent",
    "AgentPresence",
    "Allowance",
    "Arrival",
    "Attachment",
    "AuditEntry",
    "Bookmark",
    "BotTurn",
    "BotVersion",
    "Call",
    "CallAction",
    "CallLeg",
    "CallScript",
    "CannedReply",
    "CannedUse",
    "ChannelState",
    "Consent",
    "Contact",
    "Conversation",
    "ConversationMerge",
    "Delivery",
    "DeliveryAttempt",
    "Draft",
    "Follow",
    "Identity",
    "LoginFailure",
    "MediaFetch",
    "Mention",
    "Merge",
    "Message",
    "MessageReference",
    "Notification",
    "NotificationChoice",
    "PhoneDuty",
    "Poll",
    "ProfileFetch",
    "Proposal",
    "Push",
    "PushSubscription",
    "QuestionCluster",
    "Reconciliation",
    "SavedView",
    "SlaClock",
    "Suggestion",
    "Survey",
    "Transcription",
]
