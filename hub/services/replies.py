"""What goes out: a reply becomes a message and the deliveries that carry it, in one transaction."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import select

from channels.contract import Address
from hub import current, letters
from hub.db import db, now
from hub.letters import USUAL, Heading
from hub.live import tell
from hub.models import Agent, Conversation, Identity, Message
from hub.readers import may_read
from hub.refusals import Invalid, Refusal
from hub.services import audit, contacts, conversations, routes
from hub.services.allowances import Purse
from hub.services.fitting import Content, Part
from hub.services.notifications import notify
from hub.services.threads import append


@dataclass(frozen=True, slots=True)
class Author:
    kind: Literal["agent", "bot", "system"]
    id: int | None
    name: str


def reply(
    conversation: Conversation,
    author: Author,
    content: Content,
    channel: str | None = None,
    key: str | None = None,
    purse: Purse | None = None,
    heading: Heading = USUAL,
    answers: Message | None = None,
) -> Message:
    """Send it where the customer last wrote, or by the named channel, or the way around that the channel has.

    Refuses what no way takes. `purse` is what the identity allows, where the caller has fetched many at once. `answers`
    is the message that is answered, where it is not the newest.
    """
    if conversation.contact.blocked_at:
        raise Refusal("blocked", "This customer is blocked. Unblock them first.")
    channel, identity = _destination(conversation, channel)
    by_bot = author.kind != "agent"
    try:
        route = routes.straight(channel, identity, content, by_bot=by_bot, purse=purse)
    except Refusal as refusal:
        detour = None if by_bot else routes.around(conversation, channel, identity, content, refusal.code)
        if detour is None:
            raise
        route = detour
    payload = asdict(content.menu) if content.menu else _payload(route.parts)
    if routes.capabilities_of(route.channel).threaded:
        for each in (*(heading.cc or ()), *heading.bcc):
            _address(route.channel, each)
        answers = answers or letters.answered(conversation)
        payload = {**payload, **letters.filled(heading, conversation, route.identity.value, answers)}
    if content.template:
        payload = {**payload, "template": {"name": content.template.name}}
    message = Message(
        direction="out",
        author_kind=author.kind,
        author_id=author.id,
        author_name=author.name,
        channel=route.channel,
        identity_id=route.identity.id,
        kind=_kind(content),
        text=_text(content, route.parts),
        payload={**payload, "fallback": route.detour} if route.detour else payload,
        sent_at=now(),
        idempotency_key=key,
        attachments=[*content.attachments, *([content.cover] if content.cover else [])],
        deliveries=routes.deliveries(route, content.text, author.name, answers),
    )
    if conversation.thread and payload.get("subject"):
        conversation.subject = payload["subject"]
    return append(conversation, message)


def begin(
    agent: Agent, channel: str, to: str, name: str, content: Content, heading: Heading, key: str | None = None
) -> Message:
    """An agent writes first, to an address that may never have written to us."""
    known = current.channels().get(channel)
    if known is None or not known.capabilities.begins:
        raise Refusal("cannot_begin", "On this channel the customer has to write first.")
    address = _address(channel, to)
    if known.is_own(address.value):
        raise Refusal("bad_address", f"{to}: is our own address.", 422, address=to)
    identity = contacts.identify([(address, ())])[address]
    identity.contact.name = identity.contact.name or name
    if known.capabilities.threaded:
        if not heading.subject:
            raise Invalid("subject", "is missing")
        conversation = conversations.open_new(identity, channel, uuid4().hex)
        conversation.subject = heading.subject
        conversations.take(conversation, agent)
    else:
        conversation = _chat_with(identity, channel, agent)
    db.session.flush()
    return reply(conversation, Author("agent", agent.id, agent.name), content, channel, key, heading=heading)


def _chat_with(identity: Identity, channel: str, agent: Agent) -> Conversation:
    """The one they have, which goes on there, or a new one."""
    if identity.id and (known := conversations.unresolved([identity.contact]).get((identity.contact, ""))):
        if not may_read(agent, known):
            raise Refusal("with_others", "Colleagues of another team are in touch with this customer.")
        conversations.claim(known, agent)
        known.reply_channel, known.reply_identity = channel, identity
        return known
    conversation = conversations.open_new(identity, channel)
    conversations.take(conversation, agent)
    return conversation


def reply_by_agent(
    conversation: Conversation,
    agent: Agent,
    content: Content,
    channel: str | None = None,
    key: str | None = None,
    heading: Heading = USUAL,
) -> Message:
    """A person answers: from here on the conversation is with people."""
    if conversation.status == "resolved":
        raise Refusal("resolved", "This conversation is resolved. Reopen it first.")
    if conversation.assignee_id is None or conversation.status == "bot":
        conversations.claim(conversation, agent)
    message = reply(conversation, Author("agent", agent.id, agent.name), content, channel, key, heading=heading)
    conversation.unread = 0
    conversations.answered(conversation)
    return message


def note(conversation: Conversation, agent: Agent, content: Content, key: str | None = None) -> Message:
    """Seen by colleagues only. It has no delivery, so no mistake can send it."""
    if not content.text.strip() and not content.attachments:
        raise Refusal("empty", "There is nothing to note.", 422)
    message = Message(
        direction="note",
        author_kind="agent",
        author_id=agent.id,
        author_name=agent.name,
        channel=conversation.reply_channel,
        kind=_kind(content),
        text=content.text.strip(),
        payload={},
        sent_at=now(),
        idempotency_key=key,
        attachments=list(content.attachments),
        deliveries=[],
    )
    if conversation.assignee_id == agent.id:
        conversations.answered(conversation)
    return append(conversation, message)


def edit_note(message: Message, text: str, agent: Agent) -> None:
    if message.direction != "note" or (message.author_kind, message.author_id) != ("agent", agent.id):
        raise Refusal("not_your_note", "Only your own notes can be changed.", 403)
    if not text.strip() and not message.attachments:
        raise Refusal("empty", "There is nothing to note.", 422)
    message.text = text.strip()
    message.payload = {**message.payload, "edited_at": now().isoformat()}
    audit.record(agent, "edit_note", message)
    tell(message)


def whisper(conversation: Conversation, by: Agent, content: Content, to: Agent, key: str | None = None) -> Message:
    """A note that is meant for one colleague, who is called for it."""
    message = note(conversation, by, content, key)
    message.payload = {"whisper_to": {"id": to.id, "name": to.name}}
    notify(to, "whisper", conversation, message, by=by.name)
    return message


def said_before(key: str) -> Message | None:
    return db.session.scalar(select(Message).where(Message.idempotency_key == key))


def _destination(conversation: Conversation, channel: str | None) -> tuple[str, Identity]:
    if channel is None or channel == conversation.reply_channel:
        return conversation.reply_channel, conversation.reply_identity
    written = (
        select(Identity)
        .join(Message, Message.identity_id == Identity.id)
        .where(Message.conversation_id == conversation.id, Message.channel == channel, Message.direction == "in")
        .order_by(Message.position.desc())
        .limit(1)
    )
    if identity := db.session.scalar(written) or _known_there(conversation, channel):
        return channel, identity
    raise Refusal("no_channel", f"The customer has not written on {channel} in this conversation.")


def _known_there(conversation: Conversation, channel: str) -> Identity | None:
    """Where we may write first, any address of theirs will do."""
    known = current.channels().get(channel)
    if known is None or not known.capabilities.begins or known.capabilities.threaded:
        return None
    theirs = Identity.contact_id == conversation.contact_id, Identity.scheme == known.scheme, Identity.reachable
    return db.session.scalar(select(Identity).where(*theirs).order_by(Identity.id).limit(1))


def _address(channel: str, written: str) -> Address:
    try:
        return current.channels()[channel].address(written)
    except ValueError as error:
        raise Refusal("bad_address", f"{written}: {error}", 422, address=written) from None


def _kind(content: Content) -> str:
    if content.menu:
        return "menu"
    if content.text.strip() or content.template:
        return "text"
    if content.attachments:
        return content.attachments[0].medium
    return "link" if content.link else "card"


def _text(content: Content, parts: list[Part]) -> str:
    if content.template:
        return parts[0].text
    return content.menu.head if content.menu else content.text.strip()


def _payload(parts: list[Part]) -> dict[str, Any]:
    """What a client needs to show a link or a card."""
    shown = (part.payload.get("link") or part.payload.get("card") for part in parts)
    return next((payload for payload in shown if payload), {})
