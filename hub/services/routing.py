"""Gives waiting conversations to agents, as config/routing.toml tells: the one place where that is decided.

Whatever may change who is given what says `conversations.look_at_queue`; before the commit, in the same transaction,
the queue is looked at from its front. Whoever looks holds the presence of all who could be chosen, always locked in
the same order and after the conversations, and takes only such conversations as nobody else is changing: two workers
that look at once give each conversation to one agent, and none more than they can carry. What one of them leaves
aside because the other has it in hand, the sweep finds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, cast, event, null, select, tuple_, update
from sqlalchemy.orm import Session

from hub import current
from hub.db import db, now
from hub.desk.choosing import NEVER, Candidate, Decision, Wanted, can, hand_out, share
from hub.desk.hands import Hands, hands, threaded
from hub.desk.presence import SEEN_LASTS, status_of
from hub.desk.routing import Routing
from hub.models import Agent, AgentPresence, Call, Contact, Conversation, Message
from hub.models.conversations import QUEUE
from hub.services import conversations, lines

PAGE = 100


@event.listens_for(db.session, "before_commit", insert=True)  # before it is put into words what changed
def _look(session: Session) -> None:
    if not session.in_nested_transaction() and session.info.pop("look at queue", False):
        hand_out_queue()


@event.listens_for(db.session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop("look at queue", None)


def hand_out_queue() -> None:
    """Whoever waits goes to whoever has room, the most urgent first, of these the one that waits longest."""
    rules = current.settings().routing
    if not rules or not rules.assigning:
        return
    db.session.flush()
    waiting = select(Conversation.id).where(_routed(rules)).limit(1)
    if db.session.scalar(waiting) is None:
        return
    at, agents = now(), dict[int, Agent]()
    hand_out(_queue(rules, at), _desk(rules, at, agents), rules, at, lambda *choice: _give(rules, at, agents, *choice))


def crew(conversation: Conversation, waited: timedelta) -> list[Agent]:
    """Who is rung: the team, or where its conversations are given to somebody, those who can do it and are not busy.

    A caller is not left alone for want of a skill: if nobody has it, the whole team is rung.
    """
    rules, team = current.settings().routing, conversation.team
    agents = list(db.session.scalars(select(Agent).where(Agent.disabled_at.is_(None)).order_by(Agent.id)))
    own = [agent for agent in agents if team in current.teams_of(agent.email)]
    if not rules or team not in rules.assigning:
        return own
    teams = {team, *open_teams(rules, team, waited, now())}
    needs = rules.needed(conversation.reply_channel, conversation.contact.tags, "", conversation.needs)
    gone = AgentPresence.chosen != "online"  # by their own word: a phone needs no inbox to be open
    elsewhere = set(db.session.scalars(select(AgentPresence.agent_id).where(gone)))
    fit = [
        agent
        for agent in agents
        if agent.id not in elsewhere
        and not teams.isdisjoint(current.teams_of(agent.email))
        and can(rules, agent.email, needs)
    ]
    return fit or own


def open_teams(rules: Routing, team: str, waited: timedelta, at: datetime) -> list[str]:
    """Whose turn it is to take what waits for this team: those that are closed have none."""
    turns = [team, *(each.team for each in rules.of(team).overflow if each.after <= waited)]
    return [each for each in turns if is_open(rules, each, at)]


def is_open(rules: Routing, team: str, at: datetime) -> bool:
    settings, hours = current.settings(), rules.of(team).hours
    return hours is None or settings.hours[hours].covers(at, settings.hub.timezone)


def _routed(rules: Routing) -> ColumnElement[bool]:
    """Waits to be given to somebody. While a caller waits on the line, phones ring instead."""
    waits = (Conversation.status == "waiting") & Conversation.team.in_(rules.assigning)
    if not lines.lines():
        return waits
    live = select(Call.id).join(Message, Message.id == Call.message_id).where(Call.state != "ended")
    return waits & ~live.where(Message.conversation_id == Conversation.id).exists()


def _queue(rules: Routing, at: datetime) -> Iterator[Wanted]:
    """Page by page: it may be long."""
    after: tuple[Any, ...] | None = None
    while True:
        page = select(
            Conversation.id,
            *(Conversation.priority, Conversation.waiting_since, Conversation.team, Conversation.reply_channel),
            *(Conversation.needs, Conversation.passed_over_id, Conversation.passed_over_until, Contact.tags),
            _previous_agent(rules).label("previous"),
        ).join(Conversation.contact)
        if after:
            page = page.where(tuple_(*QUEUE) > after)
        front = page.where(_routed(rules)).order_by(*QUEUE)
        rows = db.session.execute(front.limit(PAGE)).all()
        for row in rows:
            yield _wanted(rules, row, at)
        if len(rows) < PAGE:
            return
        after = (-rows[-1].priority, rows[-1].waiting_since, rows[-1].id)


def _wanted(rules: Routing, row: Row[Any], at: datetime) -> Wanted:
    strategy = rules.of(row.team).strategy
    assert strategy is not None
    return Wanted(
        id=row.id,
        teams=open_teams(rules, row.team, at - row.waiting_since, at),
        channel=row.reply_channel,
        threaded=threaded(row.reply_channel),
        needs=rules.needed(row.reply_channel, row.tags, "", row.needs),
        strategy=strategy,
        previous=row.previous,
        passed_over=row.passed_over_id if row.passed_over_until and row.passed_over_until > at else None,
    )


def _previous_agent(rules: Routing) -> ColumnElement[int | None]:
    """Whom the customer last heard from, where anybody wants to know."""
    if all(team.strategy != "last_agent_first" for team in rules.teams.values()):
        return cast(null(), BigInteger)
    earlier = select(Conversation.id).where(Conversation.contact_id == Contact.id).correlate(Contact)
    said = select(Message.author_id).where(Message.conversation_id.in_(earlier), Message.author_kind == "agent")
    return said.where(Message.direction == "out").order_by(Message.id.desc()).limit(1).scalar_subquery()


def _desk(rules: Routing, at: datetime, agents: dict[int, Agent]) -> list[Candidate]:
    """Everybody whose inbox is open; ours alone until the commit."""
    there = (
        select(AgentPresence, Agent)
        .join(AgentPresence.agent)
        .where(AgentPresence.seen_at > at - SEEN_LASTS, AgentPresence.chosen != "offline", Agent.disabled_at.is_(None))
        .order_by(AgentPresence.agent_id)
        .with_for_update(of=AgentPresence)
        .execution_options(populate_existing=True)
    )
    rows = db.session.execute(there).all()
    agents |= {agent.id: agent for _, agent in rows}
    full = hands(rules, {agent.id: agent.email for _, agent in rows})
    calling = lines.busy() if rows and lines.lines() else set()
    return [
        Candidate(
            id=agent.id,
            name=agent.name,
            email=agent.email,
            teams=frozenset(current.teams_of(agent.email)),
            status=status_of(presence, at, rules.presence.away_after, in_call=agent.id in calling),
            load=full.get(agent.id, Hands()).load,
            given_at=presence.given_at or NEVER,
        )
        for presence, agent in rows
    ]


def _give(rules: Routing, at: datetime, agents: Mapping[int, Agent], wanted: Wanted, decision: Decision) -> bool:
    conversation = conversations.free(wanted.id)
    if conversation is None:
        return False
    assert conversation.waiting_since is not None
    why = reasons(rules, conversation, wanted, decision, at - conversation.waiting_since)
    conversations.give(conversation, agents[decision.agent.id], why)
    chosen = update(AgentPresence).where(AgentPresence.agent_id == decision.agent.id)
    db.session.execute(chosen.values(given_at=at).execution_options(synchronize_session=False))
    return True


def reasons(
    rules: Routing, conversation: Conversation, wanted: Wanted, decision: Decision, waited: timedelta
) -> dict[str, Any]:
    """What the line of the timeline says; only what there is to say."""
    who = decision.agent
    skills = rules.skills.get(who.email, {})
    told = {
        "strategy": decision.strategy,
        "team": decision.team,
        "overflow_of": conversation.team if decision.team != conversation.team else "",
        "priority": conversation.priority,
        "waited": int(waited.total_seconds()),
        "load": round(100 * (who.load + share(who, wanted, rules))),
        "skills": [
            {"skill": name, "level": skills[name], "wanted": level} for name, level in sorted(wanted.needs.items())
        ],
        "previous": who.id == wanted.previous,
        "skipped": [{"name": name, "reason": reason} for name, reason in decision.skipped.items()],
    }
    return {name: value for name, value in told.items() if value or name in ("priority", "waited")}
