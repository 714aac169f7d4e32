"""Several actions at one key: all of them happen, or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import select

from channels.settings import Duration
from hub import filling
from hub.db import db, now
from hub.desk.canned import UNTIL_THEY_WRITE, Macro
from hub.desk.gaps import filled, gaps
from hub.desk.sla import PRIORITIES
from hub.knowledge.wording import Texts
from hub.models import Agent, Conversation
from hub.refusals import Invalid, Refusal
from hub.services import audit, conversations, labelling, replies
from hub.services.fitting import Content
from hub.services.threads import note_event


@dataclass(frozen=True, slots=True)
class Scene:
    conversation: Conversation
    agent: Agent
    put: Callable[[Texts], str]


def run(conversation: Conversation, agent: Agent, macro: Macro, key: str | None = None) -> None:
    """In the caller's transaction: what one action refuses undoes them all, and says which it was."""
    line = note_event(conversation, "macro", title=macro.title.zh, by=agent.name)
    line.idempotency_key = key
    language, values = filling.language(conversation), filling.values(conversation, agent)
    scene = Scene(conversation, agent, lambda text: _whole(filled(text.in_(language), values)))
    for number, action in enumerate(macro.actions, 1):
        try:
            ACTS[action.name](scene, getattr(action, action.name))
        except Refusal as refusal:
            where = {"step": str(number), "action": action.name, "reason": refusal.code}
            detail = f"Step {number} ({action.name}): {refusal.detail}"
            raise Refusal("macro_refused", detail, refusal.status, **{**refusal.facts, **where}) from refusal
    audit.record(agent, "run_macro", conversation, title=macro.title.zh)


def must_be_whole(text: str) -> None:
    """Nobody is sent "Dear {customer.name}"."""
    if left := gaps(text):
        raise Refusal("gap_left", f"{', '.join(left)}: is not known here. Fill it in by hand.", 422, gap=left[0])


def _whole(text: str) -> str:
    must_be_whole(text)
    return text


def _reply(scene: Scene, said: Texts) -> None:
    replies.reply_by_agent(scene.conversation, scene.agent, Content(text=scene.put(said)))


def _note(scene: Scene, said: Texts) -> None:
    replies.note(scene.conversation, scene.agent, Content(text=scene.put(said)))


def _team(scene: Scene, team: str) -> None:
    conversations.hand_over(scene.conversation, "by_agent", team, scene.agent)


def _assign(scene: Scene, to: str) -> None:
    colleague = scene.agent if to == "me" else None if to == "nobody" else _colleague(to)
    if scene.conversation.assignee_id != (colleague.id if colleague else None):
        conversations.assign(scene.conversation, colleague, scene.agent)


def _label(scene: Scene, label: str) -> None:
    labelling.label(scene.conversation, scene.agent, [label])


def _priority(scene: Scene, priority: str) -> None:
    labelling.prioritise(scene.conversation, scene.agent, PRIORITIES.index(priority))


def _snooze(scene: Scene, span: str) -> None:
    until = None if span == UNTIL_THEY_WRITE else now() + TypeAdapter(Duration).validate_python(span)
    conversations.snooze(scene.conversation, until, scene.agent)


def _resolve(scene: Scene, ended: str | bool) -> None:
    conversations.resolve(scene.conversation, scene.agent, ended if isinstance(ended, str) else "")


def _colleague(email: str) -> Agent:
    found = db.session.scalar(select(Agent).where(Agent.email == email.strip().lower(), Agent.disabled_at.is_(None)))
    if found is None:
        raise Invalid("assign", f"there is no agent {email}")
    return found


ACTS: Mapping[str, Callable[[Scene, Any], None]] = {
    "reply": _reply,
    "note": _note,
    "label": _label,
    "priority": _priority,
    "team": _team,
    "assign": _assign,
    "snooze": _snooze,
    "resolve": _resolve,
}
