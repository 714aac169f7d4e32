"""Who is given a conversation: a table of cases, and what holds whatever happens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.desk.choosing import Candidate, Decision, Wanted, choose, hand_out, share, why_not
from hub.desk.routing import Capacity, Routing

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
RULES = Routing.model_validate(
    {
        "teams": {
            "sales": {"strategy": "least_busy"},
            "returns": {"strategy": "round_robin"},
            "vip": {"strategy": "last_agent_first"},
        },
        "skills": {"anna@x.y": {"english": 3}, "bo@x.y": {"english": 1, "refunds": 2}},
        "capacity": {"chat": 4, "threaded": 10, "agents": {"cid@x.y": {"chat": 1}}},
    }
)


def anna(**changes: Any) -> Candidate:
    return _agent(1, "Anna", **changes)


def bo(**changes: Any) -> Candidate:
    return _agent(2, "Bo", **changes)


def cid(**changes: Any) -> Candidate:
    return _agent(3, "Cid", **changes)


def _agent(number: int, name: str, **changes: Any) -> Candidate:
    usual: dict[str, Any] = {"teams": frozenset({"sales", "returns", "vip"}), "status": "online"}
    return Candidate(id=number, name=name, email=f"{name.lower()}@x.y", **{**usual, **changes})


def wanted(team: str = "sales", *more: str, **changes: Any) -> Wanted:
    usual: dict[str, Any] = {"channel": "shop", "threaded": False, "strategy": RULES.of(team).strategy}
    return Wanted(id=1, teams=(team, *more), **{**usual, **changes})


def part(number: int, of: int = 4) -> Fraction:
    return Fraction(number, of)


RETURNS = frozenset({"returns"})
CASES: list[tuple[str, list[Candidate], Wanted, str | None, Mapping[str, str]]] = [
    ("nobody is there", [], wanted(), None, {}),
    ("the first of two alike", [bo(), anna()], wanted(), "Anna", {}),
    ("who has less in hand", [anna(load=part(2)), bo(load=part(1))], wanted(), "Bo", {}),
    ("alike: who was given something longest ago", [anna(given_at=NOON), bo()], wanted(), "Bo", {}),
    ("who is away is not chosen", [anna(status="away"), bo(load=part(3))], wanted(), "Bo", {"Anna": "away"}),
    ("nor who is busy", [anna(status="busy"), bo()], wanted(), "Bo", {"Anna": "busy"}),
    ("nor whose hands are full", [anna(load=part(4)), bo(load=part(3))], wanted(), "Bo", {"Anna": "full"}),
    ("all are full", [anna(load=part(4)), bo(load=part(4))], wanted(), None, {}),
    ("a part too small for a chat", [anna(load=part(4, 5))], wanted(), None, {}),
    ("is enough for a mail", [anna(load=part(4, 5))], wanted(threaded=True), "Anna", {}),
    ("who takes one at a time has none", [cid()], wanted(), "Cid", {}),
    ("and then one", [cid(load=Fraction(1)), anna()], wanted(), "Anna", {"Cid": "full"}),
    ("of another team", [anna(teams=RETURNS)], wanted(), None, {}),
    ("who can do it", [bo(), anna(load=part(3))], wanted(needs={"english": 2}), "Anna", {"Bo": "skill"}),
    ("both that is asked for", [anna(), bo()], wanted(needs={"english": 1, "refunds": 1}), "Bo", {"Anna": "skill"}),
    ("who let it go is passed over", [anna(), bo(load=part(3))], wanted(passed_over=1), "Bo", {"Anna": "passed_over"}),
    ("even alone", [anna()], wanted(passed_over=1), None, {}),
    ("in turn, however busy", [anna(given_at=NOON), bo(load=part(3))], wanted("returns"), "Bo", {}),
    ("whom they know", [anna(), bo(load=part(3))], wanted("vip", previous=2), "Bo", {}),
    ("unless that one is full", [anna(), bo(load=part(4))], wanted("vip", previous=2), "Anna", {"Bo": "full"}),
    ("or is nobody", [anna(load=part(1)), bo()], wanted("vip"), "Bo", {}),
    ("the second team helps", [anna(teams=RETURNS)], wanted("sales", "returns"), "Anna", {}),
    (
        "once nobody of the first can",
        [anna(teams=RETURNS), bo(teams=frozenset({"sales"}), load=part(3))],
        wanted("sales", "returns"),
        "Bo",
        {},
    ),
    ("a closed team has no turn", [anna()], Wanted(id=1, teams=(), channel="shop", threaded=False), None, {}),
]


@pytest.mark.parametrize(
    ("candidates", "waits", "name", "skipped"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_who_is_chosen(
    candidates: list[Candidate], waits: Wanted, name: str | None, skipped: Mapping[str, str]
) -> None:
    decision = choose(candidates, waits, RULES)
    assert (decision and decision.agent.name) == name
    assert decision is None or decision.skipped == skipped
    assert choose(list(reversed(candidates)), waits, RULES) == decision


@pytest.mark.parametrize(
    ("email", "channel", "threaded", "limit"),
    [
        ("a@x.y", "shop", False, 5),
        ("a@x.y", "mail", True, 20),
        ("a@x.y", "sms", False, 8),
        ("bo@x.y", "shop", False, 2),
        ("bo@x.y", "mail", True, 20),
        ("bo@x.y", "sms", False, 2),
        ("bo@x.y", "desk", False, 3),
    ],
)
def test_the_nearest_limit_counts(email: str, channel: str, threaded: bool, limit: int) -> None:
    capacity = Capacity.model_validate(
        {"channels": {"sms": 8}, "agents": {"bo@x.y": {"chat": 2, "channels": {"desk": 3}}}}
    )
    assert capacity.share(email, channel, threaded) == Fraction(1, limit)


RULE = {"tags": ["VIP"], "channels": ["shop"], "words": ["投诉", "Refund"], "priority": "urgent"}


@pytest.mark.parametrize(
    ("channel", "tags", "said", "priority"),
    [
        ("shop", ["VIP"], "我要投诉你们", 3),
        ("shop", ["VIP", "old"], "refund please", 3),
        ("shop", ["VIP"], "refunding", None),
        ("shop", [], "我要投诉你们", None),
        ("desk", ["VIP"], "我要投诉你们", None),
        ("shop", ["VIP"], "", None),
        ("post", [], "", 0),
    ],
)
def test_all_that_a_rule_names_must_hold(channel: str, tags: list[str], said: str, priority: int | None) -> None:
    rules = Routing.model_validate({"priorities": [RULE, {"channels": ["post"], "priority": "low"}]})
    assert rules.priority(channel, tags, said) == priority


def test_what_was_asked_for_stays_asked_for_while_a_rule_asks() -> None:
    rules = Routing.model_validate({"needs": [{"skill": "english", "level": 2, "words": ["hello"]}]})
    first = rules.needed("shop", [], "hello", {})
    assert first == {"english": 2}
    assert rules.needed("shop", [], "bye", {**first, "forgotten": 1}) == {"english": 2}


# whatever happens


@dataclass
class Shop:
    """A desk and its queue, as the hub keeps them."""

    rules: Routing
    agents: dict[int, Candidate]
    queue: list[tuple[int, Wanted]] = field(default_factory=list)  # with the priority
    given: dict[int, tuple[int, Fraction]] = field(default_factory=dict)  # by conversation: to whom, how much of them
    log: list[tuple[int, int]] = field(default_factory=list)
    arrived: int = 0

    def happens(self, kind: str, which: int, detail: int) -> None:
        match kind:
            case "arrives":
                self._arrives(which, detail)
            case "presence":
                number = which % len(self.agents) + 1
                status = ("online", "busy", "away", "offline")[detail % 4]
                self.agents[number] = replace(self.agents[number], status=status)
            case "resolved" if self.given:
                done = sorted(self.given)[which % len(self.given)]
                number, part = self.given.pop(done)
                self.agents[number] = replace(self.agents[number], load=self.agents[number].load - part)
        self._drain()

    def _arrives(self, which: int, detail: int) -> None:
        self.arrived += 1
        team = ("sales", "returns")[which % 2]
        needs = ({}, {"english": 1}, {"english": 3}, {"refunds": 1})[detail % 4]
        waits = Wanted(
            id=self.arrived,
            teams=(team, "returns"),
            channel="shop",
            threaded=which % 3 == 0,
            needs=needs,
            strategy=self.rules.of(team).strategy or "least_busy",
        )
        self.queue.append((detail % 4, waits))

    def _drain(self) -> None:
        now = NOON + timedelta(seconds=len(self.log))

        def give(waits: Wanted, decision: Decision) -> bool:
            who = self.agents[decision.agent.id]
            part = share(who, waits, self.rules)
            self.agents[who.id] = replace(who, load=who.load + part, given_at=now)
            self.given[waits.id] = (who.id, part)
            self.log.append((waits.id, who.id))
            return True

        hand_out(self._front(), list(self.agents.values()), self.rules, now, give)
        self.queue = [(priority, waits) for priority, waits in self.queue if waits.id not in self.given]

    def _front(self) -> Iterator[Wanted]:
        yield from [waits for _, waits in sorted(self.queue, key=lambda each: (-each[0], each[1].id))]


def shop(crew: int) -> Shop:
    teams = (frozenset({"sales"}), frozenset({"returns"}), frozenset({"sales", "returns"}))
    names = ("Anna", "Bo", "Cid", "Dora")[:crew]
    people = [_agent(number, name, teams=teams[number % 3], status="offline") for number, name in enumerate(names, 1)]
    return Shop(RULES, {who.id: who for who in people})


happenings = st.lists(
    st.tuples(st.sampled_from(["arrives", "arrives", "presence", "resolved"]), st.integers(0, 11), st.integers(0, 11)),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 4), happenings)
def test_nobody_starves_nobody_is_overloaded_and_it_always_ends_the_same(
    crew: int, events: list[tuple[str, int, int]]
) -> None:
    first, second = shop(crew), shop(crew)
    for event in events:
        first.happens(*event)
        second.happens(*event)
        assert all(who.load <= 1 for who in first.agents.values())
        # who waits, waits because nobody who could take it has room
        for _, waits in first.queue:
            for team in waits.teams:
                crew_of = [who for who in first.agents.values() if team in who.teams]
                assert all(why_not(who, waits, RULES) for who in crew_of)
    assert first.log == second.log
    assert len({conversation for conversation, _ in first.log}) == len(first.log)  # each is given once


def test_the_front_of_the_queue_is_served_first() -> None:
    shop_ = shop(1)
    shop_.rules = Routing.model_validate({"teams": {"returns": {"strategy": "least_busy"}}, "capacity": {"chat": 1}})
    for priority in (1, 3, 1, 0):
        shop_.arrived += 1
        waits = Wanted(id=shop_.arrived, teams=("returns",), channel="shop", threaded=False)
        shop_.queue.append((priority, waits))
    shop_.happens("presence", 0, 0)
    for _ in range(3):
        shop_.happens("resolved", 0, 0)
    assert [conversation for conversation, _ in shop_.log] == [2, 1, 3, 4]
