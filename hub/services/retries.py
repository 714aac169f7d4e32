"""Jobs that ask somebody for something: asking again does no harm."""

from __future__ import annotations

from datetime import timedelta

from channels.errors import Refused, SendError
from hub import current
from hub.jobs import Job, retry_later


def asked_again(job: Job, error: SendError, longest: timedelta | None = None) -> bool:
    """Put off by the schedule, or for good: only a clear no ends it early. `longest`: whatever they ask for."""
    schedule = current.settings().hub.delivery.retry_after
    job.error, job.error_code = error.reason or type(error).__name__, error.code
    if isinstance(error, Refused) or job.attempts > len(schedule):
        job.state = "failed"
        return False
    pause = error.after or schedule[job.attempts - 1]
    retry_later(job, min(pause, longest) if longest else pause)
    return True
