"""What was signed is kept: unreadable, unstorable or impossible to take in, it stays in a list until somebody acts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from channels.errors import Unreadable
from hub.db import db, now
from hub.models import Arrival, Contact, Message
from hub.services import arrivals
from tests.pager import SIGNATURE, Pager
from tests.stage import Stage, states, written


def post(stage: Stage, body: bytes) -> None:
    response = stage.app.test_client().post("/hooks/pager", data=body, headers={"X-Signature": SIGNATURE})
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("<xml><ToUserName>", "bad_xml"),
        ("{", "bad_json"),
        ("[1]", "bad_xml"),
        ('{"ToUserName": "gh_000000000002"}', "missing FromUserName"),
        ('{"ToUserName": "gh_of_another"}', "missing FromUserName"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><xml><a>&b;</a></xml>', "bad_xml"),
        ('{"a":' * 5000 + "1" + "}" * 5000, "too_deep"),
        ("<a>" * 5000 + "</a>" * 5000, "too_deep"),
    ],
)
def test_what_cannot_be_read_is_acknowledged_and_kept(stage: Stage, text: str, error: str) -> None:
    response = stage.post_sealed("desk", text)
    assert (response.status_code, response.text) == (200, "success")
    arrival = stage.row(Arrival)
    assert (arrival.state, arrival.error, arrival.error_code, arrival.event) == ("failed", error, "unreadable", None)
    stage.post_sealed("desk", text)
    stage.work()
    assert stage.rows(Message) == []
    assert "unreadable" in arrival.key


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"aes_key": "A" * 43}, ("bad_padding", "bad_length", "bad_appid")),
        ({"app_id": "wx0000000000000001"}, ("bad_appid",)),
    ],
)
def test_a_push_sealed_with_the_wrong_key_is_kept_to_be_replayed(
    stage: Stage, changes: dict[str, str], error: tuple[str, ...]
) -> None:
    assert stage.post_sealed("desk", "{}", **changes).text == "success"
    assert stage.row(Arrival).error in error


def test_ops_see_what_could_not_be_read(stage: Stage) -> None:
    stage.post_sealed("desk", "{")
    [job] = stage.agent(role="supervisor").get("/jobs")["items"]
    assert (job["kind"], job["state"], job["error"], job["error_code"]) == (
        "arrival",
        "failed",
        "bad_json",
        "unreadable",
    )


def test_replay_takes_in_what_can_be_read_now(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after an update of the adapter: first it cannot read, then it can."""
    body = b"[" + written_json() + b"]"
    monkeypatch.setattr(Pager, "parse", refuses)
    post(stage, body)
    post(stage, body)
    with stage.inside():
        assert [arrivals.replay(row) for row in arrivals.unread()] == [False]
    monkeypatch.undo()
    with stage.inside():
        assert [arrivals.replay(row) for row in arrivals.unread()] == [True]
    stage.work()
    assert stage.thread() == [("contact", "again")]
    assert states(stage.rows(Arrival)) == ["cancelled", "done"]
    with stage.inside():
        assert arrivals.unread() == []


