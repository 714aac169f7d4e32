"""A person decides what becomes of a job that failed: another try, another channel, or nothing any more."""

from __future__ import annotations

from channels.contract import Capabilities
from hub import current
from hub.db import db, now
from hub.jobs import Job, job_models, ring
from hub.live import tell
from hub.models import Agent, Arrival, Attachment, Delivery, MediaFetch, Message
from hub.refusals import NotFound, Refusal
from hub.services import allowances, arrivals, audit, consents, conversations, routes, sla, threads
from hub.services.threads import touch_quietly

RETRYABLE = ("failed", "uncertain", "waiting", "pending")


def find(name: str) -> Job:
    """By the id the API gives: "delivery-12"."""
    kind, _, number = name.rpartition("-")
    model = next((model for model in job_models() if model.kind == kind), None)
    is_id = number.isdecimal() and len(number) <= 18
    job = db.session.get(model, int(number), with_for_update=True) if model and is_id else None
    if job is None:
        raise NotFound("job")
    return job


def resend(message: Message, by: Agent) -> None:
    """Send again what of this message did not arrive, or may not have."""
    # whether the customer was notified that it waits is another matter
    carrying = (part for part in message.deliveries if "notice" not in part.payload)
    parts = [part for part in carrying if part.state in ("failed", "uncertain")]
    if not parts:
        raise Refusal("not_retryable", "Nothing of this message failed.")
    for part in parts:
        retry(part, by)


def discard(job: Job, reason: str, by: Agent) -> None:
    """Nothing of it is done any more. Somebody answers for that: with a reason, in the audit trail."""
    if job.state not in RETRYABLE:
        raise Refusal("not_discardable", f"This job is {job.state}.")
    if isinstance(job, Delivery):
        if job.state == "pending":
            allowances.refund(job)
        tell(job.message)
        threads.note_event(job.message.conversation, "discarded", by=by.name)
    job.state, job.error, job.error_code = "cancelled", reason, "discarded"
    audit.record(by, "discard", job, reason=reason)  # type: ignore[arg-type]


def reroute(job: Job, channel: str, by: Agent) -> None:
    """What it carries goes by another channel."""
    if not isinstance(job, Delivery) or job.state not in ("failed", "uncertain", "waiting"):
        raise Refusal("not_retryable", f"This job is {job.state}.")
    routes.send_by(channel, job)
    label = current.settings().channels[channel].file.label
    tell(job.message)
    threads.note_event(job.message.conversation, "rerouted", by=by.name, channel=label)
    audit.record(by, "reroute", job, channel=channel)


def retry(job: Job, by: Agent) -> None:
    if job.state not in RETRYABLE:
        raise Refusal("not_retryable", f"This job is {job.state}.")
    if isinstance(job, Arrival) and job.event is None:
        arrivals.replay(job)
    else:
        job.state, job.due_at, job.attempts = _again(job), now(), 0
    ring(job.kind)
    audit.record(by, "retry", job)  # type: ignore[arg-type]


def _again(job: Job) -> str:
    """The state it goes on from."""
    if isinstance(job, Delivery):
        tell(job.message)
        if job.message.author_kind == "agent":
            _answers_again(job.message)
        capabilities = routes.capabilities_of(job.channel)
        job.provider_id, job.receipt = None, ""
        if capabilities.spoken:
            if not routes.is_listening(job.channel, job.identity):
                raise Refusal("no_call", "There is no call in which this could be said.")
            job.error, job.error_code = routes.WAITS["spoken"], "spoken"
            return "waiting"
        if capabilities.answers_inline:  # nothing is sent there
            job.error, job.error_code = routes.WAITS["passive"], "passive"
            return "waiting"
        _pay(job, capabilities)
        if job.state == "waiting":
            job.error = job.error_code = ""
    if isinstance(job, MediaFetch):
        attachment: Attachment = job.attachment
        attachment.state = "pending"
        if attachment.message:
            tell(attachment.message)
    return "pending"


def _answers_again(message: Message) -> None:
    conversation = conversations.locked(message.conversation_id)
    sla.answered(conversation, message)
    touch_quietly(conversation)


def _pay(delivery: Delivery, capabilities: Capabilities) -> None:
    """For what is not paid, or was given back when it failed."""
    if delivery.state == "pending":
        return
    if "notice" not in delivery.payload:
        if delivery.spent is None:
            purse = allowances.purses([delivery.identity_id])[delivery.identity_id]
            [delivery.spent] = allowances.spend(purse, 1, capabilities, by_bot=False)
        return
    template = capabilities.notice.consent if capabilities.notice else ""
    if template and delivery.state == "failed" and not consents.take(delivery.identity_id, template):
        raise Refusal("no_consent", "The customer has not agreed to another notification.")
