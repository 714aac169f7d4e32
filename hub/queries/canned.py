"""Ready-made texts and macros: which an agent has, and those that a few letters find."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Literal

from pydantic import BaseModel
from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from hub import current, filling
from hub.db import db, now
from hub.desk.canned import Action, Listed, Macro, Reply
from hub.desk.gaps import filled, gaps
from hub.knowledge.wording import Texts, normalise
from hub.models import Agent, CannedReply, CannedUse, Conversation
from hub.models.canned import HALVES_IN
from hub.pinyin import likeness
from hub.queries import access
from hub.refusals import NotFound
from hub.settings import EVERYONE
from hub.shapes import Ref, Time

FROM_FILE = "file:"  # begins the ids of those in config/canned; the others are numbers


class ActionShape(BaseModel):
    """`said` is the text, the team, the colleague … of what `do` names."""

    do: str
    said: str
    said_en: str | None


class CannedShape(BaseModel):
    """With actions it is a macro. `gaps` are those that are left."""

    id: str
    kind: Literal["reply", "macro"]
    title: str
    title_en: str | None
    text: str
    text_en: str | None
    gaps: list[str]
    actions: list[ActionShape]
    keywords: list[str]
    team: str | None  # None: the agent's own
    file: str | None  # of the configuration: changed there
    line: int | None
    updated_by: Ref | None
    updated_at: Time | None
    editable: bool


def of(agent: Agent, words: str = "") -> list[CannedShape]:
    """As they are written, for those who keep them."""
    return [shape(which, kept, agent) for which, kept in _found(agent, words)]


def ready(conversation: Conversation, agent: Agent, words: str, limit: int) -> list[CannedShape]:
    """Filled for this conversation, in its customer's language: best found first, and of these the most used."""
    language, values = filling.language(conversation), filling.values(conversation, agent)

    def put(text: Texts) -> str:
        return filled(text.in_(language), values)

    found = []
    for which, kept in _found(agent, words)[:limit]:
        each, said = shape(which, kept, agent), _said(kept)
        each.text, each.text_en = (put(said.text) if isinstance(said, Reply) else ""), None
        each.actions = [_action(one, put) for one in said.actions] if isinstance(said, Macro) else []
        each.gaps = gaps("\n".join((each.text, *(one.said for one in each.actions))))
        found.append(each)
    return found


def row(canned_id: int, agent: Agent) -> CannedReply:
    """One that may be changed: not from a file."""
    found = db.session.get(CannedReply, canned_id)
    if found is None or not _is_theirs(found, agent):
        raise NotFound("canned reply")
    return found


def find(which: str, agent: Agent) -> Reply | Macro | None:
    if which.startswith(FROM_FILE):
        listed = current.settings().canned.get(which.removeprefix(FROM_FILE))
        return listed.said if listed and _is_for(listed.said.team or EVERYONE, agent) else None
    found = db.session.get(CannedReply, int(which)) if which.isdecimal() and len(which) < 19 else None
    return _said(found) if found and _is_theirs(found, agent) else None


def shape(which: str, kept: Listed | CannedReply, agent: Agent) -> CannedShape:
    said = _said(kept)
    row, listed = (kept, None) if isinstance(kept, CannedReply) else (None, kept)
    text = said.text if isinstance(said, Reply) else None
    return CannedShape(
        id=which,
        kind="reply" if text else "macro",
        title=said.title.zh,
        title_en=said.title.en,
        text=text.zh if text else "",
        text_en=text.en if text else None,
        gaps=gaps(text.zh) if text else [],
        actions=[_action(one) for one in said.actions] if isinstance(said, Macro) else [],
        keywords=said.keywords,
        team=row.team if row else said.team or EVERYONE,
        file=listed.file if listed else None,
        line=listed.line if listed else None,
        updated_by=Ref(id=row.updated_by.id, name=row.updated_by.name) if row else None,
        updated_at=row.updated_at if row else None,
        editable=row is not None and (row.team is None or agent.role != "agent"),
    )


def _found(agent: Agent, words: str) -> list[tuple[str, Listed | CannedReply]]:
    """Best found first, of these the most used, and else as they stand in the files."""
    uses, at = {use.which: use for use in _uses(agent)}, now()
    ranked = []
    for which, kept in _all(agent):
        if rank := _rank(_said(kept), words):
            use = uses.get(which)
            used = faded(use.score, at - use.at) if use else 0.0
            ranked.append((-rank, -used, which, kept))
    return [(which, kept) for *_, which, kept in sorted(ranked, key=lambda each: each[:2])]


def _rank(said: Reply | Macro, words: str) -> int:
    """Its title says more of it than its keywords, and these more than what stands in the text."""
    titles = max(likeness(words, each) for each in (said.title.zh, said.title.en) if each)
    keywords = max((likeness(words, each) for each in said.keywords), default=0)
    if best := max(2 * titles, 2 * keywords - 1):
        return best
    body = normalise("\n".join(_texts(said)))
    return int(all(word in body for word in normalise(words).split()))


def _texts(said: Reply | Macro) -> Iterator[str]:
    parts = [said.text] if isinstance(said, Reply) else [each.reply or each.note for each in said.actions]
    for part in parts:
        if part:
            yield from (part.zh, part.en or "")


def faded(score: float, age: timedelta) -> float:
    return float(score * 0.5 ** (age / HALVES_IN))


def _all(agent: Agent) -> Iterator[tuple[str, Listed | CannedReply]]:
    for name, listed in current.settings().canned.items():
        if _is_for(listed.said.team or EVERYONE, agent):
            yield f"{FROM_FILE}{name}", listed
    teams = access.teams_read(agent)
    shared = CannedReply.team.is_not(None) if teams is None else CannedReply.team.in_(teams)
    rows = select(CannedReply).options(joinedload(CannedReply.updated_by)).order_by(CannedReply.title, CannedReply.id)
    for each in db.session.scalars(rows.where(or_(CannedReply.owner_id == agent.id, shared))):
        yield str(each.id), each


def _uses(agent: Agent) -> Iterable[CannedUse]:
    return db.session.scalars(select(CannedUse).where(CannedUse.agent_id == agent.id))


def _is_theirs(row: CannedReply, agent: Agent) -> bool:
    return row.owner_id == agent.id if row.team is None else _is_for(row.team, agent)


def _is_for(team: str, agent: Agent) -> bool:
    teams = access.teams_read(agent)
    return teams is None or team in teams


def _said(kept: Listed | CannedReply) -> Reply | Macro:
    if isinstance(kept, Listed):
        return kept.said
    common = {"title": kept.title, "keywords": kept.keywords, "team": kept.team}
    if kept.actions:
        return Macro.model_validate({**common, "actions": kept.actions})
    return Reply.model_validate({**common, "text": kept.text})


def _action(action: Action, put: Callable[[Texts], str] | None = None) -> ActionShape:
    value = getattr(action, action.name)
    if isinstance(value, Texts):
        return ActionShape(do=action.name, said=put(value) if put else value.zh, said_en=None if put else value.en)
    return ActionShape(do=action.name, said="" if value is True else str(value), said_en=None)