def test_a_bug_in_an_adapter_keeps_the_push(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumbles(self: Pager, request: Any) -> None:
        raise ZeroDivisionError("a secret of the customer")

    monkeypatch.setattr(Pager, "parse", stumbles)
    post(stage, b"[]")
    assert (stage.row(Arrival).state, stage.row(Arrival).error) == ("failed", "ZeroDivisionError")


def refuses(self: Pager, request: Any) -> None:
    raise Unreadable("not yet")


def written_json() -> bytes:
    from tests.pager import EVENTS

    return EVENTS.dump_json([written("again")])[1:-1]


@pytest.mark.parametrize("number", [2**63, 2**200], ids=["a bit too large", "far too large"])
def test_an_event_that_the_database_refuses_keeps_its_request(stage: Stage, number: int) -> None:
    stage.page(written("too large", number=1, sequence=number))
    stage.page(written("fine", number=2))
    stage.work()
    assert stage.thread() == [("contact", "fine")]
    assert [(row.state, row.error) for row in stage.rows(Arrival)] == [("failed", "unstorable"), ("done", "")]
    with stage.inside():
        assert [arrivals.replay(row) for row in arrivals.unread()] == [False]


def test_the_other_events_of_its_push_are_taken_in(stage: Stage) -> None:
    stage.page(written("one", number=1), written("too large", number=2, sequence=2**63), written("three", number=3))
    stage.work()
    assert [text for _, text in stage.thread()] == ["one", "three"]


@pytest.mark.parametrize("fields", [{"provider_id": "k" * 9000}, {"sender": "s" * 9000}], ids=["key", "sender"])
def test_names_longer_than_an_index_takes_do_not_stop_the_others(stage: Stage, fields: dict[str, str]) -> None:
    stage.page(written("long", number=1, **fields))
    stage.page(written("fine", number=2))
    stage.work()
    assert ("contact", "fine") in stage.thread()
    assert len(stage.rows(Arrival)) == 2


# what is kept but cannot be taken in


def damage(stage: Stage) -> None:
    """The arrival of "one" can be read no more: as any bug would, it raises."""
    with stage.inside():
        db.session.execute(
            update(Arrival).where(Arrival.key == "in-1").values(event={"event": "message", "damaged": True})
        )


def test_what_cannot_be_taken_in_is_tried_again_and_then_failed(stage: Stage) -> None:
    stage.page(written("one", number=1))
    damage(stage)
    waits = []
    for _ in range(4):
        before = now()
        stage.do("arrival")
        row = stage.row(Arrival)
        waits.append(round((row.due_at - before).total_seconds()))
        assert (row.state, row.error, row.error_code) == ("pending", "ValidationError", "intake")
        assert stage.do("arrival") == 0  # not before its time
        stage.make_due(Arrival)
    stage.do("arrival")
    assert waits == [1, 4, 15, 60]
    row = stage.row(Arrival)
    assert (row.state, row.attempts) == ("failed", 5)
    [job] = stage.agent(role="supervisor").get("/jobs", state="failed")["items"]
    assert job["error"] == "ValidationError"


def test_later_messages_of_its_customer_wait_and_those_of_others_do_not(stage: Stage) -> None:
    stage.page(written("one", number=1), written("two", number=2), written("hello", sender="cy", number=3))
    damage(stage)
    stage.work()
    assert stage.thread() == [("contact", "hello")]
    stage.make_due(Arrival)
    for _ in range(4):
        stage.work()
        stage.make_due(Arrival)
    assert states(stage.rows(Arrival)) == ["failed", "done", "done"]
    assert [text for _, text in stage.thread()] == ["hello", "two"]


def test_a_failed_arrival_is_taken_in_when_somebody_retries_it(stage: Stage) -> None:
    stage.page(written("one", number=1))
    good = stage.row(Arrival).event
    damage(stage)
    for _ in range(5):
        stage.do("arrival")
        stage.make_due(Arrival)
    with stage.inside():
        db.session.execute(update(Arrival).values(event=good))
    anna = stage.agent(role="supervisor")
    anna.post("/jobs/arrival-1/retry", status=202)
    stage.work()
    assert stage.thread() == [("contact", "one")]


def test_nothing_of_a_failed_try_stays(stage: Stage) -> None:
    """The message does not fit its table: the contact made for it is not left behind."""
    stage.page(written("one", number=1, sender="dee"))
    with stage.inside():
        event = db.session.scalars(select(Arrival.event)).one() or {}
        db.session.execute(update(Arrival).values(event={**event, "sequence": 2**63}))
    stage.do("arrival")
    assert (states(stage.rows(Arrival)), stage.rows(Contact)) == (["pending"], [])


def test_arrivals_of_a_channel_that_is_gone_wait_until_it_is_back(stage: Stage) -> None:
    stage.page(written("one"))
    with stage.inside():
        db.session.execute(update(Arrival).values(channel="closed"))
    stage.work()
    assert (states(stage.rows(Arrival)), stage.rows(Message)) == (["pending"], [])
    with stage.inside():
        db.session.execute(update(Arrival).values(channel="pager"))
    stage.work()
    assert (states(stage.rows(Arrival)), stage.row(Message).text) == (["done"], "one")


def test_old_arrivals_are_forgotten_and_unfinished_ones_are_not(stage: Stage) -> None:
    from workers.tasks import tidy

    stage.page(written("one", number=1), written("two", number=2, sender="cy"))
    stage.do("arrival")
    with stage.inside():
        db.session.execute(update(Arrival).values(created_at=now() - timedelta(days=8)))
    tidy()
    assert states(stage.rows(Arrival)) == ["pending"]
