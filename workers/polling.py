"""Asks providers for what they may have failed to push."""

from __future__ import annotations

from channels.contract import PolledChannel
from hub import current
from hub.db import transaction
from hub.services import polls
from workers.attempts import tried


def poll(limit: int) -> int:
    with transaction():
        claimed = [(job.id, job.channel) for job in polls.claim_due(limit)]
    for job_id, name in claimed:
        channel = current.channels()[name]
        assert isinstance(channel, PolledChannel)
        found = tried(lambda channel=channel: list(channel.poll()), name)  # type: ignore[misc]
        with transaction():
            polls.polled(job_id, found)
    return len(claimed)
