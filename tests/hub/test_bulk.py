"""Many conversations at once: each by itself, with its own result."""

from __future__ import annotations

from typing import Any

import pytest

from hub.models import Conversation
from tests.stage import Person, Stage, written


@pytest.fixture
def anna(stage: Stage) -> Person:
    return stage.agent()


@pytest.fixture
def three(stage: Stage) -> list[int]:
    stage.page(*[written(f"m{n}", sender=f"c{n}", number=n) for n in range(3)])
    stage.work()
    return [row.id for row in stage.rows(Conversation)]


DOES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"action": "assign", "agent": 1}, {"status": "open", "assignee_id": 1}),
    ({"action": "assign", "team": "sales", "note": "for you"}, {"status": "waiting", "team": "sales"}),
    ({"action": "label", "labels": ["vip"]}, {"labels": ["vip"]}),
    ({"action": "unlabel", "labels": ["vip"]}, {"labels": []}),
    ({"action": "snooze", "until": "2999-01-01T00:00:00Z"}, {"status": "snoozed"}),
    ({"action": "snooze"}, {"status": "snoozed", "snoozed_until": None}),
    ({"action": "resolve", "disposition": "solved"}, {"status": "resolved", "disposition": "solved"}),
    ({"action": "priority", "priority": 2}, {"priority": 2}),
    ({"action": "read"}, {"unread": 0}),
]


@pytest.mark.parametrize(("body", "wanted"), DOES, ids=[str(body) for body, _ in DOES])
def test_each_action(
    stage: Stage, anna: Person, three: list[int], body: dict[str, Any], wanted: dict[str, Any]
) -> None:
    answer = anna.post("/conversations/bulk", {"ids": three, **body})
    assert answer == {"items": [{"id": number, "ok": True, "problem": None} for number in three]}
    for row in stage.rows(Conversation):
        assert {name: getattr(row, name) for name in wanted} == wanted


def test_what_cannot_be_done_with_one_stops_no_other(stage: Stage, anna: Person, three: list[int]) -> None:
    first, second, third = three
    anna.post(f"/conversations/{second}/resolve")
    answer = anna.post("/conversations/bulk", {"ids": [first, second, 99, third, first], "action": "snooze"})
    assert [(item["id"], item["ok"], (item["problem"] or {}).get("code")) for item in answer["items"]] == [
        (first, True, None),
        (second, False, "resolved"),
        (99, False, "not_found"),
        (third, True, None),
    ]
    assert [row.status for row in stage.rows(Conversation)] == ["snoozed", "resolved", "snoozed"]


def test_a_label_nobody_knows_is_each_ones_own_problem(stage: Stage, anna: Person, three: list[int]) -> None:
    answer = anna.post("/conversations/bulk", {"ids": three, "action": "label", "labels": ["pink"]})
    assert {item["problem"]["code"] for item in answer["items"]} == {"invalid"}


@pytest.mark.parametrize(
    "body",
    [
        {"ids": [], "action": "read"},
        {"ids": list(range(1, 202)), "action": "read"},
        {"ids": [1], "action": "explode"},
        {"ids": [1], "action": "label"},
        {"ids": [1], "action": "priority"},
        {"ids": [1], "action": "assign", "agent": 99},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_as_a_whole(anna: Person, three: list[int], body: dict[str, Any]) -> None:
    assert anna.post("/conversations/bulk", body, 422)["code"] == "invalid"
