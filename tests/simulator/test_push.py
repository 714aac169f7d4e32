"""Pushes to the hub: what is on the wire, tried how often, in which order, and how it ended."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any
from xml.etree import ElementTree

import pytest

from simulator import crypto
from tests.simulator.driving import DEMO, HONG, MING, Hub, Simulator, demo_account, wait_until

TOKEN, AES_KEY = "demotoken2026", "DemoDemoDemoDemoDemoDemoDemoDemoDemoDemo012"


def account(simulator: Simulator, hub: Hub, **changed: Any) -> None:
    simulator.post("/_sim/accounts", demo_account(hub.url, **changed))


def read(form: str, body: str) -> dict[str, str]:
    if form == "json":
        return {name: str(value) for name, value in json.loads(body).items()}
    return {element.tag: element.text or "" for element in ElementTree.fromstring(body)}


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("mode", ["plaintext", "compatible", "safe"])
def test_a_text_in_every_mode_and_format(simulator: Simulator, hub: Hub, mode: str, form: str) -> None:
    account(simulator, hub, mode=mode, format=form)
    written = simulator.write("在吗😭]]>")
    (request,) = hub.received
    query, outer = request.query, read(form, request.body)
    assert query["openid"] == MING
    crypto.check_signature(query["signature"], TOKEN, query["timestamp"], query["nonce"])
    clear = {
        "ToUserName": "gh_5a1e0de3c0ff",
        "FromUserName": MING,
        "MsgType": "text",
        "Content": "在吗😭]]>",
        "MsgId": written["msg_id"],
    }
    if mode != "plaintext":
        assert query["encrypt_type"] == "aes"
        opened = crypto.open_envelope(
            TOKEN,
            AES_KEY,
            DEMO,
            timestamp=query["timestamp"],
            nonce=query["nonce"],
            msg_signature=query["msg_signature"],
            encrypted=outer.pop("Encrypt"),
        )
        inner = read(form, opened)
        inner.pop("CreateTime")
        assert inner == clear
    outer.pop("CreateTime", None)
    assert outer == (clear if mode != "safe" else {"ToUserName": "gh_5a1e0de3c0ff"})


def test_what_a_customer_may_send(simulator: Simulator, hub: Hub) -> None:
    path = f"/_sim/users/{MING}"
    simulator.post(f"{path}/enter", {"session_from": "order:991"}, wait=1)
    simulator.post(f"{path}/messages", {"type": "miniprogrampage", "title": "订单", "page_path": "p/i?x=1"}, wait=1)
    simulator.post(f"{path}/messages", {"type": "location", "fields": {"Location_X": 23.1, "Label": "广州"}}, wait=1)
    entered, card, place = hub.pushes
    assert (entered["MsgType"], entered["Event"], entered["SessionFrom"], "MsgId" in entered) == (
        "event",
        "user_enter_tempsession",
        "order:991",
        False,
    )
    assert (card["MsgType"], card["Title"], card["AppId"], card["PagePath"]) == (
        "miniprogrampage",
        "订单",
        DEMO,
        "p/i?x=1",
    )
    assert (place["MsgType"], place["Location_X"], place["Label"]) == ("location", 23.1, "广州")
    assert [item["type"] for item in simulator.seen()] == ["miniprogrampage", "location"]


@pytest.mark.parametrize("said", [{"type": "text", "content": "\ud83d"}, {"type": "x", "fields": {"a": "\ud83d"}}])
def test_half_a_character_is_refused_before_it_can_block_the_user(simulator: Simulator, said: dict[str, Any]) -> None:
    assert "error" in simulator.post(f"/_sim/users/{MING}/messages", said)
    assert simulator.write()["push"]["outcome"] == "delivered"


@pytest.mark.parametrize(
    ("answers", "outcome", "tries", "reason"),
    [
        ([(200, "success")], "delivered", 1, None),
        ([(200, "")], "delivered", 1, None),
        ([(500, "success"), (200, "")], "delivered", 2, None),
        ([(200, "ok")] * 2 + [(200, "success")], "delivered", 3, None),
        ([(502, "")] * 3, "failed", 3, "HTTP 502"),
        ([(200, '{"errcode":0}')] * 3, "failed", 3, "the body is neither success nor empty"),
    ],
)
def test_a_push_is_tried_three_times_with_the_same_message_id(
    simulator: Simulator, hub: Hub, answers: list[tuple[int, str]], outcome: str, tries: int, reason: str | None
) -> None:
    hub.answers = list(answers)
    push = simulator.write()["push"]
    assert (push["outcome"], push["tries"], push["reason"]) == (outcome, tries, reason)
    assert len({body["MsgId"] for body in hub.pushes}) == 1
    assert len({request.query["nonce"] for request in hub.received}) == tries
    gaps = [later.at - earlier.at for earlier, later in zip(hub.received, hub.received[1:], strict=False)]
    assert [round(gap, 1) for gap in gaps] == [0.3] * (tries - 1)


def test_a_slow_answer_is_no_answer(simulator: Simulator, hub: Hub) -> None:
    hub.slow = 0.6
    push = simulator.write()["push"]
    assert (push["outcome"], push["tries"], push["reason"]) == ("failed", 3, "timeout")
    assert simulator.seen()[0]["push"]["outcome"] == "failed"


def test_a_hub_that_is_away_is_tried_as_often(simulator: Simulator) -> None:
    simulator.post("/_sim/accounts", demo_account("http://127.0.0.1:9/hooks/shop", push_tries=2))
    push = simulator.write()["push"]
    assert (push["outcome"], push["tries"], push["reason"]) == ("failed", 2, "connection refused")


def test_one_users_pushes_keep_their_order_and_others_do_not_wait(simulator: Simulator, hub: Hub) -> None:
    hub.answers = [(500, "")]
    for number in range(5):
        simulator.write(str(number), wait=0)
    simulator.write("side by side", by=HONG)
    seen_by_hub = [body["Content"] for body in hub.pushes]
    assert seen_by_hub == ["0", "side by side"]
    wait_until(lambda: len(hub.received) == 7)
    assert [b["Content"] for b in hub.pushes if b["FromUserName"] == MING] == ["0", "0", "1", "2", "3", "4"]


def test_the_console_verifies_the_address(simulator: Simulator, hub: Hub) -> None:
    assert simulator.post(f"/_sim/accounts/{DEMO}/verify") == {"ok": True, "status": 200, "reason": None}
    hub.answers = [(200, "wrong"), (403, "")]
    told = [simulator.post(f"/_sim/accounts/{DEMO}/verify")["reason"] for _ in range(2)]
    assert told == ["the body is not the echostr", "HTTP 403"]


def test_a_burst_pushes_every_message_three_times_in_order(simulator: Simulator, hub: Hub) -> None:
    started = simulator.post("/_sim/burst", {"app_id": DEMO, "users": 4, "messages": 3, "each_pushed": 3})

    def progress() -> Any:
        return simulator.get(f"/_sim/burst/{started['id']}")

    wait_until(lambda: progress()["finished"])
    ended = progress()
    assert (ended["total"], ended["outcomes"], ended["pushes"]) == (12, {"delivered": 12}, 36)
    assert 0 < ended["answer_ms"]["p50"] <= ended["answer_ms"]["p99"]
    assert set(Counter((b["FromUserName"], b["MsgId"]) for b in hub.pushes).values()) == {3}
    for openid in ended["users"]:
        contents = [body["Content"] for body in hub.pushes if body["FromUserName"] == openid]
        assert contents == ["1"] * 3 + ["2"] * 3 + ["3"] * 3
