"""A person decides that a job should be tried again."""

from __future__ import annotations

from hub.db import db, now
from hub.jobs import Job, job_models, ring
from hub.live import tell
from hub.models import Agent, Arrival, Attachment, Delivery, MediaFetch, Message
from hub.refusals import NotFound, Refusal
from hub.services import allowances, arrivals, audit, routes

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
    parts = [part for part in message.deliveries if part.state in ("failed", "uncertain")]
    if not parts:
        raise Refusal("not_retryable", "Nothing of this message failed.")
    for part in parts:
        retry(part, by)


def retry(job: Job, by: Agent) -> None:
    if job.state not in RETRYABLE:
        raise Refusal("not_retryable", f"This job is {job.state}.")
    if isinstance(job, Arrival) and job.event is None:
        arrivals.replay(job)
    else:
        _again(job)
        job.state, job.due_at, job.attempts = "pending", now(), 0
    ring(job.kind)
    audit.record(by, "retry", job)  # type: ignore[arg-type]


def _again(job: Job) -> None:
    if isinstance(job, Delivery):
        if job.state != "pending" and job.spent is None:
            capabilities = routes.capabilities_of(job.channel)
            purse = allowances.purses([job.identity_id])[job.identity_id]
            [job.spent] = allowances.spend(purse, 1, capabilities, by_bot=False)
        tell(job.message)
    if isinstance(job, MediaFetch):
        attachment: Attachment = job.attachment
        attachment.state = "pending"
        if attachment.message:
            tell(attachment.message)
