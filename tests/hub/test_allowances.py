"""What WeChat still lets us send: 5 in 48 hours after a message, 2 in a minute after entering."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from hub.db import db, now
from hub.models import Allowance, Delivery
from tests.stage import Person, Stage, WeChat, at_once


@pytest.fixture
def anna(stage: Stage) -> Person:
    return stage.agent()


def left(stage: Stage) -> dict[str, int]:
    return {row.action: row.left for row in stage.rows(Allowance)}


def say(anna: Person, text: str = "hello", status: int = 201) -> Any:
    return anna.post("/conversations/1/messages", {"text": text}, status)


def test_a_message_grants_five_for_two_days(stage: Stage, anna: Person) -> None:
    stage.push("hi", channel="desk")
    stage.do("arrival")
    row = stage.row(Allowance)
    assert (row.action, row.left, row.limit) == ("message", 5, 5)
    assert timedelta(hours=47, minutes=59) < row.until - now() < timedelta(hours=48, seconds=1)
    assert anna.get("/conversations/1")["allowance"]["left"] == 5


def test_entering_grants_two_for_a_minute(stage: Stage) -> None:
    stage.enter(channel="desk")
    stage.do("arrival")
    row = stage.row(Allowance)
    assert (row.action, row.left, row.limit) == ("entered", 2, 2)
    assert timedelta(seconds=55) < row.until - now() < timedelta(seconds=61)


def test_every_part_is_counted_and_the_sixth_is_refused(stage: Stage, anna: Person) -> None:
    stage.push("hi", channel="desk")
    stage.do("arrival")
    say(anna, "x" * 4000)  # three parts
    say(anna)
    say(anna)
    refused = say(anna, status=409)
    assert (refused["code"], left(stage)) == ("allowance_used", {"message": 0})
    assert anna.get("/conversations/1")["reply"]["reason"] == "allowance_used"


def test_a_message_that_does_not_fit_what_is_left_is_refused_whole(stage: Stage, anna: Person) -> None:
    stage.push("hi", channel="desk")
    stage.do("arrival")
    for _ in range(3):
        say(anna)
    assert say(anna, "x" * 4000, 409)["code"] == "allowance_used"
    assert left(stage) == {"message": 2}
    assert len(stage.rows(Delivery)) == 3


def test_what_ends_first_is_spent_first(stage: Stage, anna: Person) -> None:
    stage.push("hi", channel="desk", at=0)
    stage.enter(channel="desk", at=1)
    stage.work()
    assert left(stage) == {"message": 5, "entered": 2}
    assert anna.get("/conversations/1")["allowance"]["left"] == 7
    spent = []
    for _ in range(7):
        say(anna)
        spent.append(left(stage))
    assert spent[:3] == [{"message": 5, "entered": 1}, {"message": 5, "entered": 0}, {"message": 4, "entered": 0}]
    assert spent[-1] == {"message": 0, "entered": 0}
    assert say(anna, status=409)["code"] == "allowance_used"


def test_it_is_renewed_and_not_added_up(stage: Stage, anna: Person, wechat: WeChat) -> None:
    stage.push("one", channel="desk", at=0)
    stage.push("two", channel="desk", at=1)
    stage.work()
    assert left(stage) == {"message": 5}
    say(anna)
    stage.work()
    assert left(stage) == {"message": 4}
    stage.push("three", channel="desk", at=2)
    stage.do("arrival")
    assert left(stage) == {"message": 5}


def test_what_is_still_queued_counts_against_the_new_one(stage: Stage, anna: Person) -> None:
    stage.push("one", channel="desk", at=0)
    stage.do("arrival")
    say(anna)
    say(anna)
    stage.push("two", channel="desk", at=1)
    stage.do("arrival")
    assert left(stage) == {"message": 3}


def test_when_its_time_is_over_the_customer_must_write_first(stage: Stage, anna: Person) -> None:
    stage.push("hi", channel="desk")
    stage.do("arrival")
    expire(stage, now() - timedelta(seconds=1))
    assert say(anna, status=409)["code"] == "window_closed"
    detail = anna.get("/conversations/1")
    assert (detail["reply"]["allowed"], detail["reply"]["reason"]) == (False, "window_closed")
    assert detail["allowance"]["left"] == 0
    stage.push("still there?", channel="desk", at=9)
    stage.do("arrival")
    say(anna)


def expire(stage: Stage, at: datetime) -> None:
    with stage.inside():
        db.session.execute(update(Allowance).values(until=at))


@pytest.mark.parametrize(
    ("answer", "after"),
    [
        (0, 4),  # sent: it was counted
        (45002, 5),  # refused: it was not
        (40003, 5),
        (-1, 4),  # tried again: it stays counted
        (45011, 4),
        (40001, 4),
        (45047, 0),  # the provider counts otherwise than we do, and it is the judge
        (45015, 0),
    ],
)
def test_the_providers_answer_settles_what_was_spent(
    stage: Stage, anna: Person, wechat: WeChat, answer: int, after: int
) -> None:
    stage.push("hi", channel="desk")
    stage.do("arrival")
    say(anna)
    wechat.answers.extend([answer] * 2)  # a second time for those that are repeated with a new token
    stage.do("delivery")
    assert left(stage) == {"message": after}


def test_a_refund_never_exceeds_the_limit(stage: Stage, anna: Person, wechat: WeChat) -> None:
    stage.push("hi", channel="desk")
    stage.do("arrival")
    say(anna)
    with stage.inside():
        db.session.execute(update(Allowance).values(left=5))
    wechat.answers.append(45002)
    stage.do("delivery")
    assert left(stage) == {"message": 5}


def test_a_refunded_message_that_is_retried_is_counted_again(stage: Stage, wechat: WeChat) -> None:
    boss = stage.agent("Boss", "supervisor")
    stage.push("hi", channel="desk")
    stage.do("arrival")
    say(boss)
    wechat.answers.append(45002)
    stage.work()
    boss.post("/jobs/delivery-1/retry", status=202)
    assert left(stage) == {"message": 4}
    with stage.inside():
        db.session.execute(update(Delivery).values(state="failed", spent=None))
        db.session.execute(update(Allowance).values(left=0))
    assert boss.post("/jobs/delivery-1/retry", status=409)["code"] == "allowance_used"


def test_the_last_one_is_kept_for_a_person(stage: Stage, anna: Person, wechat: WeChat) -> None:
    stage.push("怎么退款", channel="shop")
    stage.work()
    with stage.inside():
        db.session.execute(update(Allowance).values(left=1))
        db.session.execute(update(Allowance).values(until=now() + timedelta(hours=1)))
    with stage.inside():
        from hub.services import conversations, replies
        from hub.services.fitting import Content

        with pytest.raises(replies.Refusal) as refusal:
            replies.reply(conversations.locked(1), replies.Author("bot", None, "frontdesk"), Content(text="more"))
    assert refusal.value.code == "allowance_used"
    say(anna)
    assert left(stage) == {"message": 0}


def test_of_two_agents_who_spend_the_last_one_at_once_one_is_refused(stage: Stage) -> None:
    stage.push("hi", channel="desk")
    stage.do("arrival")
    people = [stage.agent(name) for name in ("Anna", "Bo", "Cy", "Di")]
    people[0].post("/conversations/1/claim")
    with stage.inside():
        db.session.execute(update(Allowance).values(left=2))
    body = {"text": "hello"}
    responses = at_once(
        *[lambda who=who: who.client.post("/api/v1/conversations/1/messages", json=body).status_code for who in people]
    )
    assert sorted(responses) == [201, 201, 409, 409]  # type: ignore[type-var]
    assert (left(stage), len(stage.rows(Delivery))) == ({"message": 0}, 2)
