"""Keeping ready-made texts and macros: each agent their own, supervisors those that are shared."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert

from hub import current
from hub.db import db, now
from hub.desk.canned import Macro, Reply, unknown_names
from hub.models import Agent, CannedReply, CannedUse
from hub.models.canned import HALVES_IN
from hub.refusals import Invalid, Refusal
from hub.services import audit


def keep(said: Reply | Macro, agent: Agent) -> CannedReply:
    """A new one: shared with its team, or this agent's own where it has none."""
    row = CannedReply(owner_id=None if said.team else agent.id)
    _write(row, said, agent)
    db.session.add(row)
    db.session.flush()
    audit.record(agent, "keep_canned", row)
    return row


def change(row: CannedReply, said: Reply | Macro, agent: Agent) -> None:
    _must_keep(row.team, agent)
    row.owner_id = None if said.team else row.owner_id or agent.id
    _write(row, said, agent)
    audit.record(agent, "change_canned", row)


def remove(row: CannedReply, agent: Agent) -> None:
    _must_keep(row.team, agent)
    audit.record(agent, "remove_canned", row, title=row.title)
    db.session.execute(delete(CannedUse).where(CannedUse.which == str(row.id)))
    db.session.delete(row)


def used(which: Iterable[str], agent: Agent) -> None:
    """Once each, whoever else of this agent's windows counts the same at this moment."""
    for each in sorted({*which}):
        age = func.extract("epoch", now() - CannedUse.at)
        again = CannedUse.score * func.power(0.5, age / HALVES_IN.total_seconds()) + 1
        new = insert(CannedUse).values(agent_id=agent.id, which=each, score=1.0, at=now())
        db.session.execute(
            new.on_conflict_do_update(index_elements=["agent_id", "which"], set_={"score": again, "at": now()})
        )


def _write(row: CannedReply, said: Reply | Macro, agent: Agent) -> None:
    _must_keep(said.team, agent)
    settings = current.settings()
    organised = settings.work
    known = {
        "team": settings.hub.teams,
        "label": {each.id for each in organised.labels},
        "disposition": {each.id for each in organised.dispositions},
    }
    for key, reason in unknown_names(said, known):
        raise Invalid(key, reason)
    row.team, row.title, row.keywords = said.team, said.title.zh, said.keywords
    row.text = said.text.zh if isinstance(said, Reply) else ""
    row.actions = _written(said) if isinstance(said, Macro) else []
    row.updated_by, row.updated_at = agent, now()


def _written(macro: Macro) -> list[dict[str, Any]]:
    return [action.model_dump(mode="json", exclude_unset=True) for action in macro.actions]


def _must_keep(team: str | None, agent: Agent) -> None:
    if team and agent.role == "agent":
        raise Refusal("wrong_role", "Only supervisors change what a team shares.", 403)
