"""A mailbox while processes are killed and its servers fail: every mail is there once, and no answer goes out twice."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
import requests

from bench.stack import wait_until
from tests.faults.shop import ANSWERED, Shop

pytestmark = pytest.mark.faults

CUSTOMER = "xiaohong@customer.example"


def deliver(shop: Shop, run: str, count: int, pause: float = 0.0) -> None:
    """So many mails arrive, each of somebody else."""
    with requests.Session() as session:
        for number in range(count):
            raw = (
                f"From: someone{number}@{run}.test\r\nTo: support@shop.example.com\r\nSubject: {run}\r\n"
                f"Message-ID: <{number}@{run}.test>\r\n\r\nmail {number}\r\n"
            )
            url = f"{shop.stack.hub[:-5]}{shop.stack.port + 1}/_sim/mail/raw?to=support@shop.example.com"
            session.post(url, data=raw.encode(), timeout=30).raise_for_status()
            time.sleep(pause)


def taken_in(shop: Shop, run: str) -> list[str]:
    """What customers wrote in this run, as the inbox shows it."""
    found: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        page = shop.api.get("/conversations", channel="support", limit=200, **cursor)
        for conversation in page["items"]:
            if conversation["subject"] == run:
                thread = shop.api.get(f"/conversations/{conversation['id']}/messages", limit=200)["items"]
                found += [each["text"] for each in thread if each["direction"] == "in"]
        if not page["next"]:
            return sorted(found, key=lambda text: int(text.split()[1]))
        cursor = {"cursor": page["next"]}


def answered_by(shop: Shop, address: str) -> list[str]:
    """What a customer's mail program shows of us, first lines."""
    items = shop.simulator.get(f"/mail/people/{address}/mails")["items"]
    return [item["text"].partition("\n")[0] for item in items if not item["own"]]


def write(shop: Shop, text: str) -> int:
    """A customer writes; returns the conversation."""
    subject = f"{text} {time.time_ns()}"
    shop.simulator.post(f"/mail/people/{CUSTOMER}/mails", {"subject": subject, "text": text, "client": "plain"})

    def conversation() -> int | None:
        items = shop.api.get("/conversations", channel="support", limit=50)["items"]
        return next((each["id"] for each in items if each["subject"] == subject), None)

    wait_until(conversation, "the mail is taken in", 20)
    found = conversation()
    assert found
    return found


def test_a_receiver_killed_while_mail_flows_loses_and_doubles_nothing(shop: Shop) -> None:
    flow = threading.Thread(target=deliver, args=(shop, "killed", 100, 0.05))
    flow.start()
    for _ in range(4):
        time.sleep(1.3)
        if pids := shop.stack.pids("receiver"):
            shop.signal(9, pids)
    flow.join()
    wait_until(lambda: len(taken_in(shop, "killed")) >= 100, "every mail", ANSWERED)
    shop.comes_to_rest()
    assert taken_in(shop, "killed") == [f"mail {number}" for number in range(100)]


def test_a_mail_server_that_drops_its_connections_costs_seconds(shop: Shop) -> None:
    for _ in range(3):
        shop.fault("imap", "drop")
    deliver(shop, "dropped", 20)
    wait_until(lambda: len(taken_in(shop, "dropped")) >= 20, "every mail", ANSWERED)
    assert taken_in(shop, "dropped") == [f"mail {number}" for number in range(20)]


def test_postgres_stopped_while_mail_flows(shop: Shop) -> None:
    with shop.stack.stopped("postgres"):
        deliver(shop, "stopped", 30)
        time.sleep(5)
    wait_until(lambda: len(taken_in(shop, "stopped")) >= 30, "every mail", ANSWERED)
    shop.comes_to_rest()
    assert taken_in(shop, "stopped") == [f"mail {number}" for number in range(30)]


def test_a_mail_server_that_falls_silent_has_the_answer_once(shop: Shop) -> None:
    before = answered_by(shop, CUSTOMER)
    conversation = write(shop, "silent")
    wait_until(lambda: len(answered_by(shop, CUSTOMER)) > len(before), "the bot's answer", 30)  # not that one
    shop.fault("smtp", "reset_after")
    said = shop.api.post(f"/conversations/{conversation}/messages", {"text": "an answer that nobody acknowledges"})

    def state() -> str:
        items = shop.api.get(f"/conversations/{conversation}/messages", limit=50)["items"]
        return str(next(each["delivery"]["state"] for each in items if each["id"] == said["id"]))

    wait_until(lambda: state() == "uncertain", "it says that nobody knows", 30)
    assert answered_by(shop, CUSTOMER)[len(before) :].count("an answer that nobody acknowledges") == 1
    (job,) = [job for job in shop.jobs("pending") if job["kind"] == "reconciliation"]
    assert job["conversation_id"] == conversation


def test_an_address_that_does_not_exist_comes_back_as_a_failed_delivery(shop: Shop) -> None:
    begun = {"channel": "support", "to": f"bounces{time.time_ns()}@customer.example", "subject": "s", "text": "hi"}
    conversation = shop.api.post("/conversations", begun)["id"]

    def delivery() -> dict[str, Any]:
        items = shop.api.get(f"/conversations/{conversation}/messages", limit=50)["items"]
        found: dict[str, Any] = next(each["delivery"] for each in items if each["direction"] == "out")
        return found

    wait_until(lambda: delivery()["state"] == "failed", "the mail comes back", 30)
    assert begun["to"] in delivery()["error"]["reason"]
