"""Whatever customers, ops and the hub do in whatever order: a dialogue is always in a state that it knows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hub.knowledge import Flow
from tests.workers.flows.orders import NOON, OPENING, SAMPLE, Backend, read
from workers.bots.contract import HandOver, Later, Say, Turn
from workers.bots.flows import ask_again, begin, calls, go_on, resumed, under_way
from workers.bots.flows.calls import Outcome

EVERYTHING = """
[[flow]]
id = "everything"
title.zh = "全部"
starts = ["全部"]
expires = "10m"
[[flow.step]]
id = "again"
[flow.step.collect]
slot = "order"
kind = "pattern"
pattern = "[A-Z]{2}[0-9]{8}"
ask.zh = "单号？"
ask.en = "Number?"
[[flow.step]]
[flow.step.call]
url = "http://127.0.0.1:9/orders/{order}"
save = { status = "status" }
missing = "again"
[[flow.step]]
[flow.step.collect]
slot = "name"
ask.zh = "{status}，{order}，怎么称呼？"
tries = 2
[[flow.step]]
[flow.step.collect]
slot = "count"
kind = "number"
ask.zh = "{name}，几件？"
[[flow.step]]
[flow.step.collect]
slot = "day"
kind = "date"
ask.zh = "哪天？"
retry.zh = "请说日期"
[[flow.step]]
[flow.step.collect]
slot = "phone"
kind = "phone"
ask.zh = "电话？"
[[flow.step]]
id = "more"
[flow.step.collect]
slot = "wish"
kind = "choice"
ask.zh = "怎么办？"
options = [
    { value = "again", label = { zh = "再来一次", en = "Again" } }, { value = "end", label = { zh = "结束" } },
    { value = "person", label = { zh = "找人" } },
]
[[flow.step]]
only_if = { wish = "again" }
say.zh = "好"
next = "again"
[[flow.step]]
only_if = { wish = "person" }
say.zh = "{name} {count} {day} {phone}"
hand_over = true
[[flow.step]]
when = { channels = ["web"] }
say.zh = "再见 {name}"
"""

KNOWN = [
    {**SAMPLE, **read(EVERYTHING)},
    {
        **SAMPLE,
        **read(EVERYTHING.replace('slot = "name"\nask', 'slot = "name"\nkind = "number"\nask')),
    },  # of another kind
    {**SAMPLE, **read(EVERYTHING.replace('id = "more"', "").replace("tries = 2", "tries = 1"))},
    {"everything": SAMPLE["order-status"].model_copy(update={"id": "everything"})},  # quite another one
    SAMPLE,  # taken away
    {},
]
ANSWERS = [
    *(
        "AB12345678",
        "XY 8765 4321",
        "AB12345678 或 AB12345679",
        "王小姐",
        "{order}{name!r}{0.__class__}",
        "3",
        "两百五",
    ),
    *(
        "明天",
        "3月5号",
        "13800138000",
        "+14155552671",
        "1",
        "2",
        "3",
        "第二个",
        "再来一次",
        "找人",
        "Again",
        "结束",
        "全部 AB12345678",
    ),
    *(
        "不知道",
        "？",
        "",
        " ",
        "\n",
        "什么意思",
        "what?",
        "字" * 500,
        "x" * 501,
        "\0\ud800",
        "2月30号",
        "😀",
        "null",
        "[]",
        "-1",
    ),
]
GOOD: Mapping[str, str] = {
    "text": "王小姐",
    "number": "3",
    "date": "明天",
    "phone": "13800138000",
    "pattern": "AB12345678",
}
OUTCOMES = [
    Outcome("found", {"status": "已发货"}),
    Outcome("found", {"status": "{name}" * 80}),
    Outcome("missing"),
    Outcome("failed"),
]
REASONS = {"no_answer", "not_found", "action_failed", "flow_done", "flow_loop", "flow_said_nothing", "flow_too_long"}
MOST_ASKED = 6 * 3  # questions of the longest flow, each at most three times

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=5), each, max_size=3),
    max_leaves=5,
)


class AnyOrder(RuleBasedStateMachine):
    """A hub that keeps the notes as JSON, as it keeps them in its database."""

    backend: Backend

    @initialize()
    def begins_talking(self) -> None:
        self.flows: Mapping[str, Flow] = KNOWN[0]
        self.kept, self.at, self.form, self.channel = "{}", NOON, "rich", "web"
        self.asked = 0
        self.backend = Backend()
        calls.ask = self._call

    def teardown(self) -> None:
        calls.ask = REAL_ASK

    def _call(self, call: Any, slots: Mapping[str, str], within: float, turn_id: str = "") -> Outcome:
        self.backend.asked.append(dict(slots))
        return self.outcome

    outcome = OUTCOMES[0]

    def turn(self, text: str) -> Turn:
        notes = json.loads(self.kept)
        return Turn(text=text, at=self.at, notes=notes, form=self.form, channel=self.channel, id=str(self.at))  # type: ignore[arg-type]

    def thought(self, turn: Turn) -> Say | HandOver | None:
        dialogue = under_way(self.flows, turn)
        if dialogue is None:
            return begin(self.flows["everything"], turn) if "everything" in self.flows else None
        answer = go_on(dialogue, turn)
        if answer is None and turn.text == OPENING:
            answer = resumed(dialogue, Say(text="九点", choice="opening"), turn)
            assert isinstance(answer.notes, dict)
            assert {**answer.notes, "at": 0, "language": 0} == {
                **turn.notes,
                "at": 0,
                "language": 0,
                **_moved(answer.notes),
            }
        return answer or ask_again(dialogue, turn)

    def takes(self, turn: Turn) -> None:
        answer = self.thought(turn)
        again = self.thought(turn)  # the hub may ask the same turn twice
        assert again == answer
        if isinstance(answer, Say):
            assert answer.text
            assert not (answer.notes and answer.choice.startswith("flow:"))
            assert all(isinstance(each, str) for each in (*answer.slots, *answer.slots.values(), *answer.choices))
            self.asked = self.asked + (turn.text != OPENING) if answer.notes else 0
            self.kept = json.dumps(answer.notes or {}, ensure_ascii=False)
        elif isinstance(answer, HandOver):
            assert answer.reason in REASONS
            self.kept, self.asked = "{}", 0
        else:
            assert answer is None
            self.kept, self.asked = "{}", 0

    @rule(text=st.sampled_from(ANSWERS), outcome=st.sampled_from(OUTCOMES))
    def writes(self, text: str, outcome: Outcome) -> None:
        self.outcome = outcome
        self.at += timedelta(seconds=30)
        self.takes(self.turn(text))

    @rule(times=st.integers(1, 7), outcome=st.sampled_from(OUTCOMES[:2]), choice=st.sampled_from(["1", "结束", "找人"]))
    def answers_well(self, times: int, outcome: Outcome, choice: str) -> None:
        for _ in range(times):
            self.at, self.outcome = self.at + timedelta(seconds=30), outcome
            dialogue = under_way(self.flows, self.turn(""))
            asked = dialogue.collect if dialogue else None
            self.takes(self.turn({**GOOD, "choice": choice}[asked.kind] if asked else "全部"))
            if asked and self.kept != "{}":
                assert json.loads(self.kept)["slots"][asked.slot]

    @rule(text=st.text(max_size=40))
    def writes_anything(self, text: str) -> None:
        self.at += timedelta(seconds=30)
        self.takes(self.turn(text))

    @rule()
    def asks_beside(self) -> None:
        self.at += timedelta(seconds=30)
        self.takes(self.turn(OPENING))

    @rule(text=st.sampled_from(["取消", "算了吧", "please cancel"]))
    def leaves(self, text: str) -> None:
        turn = self.turn(text)
        dialogue = under_way(self.flows, turn)
        self.takes(turn)
        if dialogue and dialogue.collect.kind != "choice":
            assert self.kept == "{}"

    @rule(minutes=st.integers(1, 40))
    def is_silent(self, minutes: int) -> None:
        at = json.loads(self.kept).get("at")
        self.at += timedelta(minutes=minutes)
        flow = self.flows.get(json.loads(self.kept).get("flow", ""))
        if at and flow and self.at > NOON.fromisoformat(at) + flow.expires:
            assert under_way(self.flows, self.turn("AB12345678")) is None
            self.kept, self.asked = "{}", 0

    @rule(known=st.integers(0, len(KNOWN) - 1))
    def is_edited(self, known: int) -> None:
        self.flows, self.asked = KNOWN[known], 0  # of a step that is gone, nobody knows how often it was asked

    @rule(form=st.sampled_from(["rich", "plain", "spoken"]), channel=st.sampled_from(["web", "phone"]))
    def moves(self, form: str, channel: str) -> None:
        self.form, self.channel = form, channel

    @rule(text=st.sampled_from(ANSWERS))
    def is_asked_at_once(self, text: str) -> None:
        before = len(self.backend.asked)
        with suppress(Later):
            self.thought(replace(self.turn(text), at_once=True))
        assert len(self.backend.asked) == before

    @precondition(lambda self: self.kept != "{}")
    @rule(key=st.sampled_from(["flow", "step", "slot", "slots", "given", "asked", "language", "at"]), value=JSON)
    def notes_are_spoilt(self, key: str, value: Any) -> None:
        """It never raises, and what it makes of them is used no further."""
        spoilt = {**json.loads(self.kept), key: value}
        dialogue = under_way(self.flows, replace(self.turn("AB12345678"), notes=spoilt))
        if dialogue:
            assert go_on(dialogue, self.turn("AB12345678")) or ask_again(dialogue, self.turn("AB12345678"))

    @invariant()
    def notes_are_small(self) -> None:
        assert len(self.kept.encode()) < 8 * 1024

    @invariant()
    def it_comes_to_an_end(self) -> None:
        assert self.asked <= MOST_ASKED


def _moved(notes: Mapping[str, Any]) -> dict[str, Any]:
    """What is no longer in a flow that was edited is forgotten, and its step may have moved."""
    return {name: notes[name] for name in ("step", "slots", "given", "asked")}


REAL_ASK = calls.ask
AnyOrder.TestCase.settings = settings(
    max_examples=120, stateful_step_count=60, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
TestAnyOrder = pytest.mark.slow(AnyOrder.TestCase)
