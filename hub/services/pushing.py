"""Reaching agents who do not look: what becomes a push, and whether it is still worth one when its time comes."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.orm import joinedload

from channels import strangers
from channels.errors import Refused, SendError
from hub import current, web_push
from hub.db import db, now
from hub.desk.presence import SEEN_LASTS
from hub.jobs import UNFINISHED, claim, one_again
from hub.models import (
    AccessToken,
    Agent,
    AgentPresence,
    Conversation,
    Message,
    Notification,
    NotificationChoice,
    Push,
    PushSubscription,
)
from hub.models.pushing import ABOUT
from hub.readers import may_read
from hub.refusals import Invalid
from hub.services import retries
from hub.shapes import called
from hub.web_push import Browser, Sealed

WAIT = timedelta(seconds=10)  # who looks at the inbox needs no push
MOST_BROWSERS = 20  # of one agent
EXCERPT = 120  # characters
GONE = ("404", "410")  # the browser has forgotten us


@dataclass(frozen=True, slots=True)
class Ready:
    job_id: int
    sealed: Sealed


# which devices, and what they are told about


def subscribe(agent: Agent, token: AccessToken, browser: Browser, language: str) -> PushSubscription:
    if not strangers.is_public(browser.endpoint):
        raise Invalid("endpoint", "is not the address of a public push service")
    if not web_push.is_key(browser.p256dh):
        raise Invalid("p256dh", "is not a key of a browser")
    if not web_push.is_secret(browser.auth):
        raise Invalid("auth", "is not a secret of a browser")
    row = _of(browser.endpoint) or PushSubscription(endpoint=browser.endpoint)
    # whoever signed in last on this browser
    row.agent, row.token, row.language = agent, token, language
    row.p256dh, row.auth = browser.p256dh, browser.auth
    db.session.add(row)
    db.session.flush()
    theirs = (
        select(PushSubscription.id).where(PushSubscription.agent_id == agent.id).order_by(PushSubscription.id.desc())
    )
    _end(db.session.scalars(theirs.offset(MOST_BROWSERS)).all())
    return row


def unsubscribe(agent: Agent, endpoint: str) -> None:
    if (row := _of(endpoint)) and row.agent_id == agent.id:
        _end([row.id])


def choose(
    agent: Agent, about: Mapping[str, bool], show_content: bool, quiet_from: str | None, quiet_to: str | None
) -> None:
    if (quiet_from is None) != (quiet_to is None):
        raise Invalid("quiet_to" if quiet_from else "quiet_from", "is missing")
    row = db.session.get(NotificationChoice, agent.id) or NotificationChoice(agent_id=agent.id)
    row.about = {name: on for name, on in about.items() if on != ABOUT[name]}
    row.show_content, row.quiet_from, row.quiet_to = show_content, quiet_from, quiet_to
    db.session.add(row)


# what becomes a push


def tell_of_messages(newest: Mapping[Conversation, Message]) -> None:
    """Customers wrote to whom they are with."""
    owned = {row: message for row, message in newest.items() if row.assignee_id is not None}
    subscriptions = _wanting("message", {row.assignee_id for row in owned if row.assignee_id})
    waiting = _waiting(subscriptions)
    for conversation, message in owned.items():
        for each in subscriptions:
            if each.agent_id == conversation.assignee_id and (each.id, conversation.id) not in waiting:
                _push(each, "message", conversation, message)


def tell_of(row: Notification) -> None:
    for each in _wanting(row.kind, {row.agent.id}):
        _push(each, row.kind, row.conversation, row.message).notification_id = row.id


def _push(to: PushSubscription, about: str, conversation: Conversation, message: Message | None) -> Push:
    job = Push(
        lane=f"push:{to.id}",
        due_at=now() + WAIT,
        subscription=to,
        about=about,
        conversation=conversation,
        message=message,
        notification_id=None,
    )
    db.session.add(job)
    return job


def _wanting(about: str, agent_ids: Collection[int]) -> Sequence[PushSubscription]:
    if not agent_ids:
        return ()
    rows = (
        select(PushSubscription, NotificationChoice)
        .outerjoin(NotificationChoice, NotificationChoice.agent_id == PushSubscription.agent_id)
        .where(PushSubscription.agent_id.in_(agent_ids))
    )
    return [each for each, choice in db.session.execute(rows) if wants(choice, about, now())]


def wants(choice: NotificationChoice | None, about: str, at: datetime) -> bool:
    if not (choice.about if choice else {}).get(about, ABOUT[about]):
        return False
    return choice is None or not is_quiet(choice, at)


def is_quiet(choice: NotificationChoice, at: datetime) -> bool:
    if choice.quiet_from is None or choice.quiet_to is None:
        return False
    time = at.astimezone(ZoneInfo(current.settings().hub.timezone)).strftime("%H:%M")
    start, end = choice.quiet_from, choice.quiet_to
    return start <= time < end if start <= end else time >= start or time < end  # over midnight


def _waiting(subscriptions: Sequence[PushSubscription]) -> set[tuple[int, int]]:
    """Messages of one conversation are one push, until it is sent."""
    if not subscriptions:
        return set()
    theirs = (Push.subscription_id.in_([each.id for each in subscriptions])) & (Push.about == "message")
    rows = select(Push.subscription_id, Push.conversation_id).where(theirs, Push.state.in_(UNFINISHED))
    return {(subscription, conversation) for subscription, conversation in db.session.execute(rows)}


# sending it


def claim_due(limit: int) -> list[Ready | None]:
    """Sealed, or None for one that nobody needs any more."""
    whole = (
        joinedload(Push.subscription).joinedload(PushSubscription.agent),
        joinedload(Push.conversation).joinedload(Conversation.contact),
        joinedload(Push.conversation).joinedload(Conversation.reply_identity),
        joinedload(Push.message),
    )
    return [_ready(job) for job in claim(Push, limit=limit, options=whole)]


def record(job_id: int, error: SendError | None) -> None:
    job = db.session.get(Push, job_id)
    if job is None:  # its browser signed out meanwhile
        return
    job = one_again(Push, job_id)
    if error is None:
        job.state, job.error, job.error_code = "done", "", ""
    elif isinstance(error, Refused) and error.code in GONE:
        _end([job.subscription_id])
    else:
        retries.asked_again(job, error)


def forget(older_than: timedelta) -> int:
    """Those that ended."""
    old = (
        select(Push.id).where(Push.state.in_(("done", "cancelled")), Push.created_at < now() - older_than).limit(1_000)
    )
    return len(db.session.scalars(delete(Push).where(Push.id.in_(old)).returning(Push.id)).all())


def _ready(job: Push) -> Ready | None:
    if reason := _needless(job):
        job.state, job.error_code = "cancelled", reason
        return None
    to, hub = job.subscription, current.settings().hub
    us = f"push@{urlsplit(hub.public_url).hostname}"
    browser = Browser(to.endpoint, to.p256dh, to.auth)
    words = json.dumps(_words(job), ensure_ascii=False).encode()
    return Ready(job.id, web_push.seal(current.data(), us, browser, words, f"c{job.conversation_id}"))


def _needless(job: Push) -> str:
    """Why; "" if it is to be sent."""
    to, conversation = job.subscription, job.conversation
    if not db.session.scalar(select(AccessToken.id).where(AccessToken.id == to.token_id, AccessToken.may_enter(now()))):
        return "signed_out"
    if not may_read(to.agent, conversation):
        return "not_theirs"
    if job.about == "message" and (not conversation.unread or conversation.assignee_id != to.agent_id):
        return "seen"
    if job.notification_id and _is_seen(job.notification_id):
        return "seen"
    return "at_the_desk" if _is_at_the_desk(to.agent_id) else ""


def _is_seen(notification_id: int) -> bool:
    seen = select(Notification.seen_at).where(Notification.id == notification_id)
    return db.session.scalar(seen) is not None


def _is_at_the_desk(agent_id: int) -> bool:
    """Their inbox is open, and somebody sits before it: it tells them itself."""
    row = db.session.get(AgentPresence, agent_id, populate_existing=True)
    at = now()
    return (
        row is not None and row.seen_at > at - SEEN_LASTS and row.active_at > at - current.settings().present.away_after
    )


def _words(job: Push) -> dict[str, object]:
    """The browser says it in its own words; of people and texts only where the agent wants them on a locked screen."""
    words: dict[str, object] = {
        "about": job.about,
        "conversation": job.conversation_id,
        "language": job.subscription.language,
    }
    choice = db.session.get(NotificationChoice, job.subscription.agent_id)
    if choice and choice.show_content:
        words["name"] = called(job.conversation.contact, job.conversation.reply_identity).name
        words["text"] = job.message.text[:EXCERPT] if job.message else ""
    return words


def _of(endpoint: str) -> PushSubscription | None:
    return db.session.scalar(select(PushSubscription).where(PushSubscription.endpoint == endpoint))


def _end(subscription_ids: Iterable[int]) -> None:
    ids = list(subscription_ids)
    if ids:
        db.session.flush()
        db.session.execute(delete(PushSubscription).where(PushSubscription.id.in_(ids)))
