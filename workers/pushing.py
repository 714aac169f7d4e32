"""Words for agents who do not look at the inbox go to the push services of their browsers."""

from __future__ import annotations

from functools import partial

from channels import strangers
from channels.errors import SendError
from hub.db import transaction
from hub.services import pushing
from hub.web_push import Sealed
from workers.attempts import tried


def push(limit: int) -> int:
    with transaction():
        claimed = pushing.claim_due(limit)
    for ready in claimed:
        if ready:
            error = tried(partial(_sent, ready.sealed), "push")
            with transaction():
                pushing.record(ready.job_id, error)
    return len(claimed)


def _sent(sealed: Sealed) -> SendError | None:
    strangers.post(sealed.url, sealed.body, sealed.headers)
    return None
