"""Who has a conversation, until when it sleeps, how it ends, and what it is called: one change, one line, one audit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import update

from hub.db import db, now
from hub.desk.work import Resolving
from hub.models import AgentPresence, AuditEntry, Conversation, Message
from tests.stage import Person, Stage, at_once, written
from workers import tasks


@contextmanager
def resolving(stage: Stage, **rules: Any) -> Iterator[None]:
    """config/work.toml says this under [resolving]."""
    before = stage.app.extensions["settings"]
    work = before.work.model_copy(update={"resolving": Resolving(**rules)})
    stage.app.extensions["settings"] = replace(before, work=work)
    try:
        yield
    finally:
        stage.app.extensions["settings"] = before


def events(stage: Stage, name: str) -> list[dict[str, Any]]:
    rows = stage.rows(Message, Message.kind == "event")
    return [
        {key: value for key, value in row.payload.items() if key != "event"}
        for row in rows
        if row.payload["event"] == name
    ]


def audited(stage: Stage) -> list[str]:
    return [row.action for row in stage.rows(AuditEntry) if row.subject.startswith("conversation ")]


def test_of_two_who_claim_at_once_one_has_it_and_the_other_is_told_who(stage: Stage, anna: Person, bo: Person) -> None:
    """Two hundred times, with threads of their own."""
    count = 200
    stage.page(*[written(f"m{n}", sender=f"c{n}", number=n) for n in range(count)])
    stage.work()
    names = {anna.id: "Anna", bo.id: "Bo"}
    for number in range(1, count + 1):
        path = f"/api/v1/conversations/{number}/claim"
        answers: list[Any] = at_once(partial(anna.client.post, path), partial(bo.client.post, path))
        won, lost = sorted(answers, key=lambda answer: answer.status_code)
        assert (won.status_code, lost.status_code) == (200, 409), (won.text, lost.text)
        has_it = won.get_json()["assignee"]["name"]
        assert (lost.get_json()["code"], lost.get_json()["by"]) == ("already_claimed", has_it)
    rows = stage.rows(Conversation)
    assert all(row.status == "open" and row.assignee_id in names for row in rows)
    assert [each["agent"] for each in events(stage, "claimed")] == [names[row.assignee_id] for row in rows]  # type: ignore[index]


def test_a_transfer_is_one_change_with_its_note(stage: Stage, anna: Person, bo: Person, talk: int) -> None:
    anna.post(f"/conversations/{talk}/claim")
    shown = anna.post(f"/conversations/{talk}/assign", {"agent": bo.id, "note": "knows the courier"})
    assert (shown["status"], shown["assignee"]["name"]) == ("open", "Bo")
    assert stage.thread()[-2:] == [("agent", "knows the courier"), ("system", "assigned")]
    [told] = bo.get("/notifications")["items"]
    assert (told["kind"], told["text"], told["payload"]) == ("assigned", "knows the courier", {"by": "Anna"})


def test_a_transfer_to_a_team_waits_there(stage: Stage, anna: Person, talk: int) -> None:
    anna.post(f"/conversations/{talk}/claim")
    shown = anna.post(f"/conversations/{talk}/assign", {"team": "returns", "note": "wants his money back"})
    assert (shown["status"], shown["team"], shown["assignee"]) == ("waiting", "returns", None)
    assert stage.thread()[-2:] == [("agent", "wants his money back"), ("system", "handed_over")]


def test_a_transfer_that_is_refused_leaves_no_note(stage: Stage, anna: Person, talk: int) -> None:
    before = stage.thread()
    anna.post(f"/conversations/{talk}/assign", {"team": "nobody", "note": "lost"}, 422)
    anna.post(f"/conversations/{talk}/resolve")
    anna.post(f"/conversations/{talk}/assign", {"agent": anna.id, "note": "lost"}, 409)
    assert stage.thread() == [*before, ("system", "resolved")]


def test_snoozed_until_they_write(stage: Stage, anna: Person, talk: int) -> None:
    anna.post(f"/conversations/{talk}/claim")
    shown = anna.post(f"/conversations/{talk}/snooze", {"until": None})
    assert (shown["status"], shown["snoozed_until"]) == ("snoozed", None)
    with stage.app.app_context():
        tasks.sweep()
    assert stage.conversation().status == "snoozed"
    stage.page(written("are you there?", number=2))
    stage.work()
    assert stage.conversation().status == "open"
    assert stage.thread()[-2:] == [("system", "woke"), ("contact", "are you there?")]
    assert events(stage, "woke") == [{"why": "message"}]


def test_what_wakes_by_the_clock_says_so_and_reminds_whoever_has_it(stage: Stage, anna: Person, talk: int) -> None:
    anna.post(f"/conversations/{talk}/claim")
    anna.post(f"/conversations/{talk}/snooze", {"until": "2999-01-01T08:00:00+08:00"})
    with stage.inside():
        db.session.execute(update(Conversation).values(snoozed_until=now() - timedelta(seconds=1)))
    with stage.app.app_context():
        tasks.sweep()
        tasks.sweep()
    assert stage.conversation().status == "open"
    assert events(stage, "woke") == [{"why": "time"}]
    [told] = anna.get("/notifications")["items"]
    assert (told["kind"], told["payload"]) == ("reminder", {"event": "woke"})


def test_a_resolution_says_how_it_ended_until_it_is_reopened(stage: Stage, anna: Person, talk: int) -> None:
    assert anna.post(f"/conversations/{talk}/resolve", {"disposition": "solved"})["disposition"] == "solved"
    assert events(stage, "resolved") == [{"by": "Anna", "disposition": "solved"}]
    assert anna.post(f"/conversations/{talk}/reopen")["disposition"] == ""


def test_a_disposition_must_be_known_and_given_where_ops_want_it(stage: Stage, anna: Person, talk: int) -> None:
    assert (
        anna.post(f"/conversations/{talk}/resolve", {"disposition": "bored"}, 422)["errors"][0]["field"]
        == "disposition"
    )
    with resolving(stage, disposition_required=True):
        assert anna.get("/work")["disposition_required"] is True
        assert anna.post(f"/conversations/{talk}/resolve", None, 422)["code"] == "disposition_needed"
        anna.post(f"/conversations/{talk}/resolve", {"disposition": "solved"})


REOPENS: dict[str, tuple[dict[str, Any], timedelta, bool, list[tuple[str, int | None]]]] = {
    "by default a new one begins": ({}, timedelta(0), True, [("resolved", 1), ("waiting", None)]),
    "within the time it goes on": ({"reopen_within": "3d"}, timedelta(days=2), True, [("open", 1)]),
    "later a new one begins": ({"reopen_within": "3d"}, timedelta(days=4), True, [("resolved", 1), ("waiting", None)]),
    "nobody had it": ({"reopen_within": "3d"}, timedelta(0), False, [("resolved", None), ("waiting", None)]),
}


@pytest.mark.parametrize(("rules", "ago", "claimed", "wanted"), REOPENS.values(), ids=list(REOPENS))
def test_who_writes_after_the_end(
    stage: Stage, anna: Person, talk: int, rules: dict[str, Any], ago: timedelta, claimed: bool, wanted: list[Any]
) -> None:
    if claimed:
        anna.post(f"/conversations/{talk}/claim")
    anna.post(f"/conversations/{talk}/resolve", {"disposition": "solved"})
    with stage.inside():
        db.session.execute(update(Conversation).values(last_activity_at=now() - ago))
    with resolving(stage, **rules):
        stage.page(written("one more thing", number=2), written("please", number=3, at=1))
        stage.work()
    rows = stage.rows(Conversation)
    assert [(row.status, row.assignee_id) for row in rows] == wanted
    if len(rows) == 1:
        assert stage.thread()[-3:] == [("system", "came_back"), ("contact", "one more thing"), ("contact", "please")]
        assert rows[0].disposition == ""


def test_whoever_is_offline_gets_nothing_back(stage: Stage, anna: Person, talk: int) -> None:
    anna.post(f"/conversations/{talk}/claim")
    anna.post(f"/conversations/{talk}/resolve")
    with stage.inside():
        db.session.add(AgentPresence(agent_id=anna.id, status="offline"))
    with resolving(stage, reopen_within="3d"):
        stage.page(written("one more thing", number=2))
        stage.work()
    assert [row.status for row in stage.rows(Conversation)] == ["resolved", "waiting"]


def test_labels_and_priority(stage: Stage, anna: Person, talk: int) -> None:
    path = f"/conversations/{talk}"
    assert anna.patch(path, {"labels": ["refund", "vip"]})["labels"] == ["refund", "vip"]
    shown = anna.patch(path, {"labels": ["vip"], "priority": 3})
    assert (shown["labels"], shown["priority"]) == (["vip"], 3)
    anna.patch(path, {"labels": ["vip"], "priority": 3})  # nothing changes, nothing is said
    assert shown["last_message"]["text"] == "help"  # what the customer said is still what the list shows
    stage.page(written("thanks", number=2))
    stage.work()
    assert stage.thread()[-2:] == [("system", "prioritised"), ("contact", "thanks")]
    assert events(stage, "labelled") == [
        {"by": "Anna", "added": ["refund", "vip"], "removed": []},
        {"by": "Anna", "added": [], "removed": ["refund"]},
    ]
    assert events(stage, "prioritised") == [{"by": "Anna", "priority": 3}]
    assert audited(stage) == ["label", "label", "prioritise"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"labels": ["pink"]}, "labels"),
        ({"priority": 4}, "priority"),
        ({"priority": -1}, "priority"),
        ({"color": 1}, "color"),
    ],
)
def test_what_cannot_be_changed_names_its_field(anna: Person, talk: int, body: dict[str, Any], field: str) -> None:
    assert [error["field"] for error in anna.patch(f"/conversations/{talk}", body, 422)["errors"]] == [field]


def test_a_label_that_ops_took_away_stays_and_can_be_removed(stage: Stage, anna: Person, talk: int) -> None:
    with stage.inside():
        db.session.get_one(Conversation, talk).labels = ["old"]
    assert anna.patch(f"/conversations/{talk}", {"labels": ["old", "vip"]})["labels"] == ["old", "vip"]
    assert anna.patch(f"/conversations/{talk}", {"labels": ["vip"]})["labels"] == ["vip"]
    anna.patch(f"/conversations/{talk}", {"labels": ["old"]}, 422)
