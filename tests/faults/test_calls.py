"""Phone calls through the whole stack: callers who talk to the bot and to people, and what may go wrong meanwhile."""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import requests

from tests.e2e.phoning import OURS, PHONES, Telephone
from tests.faults.shop import Shop

pytestmark = [pytest.mark.faults, pytest.mark.slow]
ANNA, LI = PHONES.values()
TAKES = ({"answer": 0.5}, {"hear": "按一接听"}, {"press": "1"})
_numbers = itertools.count(51000000)


@pytest.fixture
def telephone(shop: Shop) -> Iterator[Telephone]:
    telephone = Telephone(shop.stack)
    telephone.everybody_is_free()
    yield telephone
    telephone.everybody_is_free()
    assert telephone.errors() == []


@pytest.fixture
def number() -> str:
    """A caller of whom nobody has heard yet."""
    return f"+852{next(_numbers)}"


def seconds(call: dict[str, Any], first: str, last: str) -> float:
    return (datetime.fromisoformat(call[last]) - datetime.fromisoformat(call[first])).total_seconds()


def test_a_caller_is_answered_asks_for_a_person_waits_is_bridged_and_hangs_up(
    telephone: Telephone, number: str
) -> None:
    telephone.phone(
        ANNA,
        *TAKES,
        {"notice": "connected"},
        {"wait": 2},
        {"say": "您好，我是小林"},
        {"hear": "我要退货"},
        {"hung_up": True},
    )
    sid = telephone.call(
        {"hear": "人工服务，请按零"},
        {"say": "q1"},
        {"hear": "a1"},
        {"hear": "请问还有什么"},
        {"press": "0"},
        {"hear": "您是下一位"},
        {"hear": "正在接通"},
        {"hear": "您好，我是小林"},
        {"say": "我要退货"},
        {"wait": 4},
        {"hang_up": True},
        by=number,
    )
    telephone.eventually(lambda: telephone.api.get("/calls")["items"], "the call is seen")
    telephone.eventually(lambda: "call_taken" in telephone.events(number), "they talk")
    heard = telephone.over(sid)
    assert "这里是驿站小店" in heard[1] and any("录音" in line for line in heard)

    card = telephone.ended(number, "answered")
    call = card["payload"]["call"]
    assert (call["direction"], call["number"], call["agent"]["name"] != "") == ("in", number, True)
    assert 0 < seconds(call, "queued_at", "answered_at") < 20 and seconds(call, "answered_at", "ended_at") > 0.3
    telephone.eventually(
        lambda: [a["state"] for a in telephone.card(number)["attachments"]] == ["ready"], "the recording has come"
    )
    [recording] = telephone.card(number)["attachments"]
    assert (recording["medium"], recording["size"] > 100) == ("audio", True)
    said = [(m["author"]["kind"], m["text"]) for m in telephone.messages(number) if m["kind"] == "text"]
    assert said[:2] == [("contact", "q1"), ("bot", "a1")]
    told = [name for name in telephone.events(number) if name.startswith(("call", "handed", "claimed"))]
    assert told == ["handed_over", "call_queued", "call_ringing_agents", "claimed", "call_taken"]


def test_nobody_answers_and_the_caller_leaves_a_message(telephone: Telephone, number: str) -> None:
    sid = telephone.call(
        {"hear": "人工服务"},
        {"press": "0"},
        {"hear": "请在提示音后留言", "timeout": 600},
        {"notice": "recording"},
        {"say": "请给我回电话"},
        {"wait": 3},
        {"press": "#"},
        {"hear": "您的留言已收到"},
        {"hung_up": True},
        by=number,
    )
    telephone.over(sid)
    telephone.ended(number, "voicemail")

    def left() -> list[dict[str, Any]]:
        return [message for message in telephone.messages(number) if message["kind"] == "audio"]

    telephone.eventually(lambda: left() and left()[0]["attachments"][0]["state"] == "ready", "the message is there")
    assert len(left()) == 1
    assert telephone.api.get(f"/conversations/{telephone.conversation(number)}")["status"] == "waiting"


@pytest.mark.parametrize(
    ("steps", "outcome"),
    [
        ([{"hear": "这里是"}, {"hang_up": True}], "missed"),
        ([{"hear": "人工服务"}, {"say": "q1"}, {"hear": "a1"}, {"hang_up": True}], "bot"),
        ([{"hear": "人工服务"}, {"press": "0"}, {"hear": "您是下一位"}, {"hang_up": True}], "abandoned"),
        ([{"hear": "人工服务"}, {"press": "0"}, {"hear": "您是下一位"}, {"press": "1"}, {"hear": "回电"}], "callback"),
    ],
    ids=["greeting", "answer", "queue", "call back"],
)
def test_they_hang_up_at_each_step(
    telephone: Telephone, number: str, steps: list[dict[str, Any]], outcome: str
) -> None:
    telephone.over(telephone.call(*steps, by=number))
    telephone.ended(number, outcome)
    assert telephone.api.get("/calls")["items"] == []


@pytest.mark.parametrize("kind", ["duplicate", "overtaken", "late"])
def test_callbacks_that_come_twice_or_in_another_order(telephone: Telephone, number: str, kind: str) -> None:
    telephone.voice.post("/faults", {"kind": kind, "times": 50})
    telephone.phone(ANNA, *TAKES, {"hung_up": True})
    sid = telephone.call(
        {"hear": "人工服务"},
        {"press": "0"},
        {"hear": "正在接通", "timeout": 60},
        {"wait": 3},
        {"hang_up": True},
        by=number,
    )
    telephone.over(sid)
    card = telephone.ended(number, "answered")
    assert [message["kind"] for message in telephone.messages(number)].count("call") == 1
    assert [leg["party"] for leg in card["payload"]["call"]["legs"]].count("customer") == 1
    assert telephone.events(number).count("call_taken") == 1


