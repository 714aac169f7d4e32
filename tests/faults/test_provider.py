"""The provider refuses, stalls or vanishes: what agents are told, and that nothing is sent twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from bench.stack import APP_ID, wait_until
from tests.faults.shop import Shop

pytestmark = pytest.mark.faults


def test_a_busy_provider_is_asked_again(shop: Shop) -> None:
    shop.fault("custom/send", "errcode", errcode=-1)
    customer = shop.customer()
    shop.write(customer, "q1")
    shop.comes_to_rest()
    assert shop.delivery(customer) == {"state": "sent", "attempts": 2, "error": None}
    assert shop.seen(customer) == ["a1"]


def test_a_send_over_the_minute_limit_waits_a_minute(shop: Shop) -> None:
    shop.fault("custom/send", "errcode", errcode=45011)
    customer = shop.customer()
    shop.write(customer, "q1")
    wait_until(shop.fault_taken, "the refusal", 10)
    shop.comes_to_rest()
    reason = {"code": "45011", "reason": "too many calls in a minute"}
    assert shop.delivery(customer) == {"state": "queued", "attempts": 1, "error": reason}
    (job,) = [job for job in shop.jobs("pending") if job["error_code"] == "45011"]
    waits = datetime.fromisoformat(job["due_at"]) - datetime.fromisoformat(job["created_at"])
    assert timedelta(seconds=60) <= waits <= timedelta(seconds=90)


@pytest.mark.parametrize(
    ("errcode", "reason"),
    [
        (45015, "the customer must write first: the time to answer is over"),
        (45047, "the customer must write first: the allowed number of answers is used up"),
    ],
)
def test_a_closed_window_is_final_and_uses_up_the_allowance(shop: Shop, errcode: int, reason: str) -> None:
    shop.fault("custom/send", "errcode", errcode=errcode)
    customer = shop.customer()
    shop.write(customer, "q1")
    wait_until(shop.fault_taken, "the refusal", 10)
    shop.comes_to_rest()
    failed = {"state": "failed", "attempts": 1, "error": {"code": str(errcode), "reason": reason}}
    assert shop.delivery(customer) == failed
    assert shop.conversations([customer])[customer]["allowance"]["left"] == 0
    assert shop.seen(customer) == []


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"kind": "slow", "seconds": 11}, id="it answers too late"),
        pytest.param({"kind": "reset_after"}, id="the connection is cut"),
    ],
)
def test_a_send_without_an_answer_is_uncertain_and_not_repeated(shop: Shop, fault: dict[str, Any]) -> None:
    shop.fault("custom/send", **fault)
    customer = shop.customer()
    shop.write(customer, "q1")
    wait_until(shop.fault_taken, "the send", 10)
    shop.comes_to_rest()
    reason = "no answer from 127.0.0.1: it may have been sent"
    assert shop.delivery(customer) == {"state": "uncertain", "attempts": 1, "error": {"code": "", "reason": reason}}
    assert shop.seen(customer) == ["a1"]


def test_a_revoked_token_is_renewed_once_for_all_workers(shop: Shop) -> None:
    shop.all_pushed(shop.burst(20, 1, text="q1"))  # by now all workers have sent, with the same token
    shop.comes_to_rest()
    before = len(shop.calls("stable_token"))
    shop.simulator.post("/tokens/revoke", {"app_id": APP_ID})
    burst = shop.burst(40, 1, text="q1")
    shop.all_pushed(burst)
    shop.comes_to_rest()
    assert len(shop.calls("stable_token")) == before + 1
    assert [shop.seen(openid) for openid in burst["users"]] == [["a1"]] * 40
