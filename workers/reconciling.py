"""Asks providers whether they have what we do not know to be sent."""

from __future__ import annotations

from channels.contract import Channel, OutboundMessage
from hub import current, files
from hub.db import transaction
from hub.jobs import one_again
from hub.models import Reconciliation
from hub.services import deliveries, reconciling
from workers.attempts import tried


def reconcile(limit: int) -> int:
    """Uncertain deliveries are looked for."""
    with transaction():
        store, config = files.folder(), current.settings().hub
        asked = [
            (
                job.id,
                current.channels()[job.delivery.channel],
                deliveries.outbound(job.delivery, store, config),
            )
            for job in reconciling.claim_due(limit)
        ]
    for job_id, channel, message in asked:
        _look(job_id, channel, message)
    return len(asked)


def _look(job_id: int, channel: Channel, message: OutboundMessage) -> None:
    found = tried(lambda: channel.reconcile(message), channel.name)
    with transaction():
        reconciling.looked(one_again(Reconciliation, job_id), found)
