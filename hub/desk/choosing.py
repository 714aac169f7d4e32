"""Who is given a conversation: pure functions, so that the same desk and the same queue always end the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from hub.desk.routing import Routing, Strategy

NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An agent, as the desk stands now."""

    id: int
    name: str
    email: str
    teams: frozenset[str]
    status: str
    load: Fraction = Fraction(0)  # 1: their hands are full
    given_at: datetime = NEVER  # when routing last gave them something


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A conversation that waits."""

    id: int
    teams: Sequence[str]  # whose turn it is, the own one first; those that are closed are not among them
    channel: str
    threaded: bool
    needs: Mapping[str, int] = field(default_factory=dict)  # skills, and the least level of each
    strategy: Strategy = "least_busy"
    previous: int | None = None  # the agent this customer last heard from
    passed_over: int | None = None  # who just let it go


@dataclass(frozen=True, slots=True)
class Decision:
    agent: Candidate
    team: str
    strategy: Strategy
    skipped: Mapping[str, str]  # by name: why not


Rank = Callable[[Candidate, Wanted], tuple[Any, ...]]
RANKS: Mapping[Strategy, Rank] = {
    "least_busy": lambda who, _: (who.load, who.given_at, who.id),
    "round_robin": lambda who, _: (who.given_at, who.id),
    "last_agent_first": lambda who, wanted: (who.id != wanted.previous, who.load, who.given_at, who.id),
}


def choose(candidates: Iterable[Candidate], wanted: Wanted, rules: Routing) -> Decision | None:
    """None: it goes on waiting."""
    everybody, skipped = list(candidates), dict[str, str]()
    for team in wanted.teams:
        fit = []
        for who in (each for each in everybody if team in each.teams):
            if reason := why_not(who, wanted, rules):
                skipped[who.name] = reason
            else:
                fit.append(who)
        if fit:
            strategy = rules.of(team).strategy or wanted.strategy
            return Decision(min(fit, key=lambda who: RANKS[strategy](who, wanted)), team, strategy, skipped)
    return None


def why_not(who: Candidate, wanted: Wanted, rules: Routing) -> str:
    """ "" for who may be given it."""
    if who.status != "online":
        return who.status
    if who.id == wanted.passed_over:
        return "passed_over"
    if not can(rules, who.email, wanted.needs):
        return "skill"
    return "full" if who.load + share(who, wanted, rules) > 1 else ""


def can(rules: Routing, email: str, needs: Mapping[str, int]) -> bool:
    skills = rules.skills.get(email, {})
    return all(skills.get(skill, 0) >= level for skill, level in needs.items())


def share(who: Candidate, wanted: Wanted, rules: Routing) -> Fraction:
    return rules.capacity.share(who.email, wanted.channel, wanted.threaded)


def hand_out(
    queue: Iterable[Wanted],
    candidates: Iterable[Candidate],
    rules: Routing,
    at: datetime,
    give: Callable[[Wanted, Decision], bool],
) -> None:
    """From the front of the queue, until nobody has room. `give` says whether it was still there to be given."""
    desk = {who.id: who for who in candidates}
    if not _has_room(desk):
        return
    for wanted in queue:
        decision = choose(desk.values(), wanted, rules)
        if decision and give(wanted, decision):
            who = decision.agent
            desk[who.id] = replace(who, load=who.load + share(who, wanted, rules), given_at=at)
            if not _has_room(desk):
                return


def _has_room(desk: Mapping[int, Candidate]) -> bool:
    return any(who.status == "online" and who.load < 1 for who in desk.values())
