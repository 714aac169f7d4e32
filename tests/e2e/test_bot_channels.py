"""The same bot on every channel that can carry one: it answers, asks which was meant, and hands over."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from bench.stack import APP_ID, Stack, wait_until
from tests.e2e.phoning import Telephone

SERVICE, POST = "wx0ff1c1a1acc00001", "wx5ub5c21b71000002"
MAILBOX, NUMBER = "support@shop.example.com", "+85230001000"
SECONDS = 30.0
REFUND, PERSON = "签收后 7 天内", "正在为您转接人工客服"
UNCLEAR = "退货运费谁出"
ASKS = "您是不是想问"


@dataclass
class Mouth:
    """A new customer on one channel."""

    write: Callable[[str], object]
    read: Callable[[], list[str]]

    def says(self, text: str, *expected: str) -> str:
        """And reads, after that, something with all of these in it."""
        before = len(self.read())
        self.write(text)

        def answers() -> list[str]:
            return [each for each in self.read()[before:] if all(word in each for word in expected)]

        with suppress(TimeoutError):
            wait_until(answers, text, SECONDS)
        found = answers()
        assert found, (text, expected, self.read()[before:])
        return found[0]


def wechat(app_id: str) -> Callable[[Stack], Mouth]:
    def open_chat(stack: Stack) -> Mouth:
        simulator = stack.simulator
        openid = simulator.post(f"/accounts/{app_id}/users", {"name": "customer"})["openid"]

        def read() -> list[str]:
            items = simulator.get(f"/users/{openid}/messages")["items"]
            return [_shown(item) for item in items if item["from"] == "account"]

        return Mouth(lambda text: simulator.post(f"/users/{openid}/messages", {"type": "text", "content": text}), read)

    return open_chat


def _shown(item: dict[str, Any]) -> str:
    menu = item.get("menu") or {}
    parts = [item.get("text"), menu.get("head"), *(each["text"] for each in menu.get("choices", []))]
    return "\n".join(part for part in parts if part)


def mail(stack: Stack) -> Mouth:
    simulator, address = stack.simulator, f"c{uuid4().hex[:8]}@customers.example"
    simulator.post("/mail/people", {"name": "customer", "address": address})
    place = f"/mail/people/{quote(address)}/mails"

    def read() -> list[str]:
        return [each["text"] for each in simulator.get(place)["items"] if each["from"]["address"] == MAILBOX]

    def write(text: str) -> None:
        last = [each for each in simulator.get(place)["items"] if each["from"]["address"] == MAILBOX]
        answered = {"in_reply_to": last[-1]["message_id"], "subject": ""} if last else {"subject": "问题"}
        simulator.post(place, {"text": text, **answered})

    return Mouth(write, read)


def texts(stack: Stack) -> Mouth:
    simulator = stack.simulator
    number = quote(simulator.post("/phones", {"name": "customer"})["number"])

    def read() -> list[str]:
        return [each["text"] for each in simulator.get(f"/phones/{number}/texts")["items"] if each["from"] == "shop"]

    return Mouth(lambda text: simulator.post(f"/phones/{number}/texts", {"to": NUMBER, "text": text}), read)


CHANNELS: dict[str, Callable[[Stack], Mouth]] = {
    "mini program": wechat(APP_ID),
    "service account": wechat(SERVICE),
    "unverified account": wechat(POST),
    "mail": mail,
    "sms": texts,
}


@pytest.fixture(params=CHANNELS.values(), ids=CHANNELS)
def mouth(request: pytest.FixtureRequest, stack: Stack) -> Mouth:
    made: Mouth = request.param(stack)
    return made


def test_it_answers_in_other_words(mouth: Mouth) -> None:
    mouth.says("我买的东西不想要了，能退款吗", REFUND)


def test_it_asks_which_was_meant_and_takes_a_number(mouth: Mouth) -> None:
    asked = mouth.says(UNCLEAR, ASKS)
    assert len([line for line in asked.splitlines() if line.strip()]) >= 3
    mouth.says("1", "包邮")


def test_it_hands_over_with_what_it_learned(mouth: Mouth, stack: Stack) -> None:
    mouth.says("我买的东西不想要了，能退款吗", REFUND)
    mouth.says("转人工", PERSON)


def test_it_says_that_it_does_not_know_and_then_makes_way(mouth: Mouth) -> None:
    mouth.says("阿尔卑斯山有多高", "没有听懂")
    mouth.says("量子纠缠的原理", PERSON)


@pytest.fixture
def telephone(stack: Stack) -> Telephone:
    return Telephone(stack)


def test_on_the_phone_it_is_spoken_to(telephone: Telephone) -> None:
    sid = telephone.call(
        {"hear": "人工服务，请按零"},
        {"say": "我买的东西不想要了，能退款吗"},
        {"hear": "七天内"},
        {"say": UNCLEAR},
        {"hear": "您是不是想问"},
        {"press": "1"},
        {"hear": "包邮"},
        {"hang_up": True},
        by="+85251239977",
    )
    telephone.over(sid)
