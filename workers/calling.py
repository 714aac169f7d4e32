"""Does to legs of calls what is due: rings phones, moves, holds and ends them."""

from __future__ import annotations

from collections.abc import Callable

from channels.voice import Placement
from hub.db import transaction
from hub.models import CallAction
from hub.services import call_actions, lines
from workers.attempts import tried


def act(limit: int) -> int:
    with transaction():
        claimed = call_actions.claim_due(limit)
        todo = [(job.id, job.call.channel, None if call_actions.is_in_vain(job) else _call(job)) for job in claimed]
    for job_id, channel, call in todo:
        result = tried(call, channel, repeatable=False) if call else None
        with transaction():
            call_actions.record(job_id, result)
    return len(todo)


def _call(job: CallAction) -> Callable[[], str | None]:
    """What to ask of the provider; with values, so that it needs no database."""
    line, ref = lines.line(job.call.channel), job.ref
    if job.leg is None:
        return lambda: line.forget(ref)
    leg, uid, room = job.leg.provider_id or "", job.leg.uid, job.call.uid.hex
    if job.action == "place":
        placement = Placement(uid=uid, to=job.leg.to, rings_for=line.settings.rings_for)
        return lambda: line.place(placement)
    doing: dict[str, Callable[[], None]] = {
        "move": lambda: line.move(leg, uid, ref),
        "end": lambda: line.end(leg),
        "hold": lambda: line.hold(leg, room, on=True),
        "resume": lambda: line.hold(leg, room, on=False),
    }
    return doing[job.action]
