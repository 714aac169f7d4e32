"""Conversations are given to agents who are there: in one transaction, explained, and each to one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event, select, update

from hub.db import db, now
from hub.desk.hours import Calendar
from hub.desk.routing import Routing
from hub.models import AgentPresence, Allowance, Contact, Conversation, Message
from hub.services import conversations, presence, queueing, routing, silence
from tests.stage import Person, Stage, at_once, written

LEAST_BUSY = {"teams": {"everyone": {"strategy": "least_busy"}}}
Rules = Callable[..., None]


@pytest.fixture
def rules(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Rules:
    """As config/routing.toml had them."""
    before = stage.app.extensions["settings"]

    def set_rules(hours: dict[str, Calendar] | None = None, **file: Any) -> None:
        changed = replace(before, routing=Routing.model_validate(file), hours=hours or {})
        monkeypatch.setitem(stage.app.extensions, "settings", changed)

    return set_rules


def online(*people: Person) -> None:
    for person in people:
        person.put("/me/presence", {"status": "online"})


def arrive(stage: Stage, *numbers: int, text: str = "hello") -> None:
    stage.page(*(written(text, sender=f"customer-{number}", number=number) for number in numbers))
    stage.work()


def owners(stage: Stage) -> list[int | None]:
    return [row.assignee_id for row in stage.rows(Conversation)]


def whys(stage: Stage) -> list[dict[str, Any]]:
    with stage.inside():
        rows = db.session.scalars(select(Message).where(Message.kind == "event").order_by(Message.id))
        return [row.payload["why"] for row in rows if "why" in row.payload]


def test_without_rules_everybody_waits(stage: Stage) -> None:
    online(stage.agent())
    arrive(stage, 1)
    assert stage.conversation().status == "waiting"


def test_who_writes_is_given_to_who_is_there_and_the_timeline_says_why(stage: Stage, rules: Rules) -> None:
    rules(**LEAST_BUSY)
    anna, bo = stage.agent("Anna"), stage.agent("Bo")
    online(anna)
    bo.put("/me/presence", {"status": "away"})
    arrive(stage, 1)
    assert (stage.conversation().status, stage.conversation().assignee_id) == ("open", anna.id)
    assert whys(stage) == [
        {
            "strategy": "least_busy",
            "team": "everyone",
            "priority": 1,
            "waited": 0,
            "load": 20,
            "skipped": [{"name": "Bo", "reason": "away"}],
        }
    ]


def test_nobody_carries_more_than_they_can_and_the_rest_wait_their_turn(stage: Stage, rules: Rules) -> None:
    rules(**LEAST_BUSY, capacity={"chat": 2})
    anna = stage.agent()
    arrive(stage, *range(1, 6))
    online(anna)
    assert owners(stage) == [anna.id, anna.id, None, None, None]
    first = stage.rows(Conversation)[0]
    anna.post(f"/conversations/{first.id}/resolve")
    assert owners(stage) == [anna.id, anna.id, anna.id, None, None]


def test_the_most_urgent_is_first_whoever_came_before(stage: Stage, rules: Rules) -> None:
    rules(
        **LEAST_BUSY,
        capacity={"chat": 1},
        priorities=[{"words": ["投诉"], "priority": "urgent"}, {"words": ["随便看看"], "priority": "low"}],
    )
    anna = stage.agent()
    for number, text in enumerate(["随便看看", "你好", "我要投诉"], 1):
        arrive(stage, number, text=text)
    assert [row.priority for row in stage.rows(Conversation)] == [0, 1, 3]
    online(anna)
    given = []
    for _ in range(3):
        [row] = stage.rows(Conversation, Conversation.status == "open")
        given.append(row.priority)
        anna.post(f"/conversations/{row.id}/resolve")
    assert given == [3, 1, 0]


def test_what_was_decided_is_only_raised(stage: Stage, rules: Rules) -> None:
    rules(priorities=[{"words": ["later"], "priority": "low"}, {"words": ["now"], "priority": "high"}])
    arrive(stage, 1, text="now")
    stage.page(written("later", sender="customer-1", number=9))
    stage.work()
    assert stage.conversation().priority == 2


def test_only_who_can_do_it_is_given_it(stage: Stage, rules: Rules) -> None:
    rules(
        **LEAST_BUSY,
        skills={"anna@example.com": {"english": 1}, "bo@example.com": {"english": 3}},
        needs=[{"skill": "english", "level": 2, "words": ["hello"]}, {"skill": "vip", "tags": ["VIP"]}],
    )
    anna, bo = stage.agent("Anna"), stage.agent("Bo")
    online(anna)
    arrive(stage, 1)
    assert owners(stage) == [None]
    online(bo)
    assert owners(stage) == [bo.id]
    assert whys(stage)[0]["skills"] == [{"skill": "english", "level": 3, "wanted": 2}]


def test_the_tags_of_the_customer_ask_for_skills_too(stage: Stage, rules: Rules) -> None:
    rules(**LEAST_BUSY, skills={"bo@example.com": {"vip": 1}}, needs=[{"skill": "vip", "tags": ["VIP"]}])
    arrive(stage, 1)
    with stage.inside():
        db.session.execute(update(Contact).values(tags=["VIP"]))
    online(stage.agent("Anna"))
    assert owners(stage) == [None]
    bo = stage.agent("Bo")
    online(bo)
    assert owners(stage) == [bo.id]


def test_another_team_helps_after_a_while(stage: Stage, rules: Rules) -> None:
    """Nobody of sales is there; returns may read it once it is theirs."""
    overflow = [{"team": "returns", "after": "2m"}]
    rules(teams={"sales": {"strategy": "least_busy", "overflow": overflow}})
    bo = stage.agent("Bo")  # of returns
    online(bo)
    stage.push("转人工", channel="shop")
    stage.work()
    assert stage.conversation().assignee_id is None
    with stage.inside():
        db.session.execute(update(Conversation).values(waiting_since=now() - timedelta(minutes=3)))
    sweep(stage)
    row = stage.conversation()
    assert (row.assignee_id, row.team) == (bo.id, "sales")
    assert (whys(stage)[0]["team"], whys(stage)[0]["overflow_of"]) == ("returns", "sales")
    assert bo.get(f"/conversations/{row.id}")["assignee"]["id"] == bo.id


def sweep(stage: Stage) -> None:
    with stage.inside():
        routing.hand_out_queue()


def test_a_team_that_is_closed_is_given_nothing(stage: Stage, rules: Rules) -> None:
    teams = {"everyone": {"strategy": "least_busy", "hours": "office"}}
    closed = Calendar.model_validate({"open": ["mon-sun 00:00-23:59"], "closed": ["2000-01-01..2099-12-31"]})
    rules({"office": closed}, teams=teams)
    anna = stage.agent()
    online(anna)
    arrive(stage, 1)
    assert owners(stage) == [None]
    rules({"office": Calendar.model_validate({"open": ["mon-sun 00:00-23:59"]})}, teams=teams)
    sweep(stage)
    assert owners(stage) == [anna.id]


def test_the_agent_they_know_comes_first(stage: Stage, rules: Rules) -> None:
    anna, bo = stage.agent("Anna"), stage.agent("Bo")
    arrive(stage, 1)
    first = stage.conversation()
    bo.post(f"/conversations/{first.id}/messages", {"text": "hi"}, 201, Idempotency_Key="k1")
    stage.work()
    bo.post(f"/conversations/{first.id}/resolve")
    rules(teams={"everyone": {"strategy": "last_agent_first"}})
    online(anna, bo)
    stage.page(written("again", sender="customer-1", number=2))
    stage.work()
    assert owners(stage) == [bo.id, bo.id]
    assert whys(stage)[0]["previous"] is True


def test_in_turn(stage: Stage, rules: Rules) -> None:
    rules(teams={"everyone": {"strategy": "round_robin"}})
    people = [stage.agent(name) for name in ("Anna", "Bo", "Cid")]
    online(*people)
    for number in range(1, 7):
        arrive(stage, number)
    assert owners(stage) == [person.id for person in people] * 2


def test_who_gives_it_back_does_not_get_it_again_at_once(stage: Stage, rules: Rules) -> None:
    rules(**LEAST_BUSY)
    anna, bo = stage.agent("Anna"), stage.agent("Bo")
    online(anna)
    arrive(stage, 1)
    row = stage.conversation()
    anna.post(f"/conversations/{row.id}/assign", {"agent": None})
    assert owners(stage) == [None]
    online(bo)
    assert owners(stage) == [bo.id]
    assert whys(stage)[-1]["skipped"] == [{"name": "Anna", "reason": "passed_over"}]


def test_but_is_when_nobody_else_came(stage: Stage, rules: Rules) -> None:
    rules(**LEAST_BUSY)
    anna = stage.agent("Anna")
    online(anna)
    arrive(stage, 1)
    anna.post(f"/conversations/{stage.conversation().id}/assign", {"agent": None})
    with stage.inside():
        db.session.execute(update(Conversation).values(passed_over_until=now()))
    sweep(stage)
    assert owners(stage) == [anna.id]


def test_handed_over_snoozed_and_reopened_ones_are_given_too(stage: Stage, rules: Rules) -> None:
    rules(teams={"sales": {"strategy": "least_busy"}})
    anna, bo = stage.agent("Anna"), stage.agent("Bo", "supervisor")
    online(anna)
    stage.push("COMPLAIN", channel="shop")
    stage.work()
    row = stage.conversation()
    assert row.assignee_id == anna.id
    with stage.inside():
        waiting = conversations.locked(row.id)
        waiting.assignee, waiting.status, waiting.snoozed_until = None, "snoozed", now()
    with stage.inside():
        assert conversations.wake_due() == 1
    assert stage.conversation().assignee_id == anna.id
    with stage.inside():
        resolved = conversations.locked(row.id)
        resolved.assignee, resolved.status = None, "resolved"
    bo.post(f"/conversations/{row.id}/reopen")
    assert stage.conversation().assignee_id == anna.id


def test_workers_that_look_at_once_give_each_conversation_once(stage: Stage, rules: Rules) -> None:
    """And nobody more than they can carry."""
    rules(**LEAST_BUSY, capacity={"chat": 3})
    people = [stage.agent(name) for name in ("Anna", "Bo", "Cid", "Dora")]
    arrive(stage, *range(1, 21))
    with stage.inside():
        for person in people:
            db.session.add(
                AgentPresence(agent_id=person.id, chosen="online", seen_at=now(), active_at=now(), status="online")
            )
    for _ in range(5):
        outcomes = at_once(*[lambda: sweep(stage)] * 8)
        assert not [each for each in outcomes if isinstance(each, Exception)]
        given = [row for row in stage.rows(Conversation) if row.assignee_id]
        assert len(given) == 12
        assert len(whys(stage)) == 12
        for person in people:
            assert len([row for row in given if row.assignee_id == person.id]) == 3
        with stage.inside():  # all are done at once, while the queue is looked at
            db.session.execute(update(Conversation).where(Conversation.status == "open").values(status="waiting"))
            db.session.execute(update(Conversation).values(assignee_id=None, waiting_since=now()))
            db.session.execute(update(Message).values(payload={}))


def test_agents_who_free_themselves_at_once_share_the_queue(stage: Stage, rules: Rules) -> None:
    rules(**LEAST_BUSY, capacity={"chat": 1})
    people = [stage.agent(name) for name in ("Anna", "Bo", "Cid", "Dora")]
    online(*people)
    arrive(stage, *range(1, 25))
    for _ in range(5):
        mine = {row.assignee_id: row.id for row in stage.rows(Conversation, Conversation.status == "open")}
        assert len(mine) == 4
        outcomes = at_once(*[partial(person.post, f"/conversations/{mine[person.id]}/resolve") for person in people])
        assert not [each for each in outcomes if isinstance(each, Exception)]
        sweep(stage)
    assert len(whys(stage)) == 24
    assert len(stage.rows(Conversation, Conversation.status == "resolved")) == 20


def test_taking_in_costs_no_query_more_where_rules_give_nothing_to_anybody(stage: Stage, rules: Rules) -> None:
    def queries(number: int) -> int:
        said: list[str] = []

        def note(_: Any, __: Any, statement: str, *rest: Any) -> None:
            said.append(statement)

        stage.page(written("hello", sender=f"customer-{number}", number=number))
        with stage.app.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", note)
        stage.do("arrival")
        event.remove(engine, "before_cursor_execute", note)
        return len(said)

    queries(1)  # what is only asked once
    without = queries(2)
    rules(priorities=[{"words": ["hello"], "priority": "high"}], needs=[{"skill": "english", "words": ["hello"]}])
    assert queries(3) == without


# silence


def test_who_does_not_answer_is_reminded_and_then_loses_it(stage: Stage, rules: Rules) -> None:
    rules(**LEAST_BUSY, silence={"remind_after": "3m", "return_after": "5m"})
    anna, bo = stage.agent("Anna"), stage.agent("Bo")
    online(anna)
    arrive(stage, 1)
    online(bo)
    assert act(stage) == []
    owed(stage, minutes=4)
    assert act(stage) == ["reminded"]
    assert act(stage) == []
    with stage.inside():
        db.session.execute(update(Conversation).values(reminded_at=now() - timedelta(minutes=6)))
    assert act(stage) == ["given_back", "assigned"]
    assert owners(stage) == [bo.id]
    assert whys(stage)[-1]["skipped"] == [{"name": "Anna", "reason": "passed_over"}]


@pytest.mark.parametrize("answer", [{"text": "one moment"}, {"text": "asks a colleague", "note": True}])
def test_an_answer_or_a_note_is_a_sign_of_life(stage: Stage, rules: Rules, answer: dict[str, Any]) -> None:
    rules(**LEAST_BUSY, silence={"remind_after": "3m"})
    anna = stage.agent()
    online(anna)
    arrive(stage, 1)
    anna.post(f"/conversations/{stage.conversation().id}/messages", answer, 201, Idempotency_Key="k1")
    assert stage.conversation().owed_since is None
    owed_before = act(stage)
    stage.page(written("hello?", sender="customer-1", number=2))
    stage.work()
    assert owed_before == []
    assert stage.conversation().owed_since is not None


def act(stage: Stage) -> list[str]:
    """What the clock adds to the timeline."""
    before = len(stage.thread())
    with stage.inside():
        silence.act()
    return [what for _, what in stage.thread()[before:]]


def owed(stage: Stage, minutes: int) -> None:
    with stage.inside():
        db.session.execute(update(Conversation).values(owed_since=now() - timedelta(minutes=minutes)))


# what those who wait are told


def told(stage: Stage, **changes: Any) -> list[str]:
    """What they are told by the next sweep."""
    with stage.inside():
        if changes:
            db.session.execute(update(Conversation).values(changes))
        queueing.tell()
    with stage.inside():
        rows = select(Message).where(Message.author_kind == "system", Message.direction == "out").order_by(Message.id)
        texts = [row.text for row in db.session.scalars(rows)]
        db.session.execute(update(Message).where(Message.author_kind == "system").values(author_kind="bot"))
    return texts


def test_who_waits_is_told_their_place_when_it_changes(stage: Stage, rules: Rules) -> None:
    rules(**LEAST_BUSY, queue={"position": True, "every": "5m"})
    arrive(stage, 1)
    arrive(stage, 2, text="你好")
    assert told(stage) == ["You are next: a colleague will be with you in a moment.", "您前面还有 1 位客户在等。"]
    assert told(stage) == []
    assert told(stage, told_at=now() - timedelta(minutes=6)) == []  # their place is what it was
    anna = stage.agent()
    anna.post(f"/conversations/{stage.rows(Conversation)[0].id}/claim")
    assert told(stage) == []  # not so soon
    assert told(stage, told_at=now() - timedelta(minutes=6)) == ["您是下一位，马上就有同事为您服务。"]


def test_and_how_long_it_takes_as_fast_as_the_queue_moves(stage: Stage, rules: Rules) -> None:
    rules(**LEAST_BUSY, queue={"position": True}, capacity={"chat": 3})
    online(stage.agent())
    arrive(stage, 1, 2, 3, 4, 5)
    assert told(stage) == [
        "You are next: a colleague will be with you in a moment.",
        "Customers before you: 1. It will take about 20 min.",
    ]


def test_outside_of_the_hours_they_are_told_when_somebody_is_there(stage: Stage, rules: Rules) -> None:
    teams = {"everyone": {"strategy": "least_busy", "hours": "office"}}
    yesterday, tomorrow = (now() + timedelta(days=days) for days in (-1, 1))
    closed = {"open": ["mon-sun 09:00-18:00"], "closed": [f"{yesterday.date()}..{tomorrow.date()}"]}
    rules({"office": Calendar.model_validate(closed)}, teams=teams, queue={"hours": True})
    arrive(stage, 1, text="在吗")
    [text] = told(stage)
    assert text.startswith("现在没有同事值班，")
    assert "09:00" in text
    assert told(stage, told_at=now() - timedelta(hours=1)) == []


def test_the_last_message_that_the_channel_allows_is_for_a_person(stage: Stage, rules: Rules) -> None:
    rules(**LEAST_BUSY, queue={"position": True})
    stage.push("hello", channel="desk")
    stage.work()
    with stage.inside():
        db.session.execute(update(Allowance).values(left=1))
    assert told(stage) == []
    assert told(stage, told_at=None) == []


@pytest.mark.parametrize("queue", [{}, {"hours": True}])
def test_who_need_not_be_told_is_not(stage: Stage, rules: Rules, queue: dict[str, Any]) -> None:
    rules(**LEAST_BUSY, queue=queue)
    arrive(stage, 1)
    assert told(stage) == []


# presence


@pytest.mark.parametrize(
    ("chosen", "seen", "idle", "status"),
    [
        ("online", 0, 0, "online"),
        ("busy", 0, 0, "busy"),
        ("away", 0, 0, "away"),
        ("offline", 0, 0, "offline"),
        ("online", 0, 11, "away"),
        ("busy", 0, 11, "away"),
        ("online", 2, 2, "offline"),
    ],
)
def test_what_is_seen_of_an_agent(stage: Stage, chosen: str, seen: int, idle: int, status: str) -> None:
    anna, bo = stage.agent("Anna"), stage.agent("Bo")
    anna.put("/me/presence", {"status": chosen})
    with stage.inside():
        ago = {"seen_at": now() - timedelta(minutes=seen), "active_at": now() - timedelta(minutes=idle)}
        db.session.execute(update(AgentPresence).values(ago))
    with stage.inside():
        presence.notice()
    shown = {each["name"]: each["status"] for each in bo.get("/presence")["items"]}
    assert shown == {"Anna": status, "Bo": "offline"}
    assert anna.get("/me/presence") == {"chosen": chosen, "status": status}


def test_an_open_inbox_brings_them_back(stage: Stage, rules: Rules) -> None:
    rules(**LEAST_BUSY)
    anna = stage.agent()
    assert anna.get("/me/presence") == {"chosen": "online", "status": "offline"}
    arrive(stage, 1)
    assert anna.post("/me/presence", {"idle": 700}) == {"chosen": "online", "status": "away"}
    assert owners(stage) == [None]
    assert anna.post("/me/presence", {"idle": 3}) == {"chosen": "online", "status": "online"}
    assert owners(stage) == [anna.id]
    [shown] = anna.get("/presence")["items"]
    assert (shown["open"], shown["load"]) == (1, 20)


@pytest.mark.parametrize("body", [{"status": "asleep"}, {}])
def test_there_are_four_ways_to_be(stage: Stage, body: dict[str, str]) -> None:
    stage.agent().put("/me/presence", body, 422)
