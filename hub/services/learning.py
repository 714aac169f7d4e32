"""How bots learn with people: questions are put together, agents say what they mean, ops take it into the files.

What customers wrote is never copied: rows point at messages, so that who is erased is erased here too.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, select, update

from hub import current, settings
from hub.db import db, now
from hub.knowledge import Knowledge, normalise, variants
from hub.models import Agent, BotTurn, Message, Proposal, QuestionCluster
from hub.quotes import quoted, texts_of
from hub.refusals import Invalid, NotFound, Refusal
from hub.services import audit, versions
from hub.settings import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Questions alike."""

    bot: str
    size: int
    before: int
    examples: Sequence[int]  # messages, the first stands for all
    messages: Sequence[int]
    nearest: Sequence[Mapping[str, Any]]


def replace_open(found: Sequence[Found]) -> None:
    """By what is found today. What people decided about stays."""
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtext("learning"))))
    old = select(QuestionCluster.id).where(QuestionCluster.state == "open")
    db.session.execute(update(Proposal).where(Proposal.cluster_id.in_(old)).values(cluster_id=None))
    db.session.execute(delete(QuestionCluster).where(QuestionCluster.state == "open"))
    for each in found:
        db.session.add(
            QuestionCluster(
                bot=each.bot,
                size=each.size,
                before=each.before,
                examples=list(each.examples),
                messages=list(each.messages),
                nearest=[dict(meaning) for meaning in each.nearest],
            )
        )


def propose(cluster_id: int, entry: str, questions: Sequence[str] | None, by: Agent) -> Proposal:
    """`questions`: those that the agent chose or typed; none: the examples."""
    cluster = _open_cluster(cluster_id)
    theirs = texts_of([*cluster.examples, *cluster.messages])
    if questions is None:
        questions = quoted(cluster.examples, theirs)
    order = [*cluster.examples, *cluster.messages]
    proposal = _proposed(entry, questions, {each: theirs[each] for each in order if each in theirs}, by)
    proposal.cluster_id, cluster.state = cluster.id, "proposed"
    return proposal


def propose_from_inbox(entry: str, questions: Sequence[str] | None, message_id: int | None, by: Agent) -> Proposal:
    """`message_id`: what the customer asked, or what the bot answered to it. No `questions`: just what was asked."""
    theirs = texts_of([_asked(message_id)]) if message_id is not None else {}
    return _proposed(entry, list(theirs.values()) if questions is None else questions, theirs, by)


def _asked(message_id: int) -> int:
    message = db.session.get(Message, message_id)
    if message is not None and message.author_kind == "bot":
        turn = select(BotTurn).where(BotTurn.answer_id == message.id).order_by(BotTurn.id.desc())
        answered = db.session.scalars(turn).first()
        message = answered.message if answered else None
    if message is None or message.author_kind != "contact" or not message.text:
        raise Invalid("message_id", "is neither a question of a customer nor a bot's answer to one")
    return message.id


def _proposed(entry: str, questions: Sequence[str], theirs: Mapping[int, str], by: Agent) -> Proposal:
    knowledge = versions.refreshed().knowledge
    if entry not in knowledge.entry:
        raise Invalid("entry", f"there is no entry {entry!r}")
    wanted = _checked(questions, knowledge)
    written = {
        normalise(text): number for number, text in reversed([*theirs.items()])
    }  # of equal ones the first counts
    proposal = Proposal(
        entry=entry,
        messages=[written[each] for each in wanted if each in written],
        questions=[text for each, text in wanted.items() if each not in written],
        agent=by,
    )
    db.session.add(proposal)
    db.session.flush()
    audit.record(by, "propose", proposal, entry=entry, questions=len(wanted))
    return proposal


def _checked(questions: Sequence[str], knowledge: Knowledge) -> dict[str, str]:
    """By what the bot makes of them: it tells no two writings of the same words apart."""
    if not questions:
        raise Invalid("questions", "name at least one")
    wanted: dict[str, str] = {}
    for place, each in enumerate(questions):
        text = " ".join(each.split())
        if not normalise(text):
            raise Invalid(f"questions.{place}", "needs at least one letter or digit")
        if len(text) > variants.LONGEST:
            raise Invalid(f"questions.{place}", f"is longer than {variants.LONGEST} characters")
        wanted.setdefault(normalise(text), text)
    known = {normalise(text): meaning for text, meaning in knowledge.examples}
    if already := [f"{text} ({known[each]})" for each, text in wanted.items() if each in known]:
        raise Refusal("already_known", f"The bot knows already: {', '.join(already)}", known=", ".join(already))
    return wanted