def test_two_agents_pick_up_at_once(telephone: Telephone, number: str) -> None:
    """Whoever presses first has the call; the other is told, and both hear of it in the inbox."""
    for phone in (ANNA, LI):
        telephone.phone(phone, *TAKES, {"hung_up": True})
    sid = telephone.call(
        {"hear": "人工服务"},
        {"press": "0"},
        {"hear": "正在接通", "timeout": 60},
        {"wait": 3},
        {"hang_up": True},
        by=number,
    )
    telephone.over(sid)
    card = telephone.ended(number, "answered")
    joined = [leg for leg in card["payload"]["call"]["legs"] if leg["party"] == "agent"]
    assert len(joined) >= 1 and card["payload"]["call"]["agent"] is not None
    assert telephone.events(number).count("call_taken") == 1


def test_a_worker_dies_while_people_call(telephone: Telephone, number: str, shop: Shop) -> None:
    callers = [f"{number[:-2]}{each:02}" for each in range(10, 16)]
    sids = [
        telephone.call({"hear": "人工服务"}, {"say": "q1"}, {"hear": "a1", "timeout": 200}, {"hang_up": True}, by=each)
        for each in callers
    ]
    for pid in shop.stack.pids("worker")[1:3]:
        os.kill(pid, signal.SIGKILL)
    for sid in sids:
        telephone.over(sid)
    for each in callers:
        telephone.ended(each, "bot")
        said = [message["text"] for message in telephone.messages(each) if message["kind"] == "text"]
        assert said == ["q1", "a1"], each


def test_the_database_hangs_while_somebody_calls(telephone: Telephone, number: str, shop: Shop) -> None:
    steps = ({"hear": "系统繁忙", "timeout": 200}, {"hear": "人工服务", "timeout": 400}, {"hang_up": True})
    with shop.stack.stopped("postgres"):
        sid = telephone.call(*steps, by=number)
        time.sleep(4)
    telephone.over(sid)
    telephone.ended(number, "missed")


def test_an_agent_calls_a_customer(telephone: Telephone, number: str) -> None:
    telephone.over(telephone.call({"hear": "这里是"}, {"hang_up": True}, by=number))
    telephone.ended(number, "missed")
    conversation = telephone.conversation(number)
    telephone.phone(ANNA, {"answer": 0.5}, {"hear": "按一呼叫"}, {"press": "1"}, {"hear": "喂"}, {"hang_up": True})
    telephone.phone(number, {"answer": 1}, {"hear": "客服来电"}, {"say": "喂，哪位"}, {"hung_up": True})
    telephone.api.post(f"/conversations/{conversation}/calls", {})
    card = telephone.ended(number, "answered")
    assert card["payload"]["call"]["direction"] == "out"
    assert [leg["party"] for leg in card["payload"]["call"]["legs"]] == ["agent", "customer"]


@pytest.mark.parametrize(("does", "outcome"), [({"reject": True}, "busy"), ({"fail": True}, "failed")])
def test_the_customer_cannot_be_reached(telephone: Telephone, number: str, does: dict[str, Any], outcome: str) -> None:
    telephone.over(telephone.call({"hear": "这里是"}, {"hang_up": True}, by=number))
    telephone.ended(number, "missed")
    telephone.phone(ANNA, {"answer": 0.5}, {"hear": "按一呼叫"}, {"press": "1"}, {"hung_up": True})
    telephone.phone(number, does)
    telephone.api.post(f"/conversations/{telephone.conversation(number)}/calls", {})
    telephone.ended(number, outcome)


def test_a_call_that_was_placed_although_nobody_said_so_rings_once(
    telephone: Telephone, number: str, shop: Shop
) -> None:
    """The provider makes the call, and its answer never comes."""
    telephone.over(telephone.call({"hear": "这里是"}, {"hang_up": True}, by=number))
    telephone.ended(number, "missed")
    telephone.phone(
        ANNA, {"answer": 0.5}, {"hear": "按一呼叫", "timeout": 200}, {"press": "1"}, {"hear": "喂"}, {"hang_up": True}
    )
    telephone.phone(number, {"answer": 1}, {"hear": "客服来电"}, {"say": "喂"}, {"hung_up": True})
    before = len(telephone.legs(ANNA))
    shop.simulator.post("/faults", {"endpoint": "POST Calls.json", "kind": "reset_after"})
    telephone.api.post(f"/conversations/{telephone.conversation(number)}/calls", {})
    telephone.ended(number, "answered")
    assert len(telephone.legs(ANNA)) == before + 1


def test_forged_pushes_change_nothing(telephone: Telephone, number: str, shop: Shop) -> None:
    form = {
        "CallSid": "CA" + "0" * 32,
        "AccountSid": "AC" + "0" * 32,
        "From": number,
        "To": OURS,
        "CallStatus": "ringing",
    }
    for headers in ({}, {"X-Twilio-Signature": "AAAAAAAAAAAAAAAAAAAAAAAAAAA="}):
        answer = requests.post(f"{shop.stack.hub}/hooks/phone", data=form, headers=headers, timeout=10)
        assert (answer.status_code, answer.text) == (403, "bad signature")
    assert telephone.api.get("/conversations", q=number)["items"] == []
