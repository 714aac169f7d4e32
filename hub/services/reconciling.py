"""Uncertain deliveries that the provider can be asked about: written down when they become so, looked for later."""

from __future__ import annotations

from channels.contract import DeliveryResult
from channels.errors import SendError
from hub import current
from hub.jobs import claim, retry_later
from hub.models import Delivery, Reconciliation
from hub.services import deliveries, threaded


def claim_due(limit: int) -> list[Reconciliation]:
    """With all that `deliveries.outbound` needs of them."""
    theirs = Reconciliation.delivery.has(Delivery.channel.in_(list(current.channels())))
    jobs = claim(Reconciliation, theirs, limit=limit)
    threaded.load_letters([job.delivery for job in jobs])
    return jobs


def looked(job: Reconciliation, found: DeliveryResult | SendError | None) -> None:
    """None proves nothing at first: it may show up later. After the last look an agent decides."""
    if job.state != "running":
        return
    waits = deliveries.LOOKS[job.attempts :]
    if isinstance(found, DeliveryResult):
        deliveries.settle(job.delivery, found)
    elif job.delivery.state == "uncertain" and waits:
        job.error, job.error_code = (found.reason, found.code) if found else ("not found yet", "")
        retry_later(job, (found.after if found else None) or waits[0])
        return
    job.state, job.error, job.error_code = "done", "", ""