def dismiss_questions(cluster_id: int, by: Agent) -> QuestionCluster:
    cluster = _open_cluster(cluster_id)
    cluster.state = "dismissed"
    audit.record(by, "dismiss", cluster)
    return cluster


def _open_cluster(cluster_id: int) -> QuestionCluster:
    cluster = db.session.get(QuestionCluster, cluster_id, with_for_update=True)
    if cluster is None or not texts_of(cluster.examples):
        raise NotFound("cluster of questions")
    if cluster.state != "open":
        raise Refusal("already_decided", f"These questions are {cluster.state} already.", state=cluster.state)
    return cluster


def dismiss_proposal(proposal_id: int, by: Agent | None) -> Proposal:
    """Its questions are nobody's again, so that somebody can say better what they mean."""
    proposal = _open_proposal(proposal_id)
    proposal.state, proposal.decided_at = "dismissed", now()
    if proposal.cluster_id is not None:
        cluster = db.session.get(QuestionCluster, proposal.cluster_id, with_for_update=True)
        if cluster is not None and cluster.state == "proposed":
            cluster.state = "open"
    audit.record(by, "dismiss", proposal)
    return proposal


def _open_proposal(proposal_id: int) -> Proposal:
    proposal = db.session.get(Proposal, proposal_id, with_for_update=True)
    if proposal is None:
        raise NotFound("proposal")
    if proposal.state != "open":
        raise Refusal("already_decided", f"This proposal is {proposal.state} already.", state=proposal.state)
    return proposal


# what it does to the files


def diff(proposal_id: int) -> str:
    """Against the version in use, as it is kept in the database; "" where the entry knows all of it already."""
    proposal = db.session.get(Proposal, proposal_id)
    if proposal is None:
        raise NotFound("proposal")
    version = versions.newest(accepted=True)
    files = version.files if version else settings.teachable(current.settings().folder)
    name = _file_of(proposal, files)
    return variants.diff(name, files[name], _edited(proposal, files[name]))


def apply(proposal_id: int, folder: Path) -> bool:
    """Writes it into the file of config/faq that has its entry; whether there was anything to write."""
    proposal = _open_proposal(proposal_id)
    files = settings.teachable(folder)
    name = _file_of(proposal, files)
    edited = _edited(proposal, files[name])
    if edited != files[name]:
        try:
            settings.learned(current.settings(), {**files, name: edited})
        except ConfigError as error:
            raise Refusal("not_loadable", f"proposal {proposal.id}: {'; '.join(error.problems)}") from None
        try:
            _write(folder / name, edited)
        except OSError as error:
            raise Refusal("not_writable", f"{folder / name}: {error.strerror}") from None
    proposal.state, proposal.decided_at = "taken", now()
    audit.record(None, "apply", proposal, file=name, changed=edited != files[name])
    return edited != files[name]


def _file_of(proposal: Proposal, files: Mapping[str, str]) -> str:
    name = variants.file_of(proposal.entry, files)
    if name is None:
        raise Refusal("entry_is_gone", f"proposal {proposal.id}: there is no entry {proposal.entry!r} any more")
    return name


def _edited(proposal: Proposal, text: str) -> str:
    questions = [*quoted(proposal.messages, texts_of(proposal.messages)), *proposal.questions]
    if not questions:  # who asked was erased
        raise NotFound("proposal")
    try:
        return variants.with_questions(text, proposal.entry, questions)
    except variants.CannotEdit:
        advice = f"the questions of {proposal.entry!r} are written in a way that only a person can change"
        raise Refusal("cannot_edit", f"proposal {proposal.id}: {advice}") from None


def _write(path: Path, text: str) -> None:
    """All of it or nothing, and where a link points to."""
    path = path.resolve()
    if b"\r\n" in path.read_bytes():
        text = text.replace("\n", "\r\n")
    with tempfile.NamedTemporaryFile("wb", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
            shutil.copymode(path, file.name)
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
