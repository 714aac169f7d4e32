"""Filters of the list, its orders, and the views that agents keep."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from hub.db import db
from hub.models import Conversation
from tests.stage import NOON, Person, Stage, written


@pytest.fixture
def anna(stage: Stage) -> Person:
    return stage.agent()


@pytest.fixture
def five(stage: Stage, anna: Person) -> None:
    """Five conversations; the first has waited longest."""
    bo = stage.agent("Bo")
    stage.page(*[written(f"m{n}", sender=f"c{n}", number=n) for n in range(1, 6)])
    stage.work()
    anna.patch("/conversations/1", {"labels": ["refund"], "priority": 3})
    anna.patch("/conversations/2", {"labels": ["refund", "vip"], "priority": 2})
    anna.post("/conversations/3/claim")
    anna.post("/conversations/3/snooze", {"until": None})
    anna.put("/conversations/4/follow", None)
    bo.post("/conversations/5/messages", {"text": "@Anna", "note": True, "mentions": [anna.id]}, 201)
    anna.post("/conversations/1/read")
    with stage.inside():
        for number in range(1, 6):
            at = NOON + timedelta(seconds=number)
            waits = Conversation.status == "waiting"
            same = Conversation.id == number
            db.session.execute(update(Conversation).where(same).values(last_activity_at=at))
            db.session.execute(update(Conversation).where(same, waits).values(waiting_since=at))


FILTERS: list[tuple[dict[str, Any], list[int]]] = [
    ({}, [5, 4, 3, 2, 1]),
    ({"labels": "refund"}, [2, 1]),
    ({"labels": "refund,vip"}, [2]),
    ({"priority": "2,3"}, [2, 1]),
    ({"priority": "0"}, []),
    ({"unread": "true"}, [5, 4, 3, 2]),
    ({"followed": "true"}, [4]),
    ({"mentioned": "true"}, [5]),
    ({"status": "snoozed"}, [3]),
    ({"sort": "newest", "status": "waiting"}, [5, 4, 2, 1]),
    ({"sort": "oldest_waiting"}, [1, 2, 4, 5, 3]),
    ({"sort": "priority"}, [1, 2, 5, 4, 3]),
    ({"sort": "priority", "status": "waiting", "labels": "refund"}, [1, 2]),
    ({"sort": "oldest_waiting", "status": "waiting"}, [1, 2, 4, 5]),
]


@pytest.mark.usefixtures("five")
def test_filters_and_orders_page_by_page(stage: Stage, anna: Person) -> None:
    for query, wanted in FILTERS:
        for limit in (1, 2, 50):
            assert listed(anna, limit=limit, **query) == wanted, (query, limit)


def listed(anna: Person, **query: Any) -> list[int]:
    found: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        page = anna.get("/conversations", **query, **cursor)
        found += [item["id"] for item in page["items"]]
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


@pytest.mark.usefixtures("five")
def test_who_waits_stands_as_routing_hands_them_out(anna: Person) -> None:
    anna.patch("/conversations/5", {"priority": 3})
    for limit in (1, 2, 50):
        assert listed(anna, limit=limit, status="waiting") == [1, 5, 2, 4]


@pytest.mark.usefixtures("five")
def test_a_cursor_is_of_its_order(anna: Person) -> None:
    cursor = anna.get("/conversations", limit=1, sort="priority")["next"]
    assert anna.get("/conversations", 422, cursor=cursor)["errors"][0]["field"] == "cursor"


@pytest.mark.usefixtures("five")
def test_counts_of_the_views(anna: Person) -> None:
    counts = {"mine": 1, "waiting": 4, "all": 5, "snoozed": 1, "bot": 0, "mentions": 1}
    assert anna.get("/conversations/counts") == counts
    anna.post("/conversations/5/read")
    assert anna.get("/conversations/counts") == {**counts, "mentions": 0}


@pytest.mark.parametrize(("query", "field"), [({"priority": "9"}, "priority.0"), ({"sort": "random"}, "sort")])
def test_a_wrong_filter_names_its_field(anna: Person, query: dict[str, str], field: str) -> None:
    assert anna.get("/conversations", 422, **query)["errors"][0]["field"] == field


def test_a_list_shows_what_may_be_read(stage: Stage) -> None:
    stage.page(written("hi", sender="c1", number=1), written("hi", sender="c2", number=2))
    stage.work()
    wei, boss = stage.agent("Wei"), stage.agent("Boss", "supervisor")
    boss.post("/conversations/1/assign", {"team": "sales"})
    stage.app.extensions["settings"].hub.teams["support"] = ["wei@example.com"]
    try:
        assert listed(wei) == [2]
        assert (wei.get("/conversations/counts")["all"], boss.get("/conversations/counts")["all"]) == (1, 2)
        boss.post("/conversations/1/assign", {"agent": wei.id})
        assert sorted(listed(wei)) == [1, 2]
    finally:
        del stage.app.extensions["settings"].hub.teams["support"]


def test_a_view_is_kept_for_oneself_or_for_all(stage: Stage, anna: Person) -> None:
    bo, boss = stage.agent("Bo"), stage.agent("Boss", "supervisor")
    own = anna.post("/views", {"name": "My refunds", "filter": {"labels": ["refund"], "assignee": "me"}}, 201)
    shared = anna.post("/views", {"name": "Urgent", "filter": {"priority": [3]}, "shared": True}, 201)
    assert (own["filter"]["labels"], own["filter"]["assignee"], own["by"]["name"]) == (["refund"], "me", "Anna")
    assert [view["name"] for view in anna.get("/views")["items"]] == ["My refunds", "Urgent"]
    assert [view["name"] for view in bo.get("/views")["items"]] == ["Urgent"]
    assert anna.patch(f"/views/{own['id']}", {"name": "Refunds"})["filter"] == own["filter"]
    assert bo.patch(f"/views/{own['id']}", {"name": "x"}, 404)["code"] == "not_found"
    assert bo.patch(f"/views/{shared['id']}", {"name": "x"}, 403)["by"] == "Anna"
    assert boss.patch(f"/views/{shared['id']}", {"shared": False})["shared"] is False
    anna.delete(f"/views/{own['id']}", 204)
    assert [view["name"] for view in anna.get("/views")["items"]] == ["Urgent"]


@pytest.mark.parametrize(
    "body",
    [
        {"name": "", "filter": {}},
        {"name": " x", "filter": {}},
        {"name": "x" * 61, "filter": {}},
        {"name": "x", "filter": {"status": ["closed"]}},
        {"name": "x"},
    ],
    ids=str,
)
def test_a_view_that_makes_no_sense(anna: Person, body: dict[str, Any]) -> None:
    assert anna.post("/views", body, 422)["code"] == "invalid"


def test_what_work_is_organised_by(anna: Person) -> None:
    work = anna.get("/work")
    refund = {"id": "refund", "zh": "退款", "en": "Refund", "color": "amber", "pinyin": ["tuikuan", "tk"]}
    assert work["labels"][0] == refund
    assert work["dispositions"] == [{"id": "solved", "zh": "已解决", "en": "Solved", "pinyin": ["yijiejue", "yjj"]}]
    assert set(work["teams"]) == {"everyone", "sales", "returns"}
