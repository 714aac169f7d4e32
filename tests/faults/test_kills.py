"""Processes are killed, stopped or emptied while messages flow: everything is there once, in order."""

from __future__ import annotations

import signal
import time
from typing import Any

import pytest
from redis import Redis

from bench.stack import run_file, wait_until
from tests.faults.conftest import QUESTIONS
from tests.faults.shop import Inbox, Shop

pytestmark = pytest.mark.faults

ASKED = [f"q{number}" for number in range(1, QUESTIONS + 1)]
TOLD = [f"a{number}" for number in range(1, QUESTIONS + 1)]
NOT_UNDERSTOOD = [
    "抱歉，我没有听懂。您可以换个说法，或者回复「转人工」。",
    "正在为您转接人工客服，请稍候。",
]
FIRST_TRY = 5000.0  # milliseconds that WeChat waits


def numbers(count: int) -> list[str]:
    return [str(number) for number in range(1, count + 1)]


def texts(thread: list[dict[str, Any]], direction: str) -> list[str]:
    return [message["text"] for message in thread if message["direction"] == direction]


def assert_answered(shop: Shop, openids: list[str]) -> int:
    """Every question is there once and in order, so is every answer; how many of them are uncertain."""
    uncertain = 0
    for openid, thread in shop.threads(openids).items():
        assert texts(thread, "in") == ASKED
        assert texts(thread, "out") == TOLD
        states = {message["text"]: message["delivery"]["state"] for message in thread if message["direction"] == "out"}
        seen = shop.seen(openid)
        assert seen == [text for text in TOLD if states[text] == "sent" or text in seen], "lost, doubled or reordered"
        assert set(states.values()) <= {"sent", "uncertain"}
        uncertain += list(states.values()).count("uncertain")
    return uncertain


def assert_taken_in(shop: Shop, openids: list[str], count: int) -> None:
    for openid, thread in shop.threads(openids).items():
        assert texts(thread, "in") == numbers(count)
        assert texts(thread, "out") == NOT_UNDERSTOOD
        # of a claim that was committed as PostgreSQL died nobody heard: it is uncertain, and not sent
        unsure = [each["text"] for each in thread if (each["delivery"] or {}).get("state") == "uncertain"]
        seen = shop.seen(openid)
        assert seen == [text for text in NOT_UNDERSTOOD if text not in unsure or text in seen]


def flow(shop: Shop, rate: float = 40.0) -> dict[str, Any]:
    """A burst of questions of which some have been answered and most have not."""
    burst = shop.burst(40, QUESTIONS, text="q{n}", rate=rate)
    wait_until(lambda: shop.seen(burst["users"][0]), "the first answer", 20)
    return burst


def test_twenty_messages_of_fifty_customers_each_pushed_three_times_are_there_once_in_order(shop: Shop) -> None:
    burst = shop.burst(50, 20, each_pushed=3)
    ended = shop.all_pushed(burst)
    assert (ended["pushes"], ended["outcomes"]) == (3000, {"delivered": 1000})
    shop.comes_to_rest()
    assert_taken_in(shop, burst["users"], 20)


def test_workers_killed_while_messages_flow(shop: Shop) -> None:
    burst = flow(shop)
    for _ in range(3):
        shop.kill_pool()
        time.sleep(1.5)
    shop.all_pushed(burst)
    shop.comes_to_rest()
    assert assert_answered(shop, burst["users"]) < burst["total"] / 2, "only what was being sent"


def test_a_worker_killed_between_claim_and_record_leaves_it_to_the_agent(shop: Shop) -> None:
    shop.fault("custom/send", "slow", seconds=5)
    customer = shop.customer()
    shop.write(customer, "q1")
    wait_until(lambda: shop.seen(customer), "the send", 10)
    shop.kill_pool()
    assert shop.delivery(customer) == {"state": "sending", "attempts": 1, "error": None}
    shop.comes_to_rest()
    lost = {"code": "lost_worker", "reason": "The worker died while sending: it may have arrived."}
    assert shop.delivery(customer) == {"state": "uncertain", "attempts": 1, "error": lost}
    assert shop.seen(customer) == ["a1"], "not sent again by itself"

    conversation = shop.conversations([customer])[customer]["id"]
    (job,) = [job for job in shop.jobs("uncertain") if job["conversation_id"] == conversation]
    shop.api.post(f"/jobs/{job['id']}/retry")
    shop.comes_to_rest()
    assert shop.delivery(customer) == {"state": "sent", "attempts": 1, "error": None}
    assert shop.seen(customer) == ["a1", "a1"], "the agent's decision"


def test_redis_emptied_while_messages_flow(shop: Shop) -> None:
    burst = flow(shop)
    with Redis.from_url(run_file(shop.stack)["redis_url"]) as redis:
        for _ in range(3):
            redis.flushall()
            time.sleep(0.5)
    shop.all_pushed(burst)
    shop.comes_to_rest()
    assert assert_answered(shop, burst["users"]) == 0


def test_redis_killed_while_messages_flow(shop: Shop, inbox: Inbox) -> None:
    burst = flow(shop)
    assert "message" in inbox.events
    shop.kill("redis")
    ended = shop.all_pushed(burst)
    assert ended["pushes"] == burst["total"], "acknowledged at the first try"
    shop.comes_to_rest()
    assert assert_answered(shop, burst["users"]) == 0
    wait_until(lambda: "resync" in inbox.events, "the inbox is told that it missed something", 10)


def test_postgres_stopped_for_twenty_seconds_while_500_pushes_arrive(shop: Shop) -> None:
    with shop.stack.stopped("postgres"):
        until = time.monotonic() + 20
        burst = shop.burst(25, 20, rate=26.0)
        ended = shop.all_pushed(burst)
        assert (ended["pushes"], ended["outcomes"]) == (500, {"delivered": 500}), "acknowledged at the first try"
        assert ended["answer_ms"]["max"] < FIRST_TRY
        time.sleep(max(0.0, until - time.monotonic()))
    shop.comes_to_rest()
    assert_taken_in(shop, burst["users"], 20)


def test_postgres_killed_while_500_pushes_arrive(shop: Shop) -> None:
    burst = shop.burst(25, 20, rate=100.0)
    wait_until(lambda: shop.pushed(burst) > 100, "a part of the pushes", 10)
    shop.signal(signal.SIGKILL, shop.stack.pids("postgres")[:1])
    ended = shop.all_pushed(burst)
    assert (ended["pushes"], ended["outcomes"]) == (500, {"delivered": 500}), "acknowledged at the first try"
    assert ended["answer_ms"]["max"] < FIRST_TRY
    wait_until(lambda: shop.stack.pids("postgres"), "the supervisor starts it again", 30)
    shop.comes_to_rest()
    assert_taken_in(shop, burst["users"], 20)


def test_web_killed_while_messages_flow(shop: Shop) -> None:
    burst = flow(shop)
    shop.kill("web")
    ended = shop.all_pushed(burst)
    assert ended["outcomes"] == {"delivered": burst["total"]}, "the provider's second or third try came through"
    shop.comes_to_rest()
    assert assert_answered(shop, burst["users"]) == 0
