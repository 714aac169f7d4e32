"""What is to be done to legs and recordings, and what came of it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from channels.errors import Misconfigured, Refused, SendError, Throttled, Uncertain
from hub.db import db, now
from hub.jobs import claim, lost_claims, one_again, retry_later
from hub.models import Call, CallAction, CallLeg
from hub.services import calls, lines, pauses, retries

PLACE_TRIES = 3  # while the provider asks us to slow down: a phone that rings much later only disturbs
LOST_WORKER = "The worker died while ringing: the phone may have rung."
HOLD_TRIES = 5
OVERDUE = timedelta(seconds=90)  # no phone rings for so long


def claim_due(limit: int) -> list[CallAction]:
    theirs = CallAction.call.has(Call.channel.in_([line.name for line in lines.lines()]))
    whole = (joinedload(CallAction.leg), joinedload(CallAction.call))
    return claim(CallAction, theirs, limit=limit, options=whole)


def is_in_vain(job: CallAction) -> bool:
    """The leg is gone, or nobody needs it any more."""
    leg = job.leg
    if job.action == "place":
        return job.call.state == "ended" or (leg is not None and leg.state != "placing")
    return leg is not None and (leg.state == "ended" or leg.provider_id is None)


def record(job_id: int, result: str | SendError | None) -> None:
    """`result`: the provider's id of a leg that was placed."""
    job = one_again(CallAction, job_id)
    if job.state != "running":
        return
    call = lines.locked(job.call_id)
    leg = next((each for each in call.legs if each.id == job.leg_id), None)
    if isinstance(result, SendError):
        _failed(job, call, leg, result)
        return
    job.state, job.error, job.error_code = "done", "", ""
    pauses.lift({call.channel})
    match job.action:
        case "place" if leg and result:
            leg.provider_id = leg.provider_id or result
            if leg.state == "placing":
                leg.state = "ringing"
        case "end" if leg:
            calls.leg_ended(leg, "cancelled" if leg.state != "answered" else "completed")
        case "forget":
            job.ref, job.lane = "", "erased"
        case "hold" | "resume":
            call.held = job.action == "hold"
    lines.show(call)


def _failed(job: CallAction, call: Call, leg: CallLeg | None, error: SendError) -> None:
    if isinstance(error, Misconfigured):
        pauses.pause(call.channel, error)
    if job.action == "place" and leg:
        _not_placed(job, leg, error)
    elif isinstance(error, Refused) and job.action in ("hold", "resume") and job.attempts < HOLD_TRIES:
        retry_later(job, timedelta(seconds=1))  # they are on their way into the room
    elif isinstance(error, Refused):  # it has ended meanwhile, and we shall be told
        job.state, job.error, job.error_code = "done", error.reason, error.code
    else:
        retries.asked_again(job, error)


def _not_placed(job: CallAction, leg: CallLeg, error: SendError) -> None:
    job.error, job.error_code = error.reason or type(error).__name__, error.code
    if isinstance(error, Throttled) and job.attempts < PLACE_TRIES:
        retry_later(job, error.after or timedelta(seconds=1))
    elif isinstance(error, Uncertain):  # it may ring: its own news will tell, or `lose_overdue`
        job.state = "uncertain"
    else:
        job.state = "failed"
        calls.leg_ended(leg, "failed", error.reason)


def expire_claims(older_than: timedelta) -> None:
    """Only a phone must not ring twice; all else can be done again."""
    for job in lost_claims(CallAction, older_than):
        if job.action == "place":
            job.state, job.error, job.error_code = "uncertain", LOST_WORKER, "lost_worker"
        else:
            retry_later(job, timedelta(0))


def lose_overdue() -> None:
    """Legs that were to be placed, and of which nothing was heard since."""
    overdue = select(CallLeg.id, CallLeg.call_id).where(
        CallLeg.state.in_(("placing", "ringing")), CallLeg.party == "agent", CallLeg.created_at < now() - OVERDUE
    )
    for leg_id, call_id in db.session.execute(overdue).all():
        call = lines.locked(call_id)
        leg = next(each for each in call.legs if each.id == leg_id)
        if leg.provider_id:
            lines.act(call, "end", leg)
        calls.leg_ended(leg, "no_answer")
