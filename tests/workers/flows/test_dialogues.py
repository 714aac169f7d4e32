"""What dialogues say: the sample that comes with Yizhan, and what flows may do beside."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.workers.flows.orders import NOON, OPENING, SAMPLE, Backend, Talk, read
from workers.bots.contract import Candidate, HandOver, Later, Say, Turn
from workers.bots.flows import begin, calls, go_on, under_way
from workers.bots.flows.calls import Outcome
from workers.bots.flows.texts import filled

SHIPPED = Outcome("found", {"status_zh": "已发货", "status_en": "was shipped"})


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Backend:
    backend = Backend({"XC20260002": SHIPPED, "XC20260009": Outcome("failed")})
    monkeypatch.setattr(calls, "ask", backend)
    return backend


@pytest.fixture
def status(backend: Backend) -> Talk:
    return Talk(SAMPLE, "order-status")


@pytest.fixture
def returns() -> Talk:
    return Talk(SAMPLE, "return-request")


def said(answer: Say | HandOver | None) -> Say:
    assert isinstance(answer, Say)
    return answer


def handed_over(answer: Say | HandOver | None) -> HandOver:
    assert isinstance(answer, HandOver)
    return answer


def test_the_sample_looks_an_order_up(status: Talk, backend: Backend) -> None:
    asked = said(status.says("查一下订单"))
    assert asked.text.startswith("请发送您的订单号")
    assert (asked.choice, asked.sources) == ("", ())
    answer = said(status.says("xc 2026 0002"))
    assert answer.text == "您的订单 XC20260002 已发货。"
    assert (answer.choice, answer.notes, answer.sources) == ("flow:order-status", None, ("flow:order-status",))
    assert answer.slots == {"订单号": "XC20260002", "status_zh": "已发货", "status_en": "was shipped"}
    assert status.says("谢谢") is None


def test_it_speaks_the_language_it_began_in(status: Talk) -> None:
    assert said(status.says("please check my order")).text.startswith("Please send your order number")
    assert said(status.says("20260002")).text.startswith("I could not find")
    assert said(status.says("XC20260002")).text == "Your order XC20260002 was shipped."
    status.says("查订单")
    assert said(status.says("hello there")).text.startswith("没有认出订单号")
    assert said(status.says("XC20260002", language="en")).text == "您的订单 XC20260002 已发货。"


def test_who_changes_to_chinese_is_answered_in_chinese(status: Talk) -> None:
    assert said(status.hears("check my order", "订单号在哪里看")).text.startswith("没有认出订单号")


def test_a_chinese_name_does_not_change_the_language() -> None:
    talk = Talk(
        read(ODD.replace('ask.zh = "{name}，还有什么？"', 'ask = { zh = "还有什么？", en = "Anything else?" }')), "odd"
    )
    assert said(talk.says("开始")).text == "怎么称呼您？"
    talk.notes = {**talk.notes, "language": "en"}
    assert said(talk.says("王小明")).text == "Anything else?"


def test_what_was_said_already_is_not_asked_for(status: Talk, returns: Talk) -> None:
    assert said(status.says("查订单 XC20260002")).text == "您的订单 XC20260002 已发货。"
    first = said(returns.says("我要退货，订单XC20260003，电话13800138000"))
    assert first.text == "退货的原因是什么？"
    assert handed_over(returns.says("2")).slots["电话"] == "+8613800138000"


def test_what_was_said_already_and_is_wrong_is_asked_for(status: Talk, backend: Backend) -> None:
    answer = said(status.says("查订单 XC00000000"))
    assert answer.text.startswith("没有找到订单 XC00000000。\n请发送您的订单号")
    assert said(status.says("XC20260002")).text == "您的订单 XC20260002 已发货。"


def test_an_order_that_does_not_exist_is_asked_for_three_times(status: Talk) -> None:
    status.says("查订单")
    for _ in range(2):
        assert "没有找到订单 XC11111111。" in said(status.says("XC11111111")).text
    end = handed_over(status.says("XC22222222"))
    assert (end.reason, end.text, end.slots) == ("no_answer", "没有找到订单 XC22222222。", {"订单号": "XC22222222"})


def test_a_service_that_is_down_leads_to_a_person(status: Talk) -> None:
    end = handed_over(status.says("查订单 XC20260009"))
    assert (end.reason, end.slots) == ("flow_done", {"订单号": "XC20260009"})
    assert end.text.startswith("暂时查不到订单")


def test_it_waits_until_it_may_call(status: Talk, backend: Backend) -> None:
    status.says("查订单", at_once=True)
    with pytest.raises(Later):
        status.says("XC20260002", at_once=True)
    assert backend.asked == []
    assert said(status.says("XC20260002", at_once=False)).text == "您的订单 XC20260002 已发货。"


def test_wrong_answers_are_counted(returns: Talk) -> None:
    texts = [said(returns.says(each)).text[:8] for each in ("我要退货", "什么单号？", "不知道")]
    assert texts == ["好的，我来帮您登", "没有认出订单号。", "没有认出订单号。"]
    end = handed_over(returns.says("真的不知道"))
    assert (end.reason, end.slots, end.text) == ("no_answer", {}, "")


def test_the_sample_takes_down_a_return(returns: Talk) -> None:
    returns.hears("我要退货", "XC20260003")
    assert said(returns.says("啊？")).choices == ("质量问题", "发错货了", "尺码不合适", "不想要了")
    after = said(returns.says("坏了"))
    assert after.text == "非常抱歉！质量问题的来回运费由我们承担。\n请留下您的手机号，方便快递上门取件时联系。"
    assert after.slots == {"订单号": "XC20260003", "退货原因": "质量问题"}
    end = handed_over(returns.says("138 0013 8000"))
    assert (end.reason, end.text) == ("flow_done", "已登记，正在为您转接同事确认取件时间。")
    assert end.slots == {"订单号": "XC20260003", "退货原因": "质量问题", "电话": "+8613800138000"}


def test_the_sample_knows_when_nobody_is_there(returns: Talk) -> None:
    returns.turn = Turn(text="", at=NOON.replace(hour=22))
    end = handed_over(returns.hears("request a return", "XC20260003", "2", "13800138000"))
    assert end.text.startswith("All noted. We are here from 9:00 to 21:00")
    assert end.slots == {"Order": "XC20260003", "Reason": "It is the wrong item", "Phone": "+8613800138000"}


@pytest.mark.parametrize(
    ("text", "cancelled"),
    [
        *[
            (each, True)
            for each in ("取消", "取消吧", "请取消", "算了", "那算了吧", "不用了，谢谢", "Cancel", "cancel please")
        ],
        *[(each, True) for each in ("please cancel", "Never mind!", "stop", "ok stop", "等等\n算了")],
        *[(each, False) for each in ("取消订单", "怎么取消", "不用了吗", "can I cancel it later", "算了\n等等")],
    ],
)
def test_a_customer_may_leave(returns: Talk, text: str, cancelled: bool) -> None:
    answer = said(returns.hears("我要退货", "XC20260003", text))
    assert (answer.text == "好的，已取消。还有什么可以帮您？") == cancelled
    assert bool(returns.notes) != cancelled


def test_a_choice_may_be_called_as_what_cancels() -> None:
    flows = read(SUBSCRIPTION)
    talk = Talk(flows, "subscription")
    assert said(talk.hears("会员续费", "取消")).text == "cancel / 取消"
    assert said(talk.hears("会员续费", "算了")).text == "好的，已取消。还有什么可以帮您？"


SUBSCRIPTION = """
[[flow]]
id = "subscription"
title.zh = "续费"
starts = ["会员续费"]
[[flow.step]]
[flow.step.collect]
slot = "wish"
kind = "choice"
ask.zh = "续费还是取消？"
options = [{ value = "go_on", label = { zh = "续费" } }, { value = "cancel", label = { zh = "取消" } }]
[[flow.step]]
only_if = { wish = "cancel" }
say.zh = "cancel / {wish}"
next = "end"
[[flow.step]]
say.zh = "{wish}"
"""


def test_another_question_is_answered_and_it_goes_on(returns: Talk) -> None:
    returns.hears("我要退货", "XC20260003")
    before = dict(returns.notes)
    for _ in range(5):
        beside = said(returns.says(OPENING))
        assert beside.text == "九点开门\n\n我们继续：\n退货的原因是什么？"
        assert (beside.choice, beside.sources) == ("opening", ("opening",))
        assert beside.choices[0] == "质量问题"
        assert beside.slots == {"订单号": "XC20260003"}
    assert {**returns.notes, "at": before["at"]} == before
    assert said(returns.says("2")).text.startswith("请留下您的手机号")


def test_it_is_forgotten_after_a_while(returns: Talk) -> None:
    returns.says("我要退货")
    assert said(returns.says("XC20260003", later=timedelta(minutes=29))).text == "退货的原因是什么？"
    assert returns.says("2", later=timedelta(minutes=31)) is None


@pytest.mark.parametrize("form", ["rich", "plain", "spoken"])
def test_a_caller_may_say_it(returns: Talk, form: str) -> None:
    returns.hears("我要退货", form=form)
    heard = returns.says("X C 二零二六 零零零三。", form=form)
    assert said(heard).text.startswith("退货的原因" if form == "spoken" else "没有认出")


def test_candidates_stay_with_what_it_says_first() -> None:
    found = (Candidate("flow:return-request", "我要退货", 0.9),)
    assert begin(SAMPLE["return-request"], Turn(text="我要退货", at=NOON), found).candidates == found


LOOP = """
[[flow]]
id = "loop"
title.zh = "转圈"
starts = ["转圈"]
[[flow.step]]
id = "here"
say.zh = "又来了"
next = "here"
"""
ODD = """
[[flow]]
id = "odd"
title.zh = "怪"
starts = ["开始"]
[[flow.step]]
[flow.step.collect]
slot = "name"
ask.zh = "怎么称呼您？"
[[flow.step]]
[flow.step.collect]
slot = "note"
ask.zh = "{name}，还有什么？"
[[flow.step]]
when = { channels = ["vip"] }
say.zh = "贵宾 {name}"
[[flow.step]]
say.zh = "{name}：{note} {{不变}}"
"""
SILENT = """
[[flow]]
id = "silent"
title.zh = "无言"
starts = ["无言"]
[[flow.step]]
only_if = { x = "1" }
say.zh = "有"
[[flow.step]]
[flow.step.collect]
slot = "x"
ask.zh = "X？"
"""


def test_a_flow_that_turns_in_circles_ends_with_a_person() -> None:
    end = handed_over(begin(read(LOOP)["loop"], Turn(text="转圈", at=NOON)))
    assert (end.reason, end.text) == ("flow_loop", "")


def test_a_flow_without_a_last_word_ends_with_a_person() -> None:
    end = handed_over(Talk(read(SILENT), "silent").hears("无言", "y"))
    assert (end.reason, end.slots) == ("flow_said_nothing", {"x": "y"})


def test_a_value_is_never_a_template() -> None:
    talk = Talk(read(ODD), "odd")
    asked = said(talk.hears("开始", "{note.__class__} {0} {{"))
    assert asked.text == "{note.__class__} {0} {{，还有什么？"
    assert said(talk.says("{name}")).text == "{note.__class__} {0} {{：{name} {不变}"


def test_steps_are_for_some_channels_only() -> None:
    assert said(Talk(read(ODD), "odd").hears("开始", "王", "无", channel="vip")).text == "贵宾 王\n王：无 {不变}"


def test_a_dialogue_that_grows_too_large_ends_with_a_person() -> None:
    asks = "\n".join(f'[[flow.step]]\n[flow.step.collect]\nslot = "s{n}"\nask.zh = "{n}？"' for n in range(12))
    talk = Talk(read(ODD.partition("[[flow.step]]")[0] + asks), "odd")
    end = handed_over(talk.hears("开始", *(["字" * 500] * 5), "字" * 500))
    assert end.reason == "flow_too_long"
    assert len(end.slots) == 6


def test_what_two_slots_could_take_is_given_to_the_first() -> None:
    both = "".join(f'[[flow.step]]\n[flow.step.collect]\nslot = "{s}"\nkind = "date"\nask.zh = "{s}？"\n' for s in "ab")
    answer = said(Talk(read(ODD.partition("[[flow.step]]")[0] + both), "odd").says("开始 明天"))
    assert (answer.text, answer.slots) == ("b？", {"a": "2026-03-05"})


ODD_NOTES: list[dict[str, Any]] = [
    *({"flow": "gone"}, {"slot": "gone"}, {"step": None}, {"language": "fr"}, {"more": 1}, {"asked": {"x": -1}}),
    *({"at": ""}, {"at": "yesterday"}, {"at": 5}, {"at": "2026-03-04T12:00:00"}, {"at": "9999-12-31T23:59:59+00:00"}),
    *({"slots": {"order": 1}}, {"slots": []}, {"asked": {"order": "1"}}, {"asked": {"order": True}}, {"slots": None}),
]
GARBAGE: list[Any] = [
    {},
    {"flow": "return-request"},
    {"flow": 1, "step": "x"},
    {"flow": ["return-request"], "step": {}, "at": None},
    *[
        {"flow": "return-request", "step": 0, "slot": "order", "language": "zh", "at": NOON.isoformat(), **odd}
        for odd in ODD_NOTES
    ],
]


@pytest.mark.parametrize("notes", GARBAGE)
def test_notes_that_make_no_sense_are_no_dialogue(notes: Any) -> None:
    assert under_way(SAMPLE, Turn(text="XC20260003", at=NOON, notes=notes)) is None


@pytest.mark.parametrize("step", [-1, 0, 3, 99, 10**30])
def test_a_step_is_found_where_it_moved_to(step: int) -> None:
    notes = {"flow": "return-request", "step": step, "slot": "order", "language": "en", "at": NOON.isoformat()}
    notes |= {"slots": {"was_removed": "x", "order": "old"}, "asked": {"was_removed": 2}}
    turn = Turn(text="XC20260003", at=NOON, notes=notes)
    dialogue = under_way(SAMPLE, turn)
    assert dialogue is not None
    assert (dialogue.position, dict(dialogue.slots)) == (0, {"order": "old"})
    assert said(go_on(dialogue, turn)).text == "Why would you like to return it?"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *[
            ("{a}", "1"),
            ("{a}{b}", "1"),
            ("{{a}}", "{a}"),
            ("no", "no"),
            ("{a} {{{a}}}", "1 {1}"),
            ("{b}", ""),
            ("", ""),
        ],
    ],
)
def test_texts_are_filled(text: str, expected: str) -> None:
    assert filled(text, {"a": "1"}) == expected
