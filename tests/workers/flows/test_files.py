"""What a file of config/flows may say, and what people read who write something else; and that the sample works."""

from __future__ import annotations

import threading
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from pydantic import ValidationError
from werkzeug.serving import make_server

from hub.knowledge import Flow, FlowFile
from hub.reading import moved
from simulator.shop import shop
from tests.workers.flows.orders import CONFIG, Talk
from workers.bots.contract import HandOver, Say

STEP: dict[str, Any] = {"say": {"zh": "好"}}
CALL: dict[str, Any] = {"url": "https://shop.test/orders/{order}"}
ASKED = [{"collect": {"slot": "order", "ask": {"zh": "单号？"}}}]


def flow(*steps: dict[str, Any], **also: Any) -> dict[str, Any]:
    return {"id": "x", "title": {"zh": "X"}, "starts": ["x"], "step": list(steps), **also}


def collect(**also: Any) -> dict[str, Any]:
    return flow({"collect": {"slot": "a", "ask": {"zh": "A？"}, **also}})


def call(**also: Any) -> dict[str, Any]:
    return flow(*ASKED, {"call": {**CALL, **also}})


def options(*written: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"value": value, "label": {"zh": label}} for value, label in written]


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (flow(), "at least 1 item"),
        (flow({}), "a step is one of collect, call, say and hand_over"),
        (flow({**STEP, "call": CALL}), "a step is one of"),
        (flow({**STEP, "next": "gone"}), "step.0: there is no step gone"),
        (flow({**STEP, "id": "a"}, {**STEP, "id": "a"}), "two steps are called a"),
        (flow({**STEP, "id": "end"}), '"end" is the end of the dialogue'),
        (flow({**STEP, "hand_over": True, "next": "end"}), "step.0: nothing comes next where a person takes over"),
        (flow({"say": {"zh": "{order}"}}), "step.0: nothing fills {order}"),
        (flow({"say": {"zh": "好", "en": "{order}"}}), "step.0: nothing fills {order}"),
        (flow(*ASKED, {"say": {"zh": "{order.real}"}}), "nothing fills {order.real}"),
        (flow(*ASKED, {"say": {"zh": "{order!r}"}}), "write {order}, with nothing after the name"),
        (flow(*ASKED, {"say": {"zh": "{order:>9}"}}), "write {order}, with nothing after the name"),
        (flow(*ASKED, {"say": {"zh": "好 {"}}), "a brace itself is written twice"),
        (flow({**STEP, "only_if": {"order": "1"}}), "step.0: nothing fills {order}"),
        (collect(kind="pattern"), 'kind = "pattern" and pattern belong together'),
        (collect(pattern="[0-9]"), 'kind = "pattern" and pattern belong together'),
        (collect(kind="pattern", pattern="[0-9"), "is no regular expression"),
        (collect(kind="pattern", pattern="(?i)ab[0-9]"), "is no regular expression"),
        (collect(kind="pattern", pattern="[0-9]*"), "must not fit where nothing is written"),
        (collect(kind="pattern", pattern="([0-9]+)+"), "must not repeat what is itself repeated"),
        (collect(kind="pattern", pattern="([0-9]{1,})*x"), "must not repeat what is itself repeated"),
        (collect(kind="choice"), 'kind = "choice" and options belong together'),
        (collect(kind="choice", options=options(("a", "甲"), ("a", "乙"))), "two options have the value a"),
        (collect(kind="choice", options=options(("a", "甲"), ("b", "甲！"))), "two options are called 甲"),
        (collect(kind="choice", options=options(*((f"v{n}", f"第{n}") for n in range(11)))), "at most 10 items"),
        (collect(toward="past"), 'toward belongs to kind = "date"'),
        (collect(slot="Order Number"), "use small letters, digits and _ only"),
        (collect(tries=0), "greater than or equal to 1"),
        (call(url="ftp://shop.test/{order}"), "write http://host/path or https://host/path"),
        (call(url="shop.test/{order}"), "write http://host/path"),
        (call(url="https://"), "write http://host/path"),
        (call(url="https://user:password@shop.test/{order}"), "without user, password"),
        (call(url="https://shop.test/{order}#x"), "without user, password, spaces and #"),
        (call(url="https://shop.test:99999/{order}"), "write http://host/path"),
        (call(url="https://shop.test/a b"), "write http://host/path"),
        (call(url="https://shop.test\\@evil.test/"), "write http://host/path"),
        (call(url="https://{order}.test/"), "slots may stand in the path and the query only"),
        (call(url="https://shop.test{order}/"), "slots may stand in the path and the query only"),
        (call(url="https://shop.test/{other}"), "step.1: nothing fills {other}"),
        (call(send={"a": "b"}), 'send belongs to method = "POST"'),
        (call(method="POST", send={"a": "{b}"}), "step.1: nothing fills {b}"),
        (call(missing="gone"), "step.1: there is no step gone"),
        (call(secret="s3cret"), "never as itself"),
        (call(secret="env:ODD_TOKEN"), "a token has letters, digits and signs only"),
        (call(timeout="1m"), "less than or equal to"),
        (call(save={"A": "b"}), "use small letters"),
    ],
)
def test_what_is_wrong_is_told(written: dict[str, Any], reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ODD_TOKEN", "to ken\n")
    with pytest.raises(ValidationError) as told:
        FlowFile.model_validate({"flow": [written]})
    assert reason in str(told.value)


def test_a_condition_names_what_can_be() -> None:
    asks = {
        "collect": {"slot": "a", "ask": {"zh": "A"}, "kind": "choice", "options": options(("x", "甲"), ("y", "乙"))}
    }
    Flow.model_validate(flow(asks, {**STEP, "only_if": {"a": "x"}}))
    with pytest.raises(ValidationError, match=r"step\.1: a is one of x, y, never 'z'"):
        Flow.model_validate(flow(asks, {**STEP, "only_if": {"a": "z"}}))


@pytest.mark.parametrize("pattern", ["[A-Z]{2}[0-9]{8}", "(?:[A-Z]{2}){2}", "([0-9]{3}-)+x", r"\d+", "a|b+", r"(x\+)+"])
def test_usual_patterns_are_taken(pattern: str) -> None:
    Flow.model_validate(collect(kind="pattern", pattern=pattern))


@pytest.fixture(scope="module")
def sample() -> Iterator[dict[str, Flow]]:
    """With the backend that the simulator plays."""
    app = Flask("shop")
    app.register_blueprint(shop())
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    written = tomllib.loads((CONFIG / "flows/orders.toml").read_text(encoding="utf-8"))
    for step in written["flow"][0]["step"]:
        if "call" in step:
            step["call"]["url"] = moved(step["call"]["url"], server.server_port - 1)
    yield {each.id: each for each in FlowFile.model_validate(written).flow}
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("查订单 XC20260001", "您的订单 XC20260001 已付款，正在打包，今天 18:00 前发出。"),
        ("check my order xc20260002", "Your order XC20260002 is on its way to Shanghai."),
        ("查订单 XC20260003", "您的订单 XC20260003 已签收。"),
    ],
)
def test_the_sample_asks_the_simulator(sample: dict[str, Flow], text: str, answer: str) -> None:
    said = Talk(sample, "order-status").says(text)
    assert isinstance(said, Say)
    assert said.text == answer


def test_the_sample_knows_what_there_is_not(sample: dict[str, Flow]) -> None:
    said = Talk(sample, "order-status").says("查订单 ZZ99999999")
    assert isinstance(said, Say)
    assert said.text.startswith("没有找到订单 ZZ99999999。")


def test_the_sample_knows_when_nobody_answers(sample: dict[str, Flow]) -> None:
    call = next(step.call for step in sample["order-status"].step if step.call)
    nowhere = call.model_copy(update={"url": "http://127.0.0.1:9/{order}"})
    steps = [step.model_copy(update={"call": nowhere}) if step.call else step for step in sample["order-status"].step]
    flows = {"order-status": sample["order-status"].model_copy(update={"step": steps})}
    said = Talk(flows, "order-status").says("查订单 XC20260001")
    assert isinstance(said, HandOver)
    assert said.text == "暂时查不到订单，我请同事帮您看看。"
