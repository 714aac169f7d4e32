"""What the API and the live stream say of a row. Rows never leave the hub, these do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, PlainSerializer

from hub.models import (
    Agent,
    Allowance,
    Attachment,
    Bookmark,
    Call,
    CallLeg,
    ChannelState,
    Contact,
    Conversation,
    Delivery,
    Identity,
    Merge,
    Message,
    Notification,
)


def rfc3339(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


Time = Annotated[datetime, PlainSerializer(rfc3339, when_used="json-unless-none")]


class Ref(BaseModel):
    id: int
    name: str


class Author(BaseModel):
    kind: str
    id: int | None
    name: str


class AttachmentShape(BaseModel):
    id: int
    name: str
    mime: str
    size: int
    medium: str
    state: str
    url: str | None
    peaks: list[int] | None  # of a recording: how loud it is, from 0 to 100, from beginning to end
    width: int | None  # of a picture: pixels as shown, null where nobody can tell
    height: int | None

    @classmethod
    def of(cls, row: Attachment) -> AttachmentShape:
        url = f"/api/v1/attachments/{row.id}" if row.state == "ready" else None
        return cls(
            id=row.id,
            name=row.name,
            mime=row.mime,
            size=row.size,
            medium=row.medium,
            state=row.state,
            url=url,
            peaks=row.peaks,
            width=row.width,
            height=row.height,
        )


class Problem(BaseModel):
    code: str
    reason: str


class DeliveryShape(BaseModel):
    state: str
    attempts: int
    error: Problem | None

    @classmethod
    def of(cls, parts: list[Delivery]) -> DeliveryShape | None:
        """A message is as far as its slowest part, and a part in trouble speaks for all."""
        # of the notification that it waits, the message's payload tells
        parts = [part for part in parts if "notice" not in part.payload and part.state != "cancelled"] or parts
        if not parts:
            return None
        worst = min(parts, key=lambda part: PROGRESS.index(progress(part)))
        error = Problem(code=worst.error_code, reason=worst.error) if worst.error else None
        return cls(state=progress(worst), attempts=max(part.attempts for part in parts), error=error)


PROGRESS = ("failed", "uncertain", "cancelled", "queued", "sending", "sent", "delivered", "read")
IN_WORDS = {"waiting": "queued", "pending": "queued", "running": "sending", "done": "sent"}


def progress(part: Delivery) -> str:
    return part.receipt or IN_WORDS.get(part.state, part.state)


class MessageShape(BaseModel):
    id: int
    conversation_id: int
    direction: str
    author: Author
    channel: str
    kind: str
    text: str
    attachments: list[AttachmentShape]
    source: AttachmentShape | None  # the raw message, where it is kept
    payload: dict[str, Any]
    sent_at: Time
    created_at: Time
    delivery: DeliveryShape | None

    @classmethod
    def of(cls, row: Message) -> MessageShape:
        return cls(
            id=row.id,
            conversation_id=row.conversation_id,
            direction=row.direction,
            author=Author(kind=row.author_kind, id=row.author_id, name=row.author_name),
            channel=row.channel,
            kind=row.kind,
            text=row.text,
            attachments=[AttachmentShape.of(each) for each in row.attachments if each.medium != "source"],
            source=next((AttachmentShape.of(each) for each in row.attachments if each.medium == "source"), None),
            payload=row.payload,
            sent_at=row.sent_at,
            created_at=row.created_at,
            delivery=DeliveryShape.of(row.deliveries),
        )


READABLE = ("tel", "email")  # addresses that say something to people


def called(contact: Contact, identity: Identity) -> Ref:
    """Who has not told a name is called by their number, or mail address."""
    name = contact.name or (identity.value if identity.scheme in READABLE else "")
    return Ref(id=contact.id, name="" if name.startswith("erased:") else name)


class AllowanceShape(BaseModel):
    left: int
    limit: int
    until: Time

    @classmethod
    def of(cls, rows: list[Allowance], at: datetime) -> AllowanceShape | None:
        """All that may still be sent, and until when the longest of it lasts."""
        live = [row for row in rows if row.until > at] or rows
        if not live:
            return None
        left = sum(row.left for row in live if row.until > at)
        return cls(left=left, limit=max(row.limit for row in live), until=max(row.until for row in live))


class PromiseShape(BaseModel):
    """One of an SLA: `left_seconds` are by the clock on the wall while it runs, and working time while it is paused."""

    target: str  # first_answer, next_answer, resolution
    policy: str
    state: str  # running, paused, met, breached
    due_at: Time | None
    left_seconds: int | None  # less than 0: overdue by so much; None: over
    ended_at: Time | None  # breached and not ended: it is still owed

    @classmethod
    def of(cls, entry: Mapping[str, Any], at: datetime) -> PromiseShape:
        due_at, ended_at = _moment(entry["due_at"]), _moment(entry["ended_at"])
        breached = entry["breached"] or (due_at and not ended_at and due_at <= at)
        state = "breached" if breached else "met" if ended_at else "paused" if entry["paused"] else "running"
        left = (due_at - at).total_seconds() if due_at else entry["left"]
        return cls(
            target=entry["target"],
            policy=entry["policy"],
            state=state,
            due_at=due_at,
            left_seconds=None if ended_at else round(left),
            ended_at=ended_at,
        )

    @classmethod
    def listed(cls, entries: list[dict[str, Any]], at: datetime) -> list[PromiseShape]:
        """Without those that were given up: nobody is owed anything by them."""
        return [cls.of(each, at) for each in entries if each["met"] or each["breached"] or not each["ended_at"]]


def _moment(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None


class RatingShape(BaseModel):
    score: int
    scale: str  # stars: 1 to 5; good_bad: 1 or 0
    comment: str


class ConversationShape(BaseModel):
    id: int
    status: str
    subject: str
    contact: Ref
    channels: list[str]
    assignee: Ref | None
    team: str
    priority: int  # 0 low, 1 normal, 2 high, 3 urgent
    labels: list[str]
    disposition: str
    last_message: MessageShape | None
    unread: int
    allowance: AllowanceShape | None
    context: dict[str, Any]
    waiting_since: Time | None
    snoozed_until: Time | None
    sla: list[PromiseShape]
    merged_into: int | None  # what is said there now lands in that one
    csat: RatingShape | None  # what the customer thought of it
    created_at: Time
    updated_at: Time

    @classmethod
    def of(cls, row: Conversation, allowances: list[Allowance], at: datetime) -> ConversationShape:
        return cls(
            id=row.id,
            status=row.status,
            subject=row.subject,
            contact=called(row.contact, row.reply_identity),
            channels=[row.reply_channel],
            assignee=Ref(id=row.assignee.id, name=row.assignee.name) if row.assignee else None,
            team=row.team,
            priority=row.priority,
            labels=row.labels,
            disposition=row.disposition,
            last_message=MessageShape.of(row.last_message) if row.last_message else None,
            unread=row.unread,
            allowance=AllowanceShape.of(allowances, at),
            context=row.context,
            waiting_since=row.waiting_since,
            snoozed_until=row.snoozed_until,
            sla=PromiseShape.listed(row.sla, at),
            merged_into=row.merged_into_id,
            csat=RatingShape(**row.csat) if row.csat else None,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


class LegShape(BaseModel):
    id: int
    party: str  # customer, agent
    agent: Ref | None
    device: str  # of an agent: phone, browser
    state: str  # placing, ringing, answered, ended

    @classmethod
    def of(cls, row: CallLeg) -> LegShape:
        agent = Ref(id=row.agent.id, name=row.agent.name) if row.agent else None
        return cls(id=row.id, party=row.party, agent=agent, device=row.device, state=row.state)


class CallShape(BaseModel):
    id: int
    state: str  # ringing, bot, queued, calling, dialling, talking, voicemail, ended
    outcome: str  # once it ended
    reason: str
    direction: str
    number: str
    channel: str
    agent: Ref | None
    started_at: Time
    queued_at: Time | None
    answered_at: Time | None
    ended_at: Time | None
    position: int | None  # in the queue, from 1
    held: bool
    recorded: bool
    legs: list[LegShape]

    @classmethod
    def of(cls, row: Call, position: int | None) -> CallShape:
        return cls(
            id=row.id,
            state=row.state,
            outcome=row.outcome,
            reason=row.reason,
            direction=row.direction,
            number=row.identity.value if row.identity.scheme == "tel" else "",
            channel=row.channel,
            agent=Ref(id=row.agent.id, name=row.agent.name) if row.agent else None,
            started_at=row.started_at,
            queued_at=row.queued_at,
            answered_at=row.answered_at,
            ended_at=row.ended_at,
            position=position,
            held=row.held,
            recorded=row.recorded,
            legs=[LegShape.of(leg) for leg in row.legs],
        )


class LiveCallShape(CallShape):
    """The card of a call as its message has it, and whose it is."""

    conversation_id: int
    contact: Ref
    team: str

    @classmethod
    def shown(cls, row: Call) -> LiveCallShape:
        conversation = row.message.conversation
        contact = called(conversation.contact, row.identity)
        card = row.message.payload["call"]
        return cls(**card, conversation_id=conversation.id, contact=contact, team=conversation.team)


class IdentityShape(BaseModel):
    scheme: str
    value: str
    reachable: bool
    channel: str | None  # None: nobody writes from there, it only says who they are


class MergeShape(BaseModel):
    id: int
    at: Time
    by: Ref | None  # None: an address was vouched for
    other: Ref
    undone: bool

    @classmethod
    def of(cls, row: Merge) -> MergeShape:
        return cls(
            id=row.id,
            at=row.at,
            by=Ref(id=row.agent.id, name=row.agent.name) if row.agent else None,
            other=Ref(id=row.other.id, name=row.other.name),
            undone=row.undone_at is not None,
        )


class ContactShape(BaseModel):
    id: int
    name: str
    language: str
    tags: list[str]
    attributes: dict[str, Any]  # as config/contacts.toml asks for them
    blocked_at: Time | None
    facts: dict[str, Any]
    identities: list[IdentityShape]
    conversations: list[ConversationShape]
    merges: list[MergeShape]

    @classmethod
    def of(
        cls,
        row: Contact,
        conversations: list[ConversationShape],
        merges: list[MergeShape],
        channels: Mapping[str, str],
    ) -> ContactShape:
        """`channels`: the name of the one behind each scheme."""
        identities = [
            IdentityShape(scheme=i.scheme, value=i.value, reachable=i.reachable, channel=channels.get(i.scheme))
            for i in row.identities
        ]
        return cls(
            id=row.id,
            name=row.name,
            language=row.language,
            tags=row.tags,
            attributes=row.attributes,
            blocked_at=row.blocked_at,
            facts=row.facts,
            identities=identities,
            conversations=conversations,
            merges=merges,
        )


class AgentShape(BaseModel):
    id: int
    name: str
    email: str
    role: str

    @classmethod
    def of(cls, row: Agent) -> AgentShape:
        return cls(id=row.id, name=row.name, email=row.email, role=row.role)


EXCERPT = 200  # characters


class NotificationShape(BaseModel):
    id: int
    kind: str  # mention, assigned, reminder, follow, sla, whisper
    conversation: Ref  # by the name of its customer
    message_id: int | None
    text: str  # the beginning of what was said
    payload: dict[str, Any]
    created_at: Time
    seen_at: Time | None

    @classmethod
    def of(cls, row: Notification) -> NotificationShape:
        customer = called(row.conversation.contact, row.conversation.reply_identity)
        return cls(
            id=row.id,
            kind=row.kind,
            conversation=Ref(id=row.conversation_id, name=customer.name),
            message_id=row.message_id,
            text=row.message.text[:EXCERPT] if row.message else "",
            payload=row.payload,
            created_at=row.created_at,
            seen_at=row.seen_at,
        )


NOT_THERE = "The process that receives for it is not running: start `yizhan receiver`, or `yizhan up`."
SILENT_FOR = timedelta(minutes=3)  # then it is not there


class ReceiverShape(BaseModel):
    state: str  # ok, failing, away: its process is not there
    reason: str
    since: Time | None
    heard_at: Time | None

    @classmethod
    def of(cls, row: Bookmark | None, at: datetime) -> ReceiverShape:
        if row and row.failing_since:
            return cls(state="failing", reason=row.reason, since=row.failing_since, heard_at=row.heard_at)
        if row and row.heard_at and row.heard_at > at - SILENT_FOR:
            return cls(state="ok", reason="", since=None, heard_at=row.heard_at)
        return cls(state="away", reason=NOT_THERE, since=None, heard_at=row.heard_at if row else None)


class ChannelShape(BaseModel):
    name: str
    state: str  # ok; paused: it does not send; deaf: it does not receive
    reason: str

    @classmethod
    def of(cls, name: str, state: ChannelState | None, receiver: ReceiverShape | None) -> ChannelShape:
        if state and state.paused_until:
            return cls(name=name, state="paused", reason=state.reason)
        if receiver and receiver.state != "ok":
            return cls(name=name, state="deaf", reason=receiver.reason)
        return cls(name=name, state="ok", reason="")


class TemplateShape(BaseModel):
    name: str
    text: str  # its gaps as ${field}
    fields: list[str]


class ChannelHealth(ChannelShape):
    label: str
    begins: bool  # we may write first
    threaded: bool  # messages carry a subject and copies
    segments: bool  # texts are billed by the segment of an SMS
    free_text: bool  # otherwise nothing but templates
    templates: list[TemplateShape]
    spoken: bool  # what is sent is said in a call
    calls: bool  # agents can call out
    receiver: ReceiverShape | None  # None: the provider calls us
    last_inbound_at: Time | None
    last_outbound_at: Time | None
    queued: int
    failed: int


class JobShape(BaseModel):
    id: str  # its kind and number: "delivery-12"
    kind: str
    state: str
    lane: str
    attempts: int
    error: str
    error_code: str
    due_at: Time
    created_at: Time
    conversation_id: int | None
    channel: str  # "" where none is concerned
    contact: Ref | None
    excerpt: str  # of what it carries, masked
