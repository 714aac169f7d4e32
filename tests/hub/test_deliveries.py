"""What became of each send: the class of the error decides, and nothing is sent twice blindly."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from channels.contract import DeliveryResult, OutboundMessage, Receipt
from channels.errors import Gone, Misconfigured, Refused, SendError, Throttled, Uncertain, Unreachable, WindowClosed
from hub.db import db, now
from hub.models import Allowance, Arrival, ChannelState, Delivery, DeliveryAttempt, Identity
from hub.services import deliveries
from hub.services.deliveries import Outcome
from tests.pager import Pager
from tests.stage import NOON, Person, Stage, states, written
from workers.tasks import sweep


@pytest.fixture
def anna(stage: Stage) -> Person:
    stage.page(written("hi"))
    stage.work()
    return stage.agent(role="supervisor")


def say(anna: Person, text: str = "hello") -> Any:
    return anna.post("/conversations/1/messages", {"text": text}, 201)


def shown(anna: Person) -> Any:
    return anna.get("/conversations/1/messages")["items"][-1]["delivery"]


def test_a_message_is_queued_then_sent(stage: Stage, anna: Person) -> None:
    assert say(anna)["delivery"] == {"state": "queued", "attempts": 0, "error": None}
    stage.work()
    assert shown(anna) == {"state": "sent", "attempts": 1, "error": None}
    [message], delivery, attempt = Pager.sent, stage.row(Delivery), stage.row(DeliveryAttempt)
    assert (message.text, message.to.value, message.id, message.by_bot) == ("hello", "bo", delivery.uid, False)
    assert (delivery.state, delivery.provider_id) == ("done", "page-1")
    assert (attempt.delivery_id, attempt.outcome) == (delivery.id, "sent")
    assert attempt.started_at <= attempt.ended_at


@pytest.mark.parametrize(
    ("error", "state", "reachable", "paused"),
    [
        (Unreachable("busy", code="-1"), "pending", True, False),
        (Throttled("slow down", code="45011"), "pending", True, False),
        (Uncertain("no answer", code="504"), "uncertain", True, False),
        (Refused("too long", code="45002"), "failed", True, False),
        (WindowClosed("write first", code="45015"), "failed", True, False),
        (Gone("blocked", code="43019"), "failed", False, False),
        (Misconfigured("wrong key", code="40001"), "pending", True, True),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, SendError) else None,
)
def test_the_class_of_the_error_decides(
    stage: Stage, anna: Person, error: SendError, state: str, reachable: bool, paused: bool
) -> None:
    say(anna)
    Pager.answers.append(error)
    stage.work()
    delivery, attempt = stage.row(Delivery), stage.row(DeliveryAttempt)
    assert (delivery.state, delivery.error, delivery.error_code) == (state, error.reason, error.code)
    assert delivery.attempts == (0 if paused else 1)
    assert (attempt.outcome, attempt.code, attempt.reason) == (type(error).__name__, error.code, error.reason)
    assert stage.row(Identity).reachable is reachable
    assert bool(stage.rows(ChannelState)) is paused
    assert shown(anna)["error"] == {"code": error.code, "reason": error.reason}


def test_it_is_tried_on_schedule_and_then_the_agent_is_told(stage: Stage, anna: Person) -> None:
    say(anna)
    waits = []
    for _ in range(4):
        Pager.answers.append(Unreachable("busy"))
        before = now()
        stage.work()
        waits.append(round((stage.row(Delivery).due_at - before).total_seconds()))
        stage.make_due(Delivery)
    Pager.answers.append(Unreachable("busy"))
    stage.work()
    assert waits == [1, 4, 15, 60]
    assert shown(anna) == {"state": "failed", "attempts": 5, "error": {"code": "", "reason": "busy"}}
    stage.make_due(Delivery)
    stage.work()
    assert Pager.sent == []


def test_a_provider_that_says_for_how_long_is_obeyed(stage: Stage, anna: Person) -> None:
    say(anna)
    Pager.answers.append(Throttled("slow down", after=timedelta(minutes=10)))
    before = now()
    stage.work()
    assert 595 < (stage.row(Delivery).due_at - before).total_seconds() < 605


def test_the_next_message_of_the_lane_waits_for_the_one_before(stage: Stage, anna: Person) -> None:
    say(anna, "one")
    say(anna, "two")
    Pager.answers.append(Unreachable("busy"))
    stage.work()
    assert Pager.sent == []
    stage.make_due(Delivery)
    stage.work()
    assert [message.text for message in Pager.sent] == ["one", "two"]


def test_an_uncertain_one_is_not_sent_again_by_itself_but_by_a_person(stage: Stage, anna: Person) -> None:
    say(anna)
    Pager.answers.append(Uncertain("no answer"))
    stage.work()
    stage.make_due(Delivery)
    sweep()
    stage.work()
    assert (Pager.sent, shown(anna)["state"]) == ([], "uncertain")
    anna.post("/jobs/delivery-1/retry", status=202)
    stage.work()
    assert ([message.text for message in Pager.sent], shown(anna)["state"]) == (["hello"], "sent")


def test_a_channel_that_is_misconfigured_pauses_and_comes_back_by_itself(stage: Stage, anna: Person) -> None:
    for text in ("one", "two"):
        say(anna, text)
    Pager.answers.extend([Misconfigured("wrong key", code="40001")] * 2)
    stage.work()
    [channel] = [each for each in anna.get("/channels")["items"] if each["name"] == "pager"]
    assert (channel["state"], channel["reason"], channel["queued"]) == ("paused", "wrong key", 2)
    assert 'yizhan_channel_paused{channel="pager"} 1.0' in stage.app.test_client().get("/metrics").text
    stage.make_due(Delivery)
    stage.work()
    assert len(Pager.answers) == 1  # nothing tried before the pause is over
    for _ in range(2):  # the first probe finds it still wrong
        with stage.inside():
            db.session.execute(update(ChannelState).values(paused_until=now()))
        stage.make_due(Delivery)
        stage.work()
    assert [message.text for message in Pager.sent] == ["one", "two"]
    [channel] = [each for each in anna.get("/channels")["items"] if each["name"] == "pager"]
    assert (channel["state"], channel["reason"], channel["queued"]) == ("ok", "", 0)


def test_a_misconfigured_channel_never_gives_a_message_up(stage: Stage, anna: Person) -> None:
    say(anna)
    for _ in range(8):
        Pager.answers.append(Misconfigured("wrong key"))
        with stage.inside():
            db.session.execute(update(ChannelState).values(paused_until=now()))
        stage.make_due(Delivery)
        stage.work()
    assert stage.row(Delivery).state == "pending"


def test_window_closed_means_that_nothing_is_left(stage: Stage) -> None:
    stage.push("hi", channel="desk")
    stage.work()
    anna = stage.agent()
    anna.post("/conversations/1/messages", {"text": "hello"}, 201)
    with stage.inside():
        [delivery] = deliveries.claim_due(1)
        closed = WindowClosed("used up", code="45047")
        deliveries.record([Outcome(delivery.id, now(), now(), closed)])
    assert stage.row(Allowance).left == 0
    assert anna.post("/conversations/1/messages", {"text": "?"}, 409)["code"] == "window_closed"


def test_a_customer_who_is_gone_is_not_written_to_until_they_write(stage: Stage, anna: Person) -> None:
    say(anna)
    Pager.answers.append(Gone("blocked"))
    stage.work()
    assert anna.post("/conversations/1/messages", {"text": "?"}, 409)["code"] == "unreachable"
    assert anna.get("/conversations/1")["reply"]["reason"] == "unreachable"
    stage.page(written("I am back", number=2))
    stage.work()
    say(anna)


# the worker dies between claim and record


def lose_the_worker(stage: Stage) -> None:
    with stage.inside():
        assert deliveries.claim_due(1)
    sweep()
    assert stage.row(Delivery).state == "running"
    with stage.inside():
        db.session.execute(update(Delivery).values(claimed_at=now() - timedelta(seconds=61)))
    sweep()


def test_a_claim_whose_worker_died_is_uncertain(stage: Stage, anna: Person) -> None:
    say(anna)
    lose_the_worker(stage)
    stage.work()
    assert Pager.sent == []
    assert shown(anna) == {
        "state": "uncertain",
        "attempts": 1,
        "error": {"code": "lost_worker", "reason": deliveries.LOST_WORKER},
    }
    assert stage.row(DeliveryAttempt).outcome == "lost"


def test_where_the_provider_drops_a_second_copy_it_is_sent_again(
    stage: Stage, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pager, "capabilities", replace(Pager.capabilities, resend_safe=True))
    say(anna)
    uid = stage.row(Delivery).uid
    lose_the_worker(stage)
    stage.work()
    assert [message.id for message in Pager.sent] == [uid]
    assert shown(anna)["state"] == "sent"


# receipts


@pytest.mark.parametrize(
    ("statuses", "state"),
    [
        ("delivered", "delivered"),
        ("delivered read", "read"),
        ("read delivered", "read"),
        ("read delivered delivered", "read"),
        ("failed", "failed"),
        ("failed delivered", "delivered"),
        ("delivered failed", "delivered"),
        ("read failed", "read"),
    ],
)
def test_receipts_only_move_forward(stage: Stage, anna: Person, statuses: str, state: str) -> None:
    say(anna)
    stage.work()
    for number, status in enumerate(statuses.split()):
        stage.page(Receipt(key=f"r{number}", sent_at=NOON, provider_id="page-1", status=status, reason="no"))  # type: ignore[arg-type]
        stage.work()
    failed = state == "failed"
    assert shown(anna) == {"state": state, "attempts": 1, "error": {"code": "", "reason": "no"} if failed else None}
    assert stage.row(Delivery).state == ("failed" if failed else "done")


def test_a_claim_on_a_channel_that_is_gone_does_not_stop_the_sweep(stage: Stage, anna: Person) -> None:
    say(anna)
    with stage.inside():
        assert deliveries.claim_due(1)
        db.session.execute(update(Delivery).values(channel="closed", claimed_at=now() - timedelta(seconds=61)))
    sweep()
    assert stage.row(Delivery).state == "uncertain"


def test_a_bug_in_an_adapter_is_uncertain_and_stops_nobody(stage: Stage, anna: Person) -> None:
    def stumbles(message: object) -> None:
        raise ZeroDivisionError

    say(anna, "one")
    say(anna, "two")
    Pager.answers.append(stumbles)
    stage.work()
    first, second = stage.rows(Delivery)
    assert (first.state, second.state) == ("uncertain", "done")


def test_a_slow_provider_holds_up_nobody_else(stage: Stage, anna: Person) -> None:
    """Eight sends go side by side; the lane of each keeps its order."""
    stage.page(written("hi", sender="cy", number=9))
    stage.work()
    say(anna)
    anna.post("/conversations/2/messages", {"text": "to cy"}, 201)
    arrived = threading.Event()

    def answer(message: OutboundMessage) -> None:
        if message.text == "hello":
            assert arrived.wait(10)
        arrived.set()

    Pager.answers.extend([answer, answer])
    stage.work()
    assert [message.text for message in Pager.sent] == ["to cy", "hello"]


def test_a_receipt_for_nothing_of_ours_is_ignored(stage: Stage, anna: Person) -> None:
    stage.page(Receipt(key="r", sent_at=NOON, provider_id="not ours", status="read"))
    stage.work()
    assert stage.rows(Delivery) == []


def test_a_receipt_that_is_faster_than_our_record_is_not_lost(stage: Stage, anna: Person) -> None:
    say(anna)
    with stage.inside():
        [delivery] = deliveries.claim_due(1)
    stage.page(Receipt(key="r1", sent_at=now(), provider_id="sent-1", status="read"))
    stage.do("arrival")
    with stage.inside():
        deliveries.record([Outcome(delivery.id, now(), now(), DeliveryResult("sent-1"))])
    stage.make_due(Arrival)
    stage.do("arrival")
    assert stage.row(Delivery).receipt == "read"
    assert states(stage.rows(Arrival)) == ["done", "done"]
