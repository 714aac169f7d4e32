"""What was promised: each event starts, stops, pauses or ends the right clock, and the sweep tells once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, update

from channels.contract import Receipt
from hub.db import db
from hub.desk.hours import Calendar
from hub.desk.sla import Policy
from hub.models import Conversation, Delivery, SlaClock
from hub.services import conversations, overdue, sla, threads
from tests.stage import Person, Stage, WeChat, at_once, written
from workers.tasks import sweep

START = datetime.fromisoformat("2026-11-27T10:00+08:00")  # a Friday
OFFICE = Calendar.model_validate({"open": ["mon-fri 09:00-18:00"]})
POLICY = Policy.model_validate(
    {"name": "standard", "first_answer": "10m", "next_answer": "30m", "resolution": "8h", "warn_before": "3m"}
)


@dataclass
class Clock:
    """The hub's, for what counts."""

    at: datetime = START

    def __call__(self) -> datetime:
        return self.at

    def pass_(self, minutes: float) -> None:
        self.at += timedelta(minutes=minutes)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    told = Clock()
    for module in (sla, overdue, threads, conversations):
        monkeypatch.setattr(module, "now", told)
    return told


@pytest.fixture
def promise(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def promised(*policies: Policy, **hours: Calendar) -> None:
        changed = replace(stage.app.extensions["settings"], sla=policies, hours=hours)
        monkeypatch.setitem(stage.app.extensions, "settings", changed)

    promised(POLICY)
    return promised


@dataclass
class Play:
    """A customer of the desk, where no bot is, and an agent."""

    stage: Stage
    clock: Clock
    anna: Person

    def do(self, act: str) -> None:
        match act:
            case "customer":
                self.stage.push("在吗", channel="desk")
                self.stage.work()
            case "answer":
                self.anna.post("/conversations/1/messages", {"text": "您好"}, 201)
                self.stage.work()
            case "note":
                self.anna.post("/conversations/1/messages", {"text": "催一下", "note": True}, 201)
            case "snooze":
                self.anna.post("/conversations/1/snooze", {"until": "2100-01-01T00:00:00Z"})
            case "sweep":
                self.sweep()
            case "claim" | "resolve" | "reopen":
                self.anna.post(f"/conversations/1/{act}")
            case minutes:
                self.clock.pass_(float(minutes))

    def sweep(self) -> int:
        with self.stage.inside():
            return overdue.look(100)

    def shown(self) -> dict[str, str]:
        """Each clock as minutes left, or how it ended."""
        with self.stage.inside():
            row = db.session.get_one(Conversation, 1)
            return {each["target"]: _word(each, self.clock.at) for each in row.sla if _counts(each)}

    def lines(self) -> list[str]:
        return [what for _, what in self.stage.thread(1) if what.startswith("sla_")]


def _counts(entry: dict[str, Any]) -> bool:
    return bool(entry["met"] or entry["breached"] or not entry["ended_at"])


def _word(entry: dict[str, Any], at: datetime) -> str:
    if entry["ended_at"]:
        return "late" if entry["breached"] else "met"
    if entry["paused"]:
        return f"paused {entry['left'] / 60:g}" + (" late" if entry["breached"] else "")
    return f"{(datetime.fromisoformat(entry['due_at']) - at) / timedelta(minutes=1):g}"


@pytest.fixture
def play(stage: Stage, wechat: WeChat, clock: Clock, promise: Callable[..., None]) -> Play:
    return Play(stage, clock, stage.agent())


@pytest.mark.parametrize(
    ("acts", "expected"),
    [
        ("customer", {"first_answer": "10", "resolution": "480"}),
        ("customer 4", {"first_answer": "6", "resolution": "476"}),
        ("customer 4 customer", {"first_answer": "6", "resolution": "476"}),
        ("customer 4 note claim", {"first_answer": "6", "resolution": "476"}),
        ("customer 4 answer 7", {"first_answer": "met", "resolution": "paused 476"}),
        ("customer 4 answer 7 customer 1", {"first_answer": "met", "next_answer": "29", "resolution": "475"}),
        (
            "customer 4 answer 7 customer 1 answer 9",
            {"first_answer": "met", "next_answer": "met", "resolution": "paused 475"},
        ),
        ("customer 11 answer", {"first_answer": "late", "resolution": "paused 469"}),
        ("customer 11", {"first_answer": "-1", "resolution": "469"}),
        ("customer 4 snooze 60", {"first_answer": "paused 6", "resolution": "paused 476"}),
        ("customer 4 snooze 60 customer 2", {"first_answer": "4", "resolution": "474"}),
        ("customer 12 sweep snooze 9", {"first_answer": "paused 10 late", "resolution": "paused 468"}),
        ("customer 4 answer claim resolve 999", {"first_answer": "met", "resolution": "met"}),
        ("customer 4 resolve 999 sweep", {"resolution": "met"}),
        ("customer 500 sweep answer resolve", {"first_answer": "late", "resolution": "late"}),
        # undone at once: it goes on; later: a new matter
        ("customer 4 resolve 0.5 reopen 1", {"first_answer": "5", "resolution": "475"}),
        ("customer 4 answer 1 resolve 0.5 reopen 9", {"first_answer": "met", "resolution": "paused 476"}),
        ("customer 4 resolve 60 reopen 1", {"first_answer": "9", "resolution": "479"}),
        (
            "customer 4 answer resolve 60 reopen 1 customer 2",
            {"first_answer": "met", "next_answer": "28", "resolution": "478"},
        ),
    ],
)
def test_clocks(play: Play, acts: str, expected: dict[str, str]) -> None:
    for act in acts.split():
        play.do(act)
    assert play.shown() == expected


def test_who_has_a_bot_is_promised_something_from_the_moment_people_are_needed(play: Play, wechat: WeChat) -> None:
    play.stage.push("怎么退款")
    play.stage.work()
    assert play.shown() == {}
    play.clock.pass_(30)
    play.stage.push("转人工")
    play.stage.work()
    play.clock.pass_(2)
    assert play.shown() == {"first_answer": "8", "resolution": "478"}
    play.anna.post("/conversations/1/handover", {"to": "bot"})
    play.clock.pass_(60)
    assert play.shown() == {"resolution": "paused 478"}  # it answers now
    play.anna.post("/conversations/1/handover", {"to": "people"})
    assert play.shown() == {"first_answer": "10", "resolution": "478"}


def test_only_working_time_counts(play: Play, promise: Callable[..., None]) -> None:
    promise(POLICY.model_copy(update={"hours": "office"}), office=OFFICE)
    play.clock.at = datetime.fromisoformat("2026-11-27T17:55+08:00")
    play.do("customer")
    row = play.stage.conversation()
    assert row.sla_due_at == datetime.fromisoformat("2026-11-30T09:05+08:00")  # on Monday
    play.clock.at = datetime.fromisoformat("2026-11-29T12:00+08:00")
    play.do("snooze")
    assert play.shown() == {"first_answer": "paused 5", "resolution": "paused 475"}


def test_the_first_policy_that_fits(play: Play, promise: Callable[..., None]) -> None:
    fits = {"first_answer": timedelta(minutes=1)}
    promise(
        *(Policy(name=name, **terms, **fits) for name, terms in OTHERS),
        Policy(name="ours", teams=("everyone",), channels=("desk",), tags=("vip",), priorities=("normal",), **fits),
        POLICY,
    )
    play.do("customer")
    assert play.stage.row(SlaClock, SlaClock.target == "first_answer").policy == "standard"
    play.stage.push("hello", sender="bo", channel="desk")
    play.stage.do("arrival")
    with play.stage.inside():
        row = db.session.get_one(Conversation, 2)
        row.contact.tags = ["vip", "new"]
        for clock in sla.live_clocks(row):
            sla.end(clock)
        row.sla = []
        sla.follow(row)
    assert [row.policy for row in play.stage.rows(SlaClock, SlaClock.conversation_id == 2)][-1] == "ours"


OTHERS: Sequence[tuple[str, Any]] = [
    ("team", {"teams": ("sales",)}),
    ("channel", {"channels": ("shop", "mail")}),
    ("tag", {"tags": ("gold",)}),
    ("priority", {"priorities": ("urgent", "high")}),
]


# in time


def test_it_is_warned_once_and_breached_once(play: Play) -> None:
    play.do("customer")
    play.clock.pass_(6)
    assert (play.sweep(), play.lines()) == (0, [])
    play.clock.pass_(1)
    assert (play.sweep(), play.sweep(), play.lines()) == (1, 0, ["sla_warned"])
    play.clock.pass_(3)
    assert (play.sweep(), play.sweep(), play.lines()) == (1, 0, ["sla_warned", "sla_breached"])
    play.clock.pass_(30)
    assert (play.sweep(), play.shown()["first_answer"]) == (0, "-30")


def test_who_is_told(play: Play) -> None:
    eve, adam = play.stage.agent("Eve", "supervisor"), play.stage.agent("Adam")
    play.do("customer")
    play.do("claim")
    for minutes in (7, 4):
        play.clock.pass_(minutes)
        play.sweep()
    people = (play.anna, eve, adam)
    heard = {who.name: [told["payload"]["event"] for told in who.get("/notifications")["items"]] for who in people}
    assert heard == {"Anna": ["sla_breached", "sla_warned"], "Eve": ["sla_breached"], "Adam": []}


def test_two_sweeps_at_the_same_moment_tell_it_once(play: Play) -> None:
    play.do("customer")
    play.clock.pass_(11)
    at_once(play.sweep, play.sweep, play.sweep)
    assert play.lines() == ["sla_breached"]


def test_a_breach_that_no_sweep_saw_in_time_is_told_all_the_same(play: Play) -> None:
    play.do("customer")
    play.clock.pass_(11)
    play.do("answer")
    assert play.lines() == []
    assert (play.sweep(), play.sweep(), play.lines()) == (1, 0, ["sla_breached"])
    row = play.stage.row(SlaClock, SlaClock.target == "first_answer")
    assert (row.breached_at, row.met_at) == (START + timedelta(minutes=10), START + timedelta(minutes=11))


def test_the_list_is_sorted_by_what_is_due_first(play: Play) -> None:
    for name in ("first", "second", "third"):
        play.stage.push("在吗", sender=name, channel="desk")
        play.stage.work()
        play.clock.pass_(1)
    play.do("answer")  # the first one: its resolution stands still, and nothing else is owed
    first = play.anna.get("/conversations", sort="sla", limit=1)
    rest = play.anna.get("/conversations", sort="sla", limit=1, cursor=first["next"])
    assert ([row["id"] for row in first["items"] + rest["items"]], rest["next"]) == ([2, 3], None)


def test_what_is_told_of_a_conversation(play: Play) -> None:
    play.do("customer")
    [first, resolution] = play.anna.get("/conversations/1")["sla"]
    assert (first["target"], first["policy"], first["ended_at"]) == ("first_answer", "standard", None)
    assert first["due_at"] == "2026-11-27T02:10:00.000000Z"
    assert resolution["target"] == "resolution"


# answers that do not arrive


def test_an_answer_that_fails_is_none(play: Play, wechat: WeChat) -> None:
    play.do("customer")
    play.clock.pass_(4)
    wechat.answers.append(45047)
    play.do("answer")
    assert play.shown() == {"first_answer": "met", "resolution": "paused 476"}
    play.stage.row(Delivery, Delivery.state == "failed")
    play.clock.pass_(1)
    with play.stage.inside():
        db.session.execute(update(SlaClock).where(SlaClock.next_at.is_not(None)).values(next_at=START))
    play.sweep()
    assert play.shown() == {"first_answer": "5", "resolution": "476"}
    assert play.stage.conversation().first_answered_at is None
    # sent again, it counts
    message = play.anna.get("/conversations/1/messages")["items"][-1]
    play.anna.post(f"/messages/{message['id']}/resend")
    play.stage.work()
    assert play.shown() == {"first_answer": "met", "resolution": "paused 476"}


def test_another_answer_that_arrived_counts_instead(stage: Stage, clock: Clock, promise: Callable[..., None]) -> None:
    anna = stage.agent()
    stage.page(written("Hello"))
    stage.work()
    for text in ("One", "Two"):
        clock.pass_(1)
        anna.post("/conversations/1/messages", {"text": text}, 201)
        stage.work()
    [first, second] = stage.rows(Delivery)
    stage.page(
        Receipt(key="r1", sent_at=START, provider_id=first.provider_id or "", status="failed", reason="gone away")
    )
    stage.work()
    with stage.inside():
        overdue.look(100)
    row = stage.row(SlaClock, SlaClock.target == "first_answer")
    assert (row.answer_id, row.met_at is not None) == (second.message_id, True)


# what it costs


@pytest.fixture
def queries(stage: Stage) -> Iterator[list[str]]:
    said: list[str] = []

    def heard(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        said.append(statement)

    with stage.app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", heard)
    yield said
    event.remove(engine, "before_cursor_execute", heard)


def test_without_a_policy_nobody_asks_for_clocks(play: Play, promise: Callable[..., None], queries: list[str]) -> None:
    promise()
    for act in ("customer", "claim", "answer", "customer", "snooze", "resolve"):
        play.do(act)
    assert [statement for statement in queries if "sla_clock" in statement] == []


def test_what_changes_nothing_asks_for_nothing(play: Play, queries: list[str]) -> None:
    play.do("customer")
    queries.clear()
    for act in ("customer", "note", "claim", "customer"):
        play.do(act)
    assert [statement for statement in queries if "sla_clock" in statement] == []


# conversations that become one


def test_merged_conversations_keep_the_more_urgent_clock(play: Play) -> None:
    play.do("customer")
    play.clock.pass_(2)
    play.stage.push("hello", sender="bo", channel="desk")
    play.stage.work()
    play.clock.pass_(1)
    other = play.stage.rows(Conversation)[1]
    play.anna.post(f"/contacts/{other.contact_id}/merge", {"contact": play.stage.rows(Conversation)[0].contact_id})
    with play.stage.inside():
        row = db.session.get_one(Conversation, 2)
        assert {entry["target"] for entry in row.sla if not entry["ended_at"]} == {"first_answer", "resolution"}
        assert row.sla_due_at == START + timedelta(minutes=10)
        assert not [entry for entry in db.session.get_one(Conversation, 1).sla if not entry["ended_at"]]


# the promise itself


ACTS = st.sampled_from(("customer", "answer", "snooze", "wake", "resolve", "reopen", "bot", "people"))
STEPS = st.lists(st.tuples(ACTS, st.integers(0, 700)), max_size=20)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, hours=st.booleans())
def test_left_and_elapsed_are_the_target(
    stage: Stage, clock: Clock, promise: Callable[..., None], steps: list[tuple[str, int]], hours: bool
) -> None:
    """Whatever happens: a clock has used what passed while it ran, in working time, and nothing else."""
    calendar = OFFICE if hours else None
    promise(POLICY.model_copy(update={"hours": "office" if hours else None}), office=OFFICE)
    clock.at = START
    used: dict[int, timedelta] = {}
    with stage.app.app_context():
        row = _conversation(stage)
        for act, minutes in steps:
            _act(row, act, clock.at)
            sla.follow(row)
            db.session.flush()
            running = [each for each in sla.live_clocks(row) if not each.paused_at]
            assert not running or (row.status in ("waiting", "open"))
            before = clock.at
            clock.pass_(minutes)
            passed = calendar.between(before, clock.at, "Asia/Shanghai") if calendar else clock.at - before
            for each in running:
                used[each.id] = used.get(each.id, timedelta()) + passed
            for each in sla.live_clocks(row):
                span = POLICY.promised(each.target)  # type: ignore[arg-type]
                assert span
                elapsed = used.get(each.id, timedelta())
                if elapsed >= span:
                    assert sla.is_late(each)
                else:
                    assert _left(each, clock.at, calendar) + elapsed == span
        db.session.rollback()


def _left(clock: SlaClock, at: datetime, calendar: Calendar | None) -> timedelta:
    if clock.paused_at or clock.due_at is None:
        return clock.left
    return calendar.between(at, clock.due_at, "Asia/Shanghai") if calendar else clock.due_at - at


def _conversation(stage: Stage) -> Conversation:
    from hub.models import Contact, Identity

    identity = Identity(scheme="pager", value="bo", contact=Contact(name="", language="", tags=[]))
    row = conversations.open_new(identity, "pager")
    row.status = "waiting"
    db.session.add(row)
    db.session.flush()
    return row


def _act(row: Conversation, act: str, at: datetime) -> None:
    closed = row.status == "resolved"
    match act:
        case "customer" if row.status in ("waiting", "open", "snoozed"):
            row.status, row.unanswered_since = "open", row.unanswered_since or at
        case "answer" if row.status in ("waiting", "open", "snoozed"):
            row.status = "open"
            sla.answered(row, None)
        case "snooze" if not closed:
            row.status = "snoozed"
        case "wake" if row.status == "snoozed":
            row.status = "open"
        case "resolve" if not closed:
            row.status = "resolved"
            sla.resolved(row)
        case "reopen" if closed:
            row.status = "open"
        case "bot" if not closed:
            row.status, row.unanswered_since = "bot", None
        case "people" if row.status == "bot":
            row.status, row.unanswered_since = "waiting", at


def test_the_sweep_looks(play: Play) -> None:
    play.do("customer")
    play.clock.pass_(10)
    sweep()
    sweep()
    assert play.lines() == ["sla_breached"]
