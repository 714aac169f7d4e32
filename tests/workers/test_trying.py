"""What is made of a suite: figures, failures, drift, thresholds; with engines that say what the test tells them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, ClassVar

import pytest

from hub.knowledge import Case, Exchange, Knowledge, Script, Suite
from hub.settings import BotFile, HandingOver
from workers.bots.bot import Bot
from workers.bots.contract import Answer, Candidate, Engine, EngineSettings, HandOver, Pass, Say, Turn
from workers.bots.deciding import Decision, decide
from workers.bots.evaluating import cross_validated, thresholds
from workers.bots.manners import Manners
from workers.bots.reports import CaseResult, Figures, Report, SuiteReport, figures_of
from workers.bots.trying import bot_of, try_all, try_suite

AT = datetime(2026, 11, 2, 10, tzinfo=UTC)
MEANINGS = {"refund", "invoice"}


class Scored(Engine):
    """ "refund .8, invoice .7" is what the customer means, and how likely."""

    Settings: ClassVar[type[EngineSettings]] = Decision
    settings: Decision

    def answer(self, turn: Turn) -> Answer:
        match turn.text.split(":"):
            case ["fail"]:
                raise ZeroDivisionError
            case ["note", text]:
                return Say(text=f"{turn.notes.get('count', 0)} {text}", notes={"count": turn.notes.get("count", 0) + 1})
            case ["object"]:
                return Say(text="?", notes={"at": date(2026, 1, 1)})
            case ["dialogue", flow, *options]:
                return Say(text="your number?", notes={"flow": flow, "step": 0}, choices=tuple(options))
            case ["done", flow]:
                return HandOver(reason="flow_done", candidates=(Candidate(f"flow:{flow}", flow, 0.9),))
            case ["over"]:
                return HandOver(reason="rule", text="bye")
            case ["seen"]:
                lines = " ".join(f"{line.author}={line.text}" for line in turn.history)
                return Say(
                    text=f"{turn.channel} {turn.form} {sorted(turn.tags)} {turn.at:%H:%M} {lines}", choice="seen"
                )
        pairs = [pair.split() for pair in turn.text.split(",") if len(pair.split()) == 2]
        found = tuple(Candidate(name, f"{name}?", float(score)) for name, score in pairs)
        decided = decide(found, self.settings)
        match decided.does:
            case "answer":
                return Say(text=f"about {decided.about[0].id}", candidates=found, choice=decided.about[0].id)
            case "ask":
                return Say(text="which", candidates=found, choices=tuple(each.question for each in decided.about))
        return Pass(candidates=found)


def bot(misses: int = 2, **settings: float) -> Bot:
    file = BotFile(engines=[{}], hand_over=HandingOver(misses=misses))
    engine = Scored(Decision.model_validate(settings), Knowledge())
    return Bot(file, (("knowledge", engine),), Knowledge(), Manners(file.hand_over))


def suite(means: Mapping[str, list[str]], **more: Any) -> Suite:
    return Suite.model_validate({"case": [{"ask": ask, "means": each} for each, ask in means.items()], **more})


def tried(means: Mapping[str, list[str]], **more: Any) -> SuiteReport:
    return try_suite(bot(), suite(means, **more), AT, "shop", "desk")


@pytest.mark.parametrize(
    ("text", "means", "passed", "came"),
    [
        ("refund .8", "refund", True, "answered refund (0.80)"),
        ("refund .8", "invoice", False, "answered refund (0.80)"),
        ("refund .8", "none", False, "answered refund (0.80)"),
        ("refund .8", "person", False, "answered refund (0.80)"),
        ("refund .6, invoice .5", "invoice", True, "asked: refund, invoice"),
        ("refund .6", "invoice", False, "asked: refund"),
        ("refund .6", "none", True, "asked: refund"),
        ("refund .2", "refund", False, "not understood (likeliest: refund, 0.20)"),
        ("?", "refund", False, "not understood"),
        ("?", "none", True, "not understood"),
        ("dialogue:order", "flow:order", True, "answered flow:order (0.00)"),
        ("dialogue:order:yes:no", "flow:order", True, "answered flow:order (0.00)"),
        ("dialogue:order", "flow:refund", False, "answered flow:order (0.00)"),
        ("done:order", "flow:order", True, "handed over (flow_done)"),
        ("over", "person", True, "handed over (rule)"),
        ("over", "refund", False, "handed over (rule)"),
        ("转人工", "person", True, "handed over (asked_for_person)"),
        ("fail", "person", False, "handed over (bot_failed)"),
        ("fail", "none", False, "handed over (bot_failed)"),
    ],
)
def test_a_case(text: str, means: str, passed: bool, came: str) -> None:
    [case] = tried({means: [text]}).cases
    assert (case.passed, case.came) == (passed, came)


MIXED = {
    "refund": ["refund .9", "refund .91", "refund .6", "invoice .8, refund .1", "refund .2"],
    "invoice": ["invoice .9", "refund .8"],
    "person": ["转人工"],
    "none": ["refund .75", "refund .5", "what"],
}


def test_figures() -> None:
    report = tried(MIXED)
    figures = report.figures["all"]
    assert figures == Figures(
        cases=11, meaning=8, recognised=6, answered=5, right=3, asked=1, handed_over=1, missed=1, outside=3, refused=2
    )
    assert figures.shares() == {
        "accuracy": 0.75,
        "answered_share": 0.625,
        "precision": 0.5,  # three of the five, and of the one that was out of scope
        "asked_share": 0.125,
        "handed_over_share": 0.125,
        "missed_share": 0.125,
        "refused_share": 0.6667,
    }
    assert {name: each.cases for name, each in report.figures.items()} == {"zh": 1, "en": 10, "all": 11}


def test_no_cases_have_no_figures() -> None:
    assert set(figures_of([]).shares().values()) == {None}
    assert try_suite(bot(), Suite(precision=0.9), AT).passed


def test_what_was_taken_for_what_the_most_frequent_first() -> None:
    report = tried({"refund": ["invoice .9", "invoice .91", "?", "refund .2"], "none": ["refund .9", "refund .5"]})
    assert report.confusion == [("refund", "invoice", 2), ("none", "refund", 1), ("refund", "none", 1)]


@pytest.mark.parametrize(
    ("floors", "below"),
    [
        ({}, {}),
        ({"accuracy": 0.75}, {}),
        ({"accuracy": 0.76}, {"accuracy": 0.75}),
        ({"precision": 0.7}, {"precision": 0.6667}),
        ({"refused": 0.5}, {"refused_share": 0.0}),
    ],
)
def test_a_suite_fails_below_its_floors(floors: dict[str, float], below: dict[str, float]) -> None:
    report = tried({"refund": ["refund .9", "refund .91", "refund .4", "?"], "none": ["refund .93"]}, **floors)
    assert (report.below, report.passed) == (below, not below)


def played(*turns: dict[str, Any], misses: int = 2, **script: Any) -> list[tuple[bool, str]]:
    written = Script.model_validate({"name": "a", "turn": list(turns), **script})
    [result] = try_suite(bot(misses), Suite(script=[written]), AT).scripts
    assert result.passed is all(step.passed for step in result.steps)
    return [(step.passed, step.came) for step in result.steps]


@pytest.mark.parametrize(
    ("turn", "passed"),
    [
        ({"customer": "refund .9", "choice": "refund"}, True),
        ({"customer": "refund .9", "choice": "refund", "says": "about"}, True),
        ({"customer": "refund .9", "choice": "refund", "says": "nothing"}, False),
        ({"customer": "refund .9", "choice": "invoice"}, False),
        ({"customer": "refund .9", "asks": False, "misses": False, "silent": False}, True),
        ({"customer": "refund .9", "hands_over": ""}, False),
        ({"customer": "dialogue:order", "choice": "flow:order"}, True),
        ({"customer": "dialogue:order", "choice": "flow:other"}, False),
        ({"customer": "refund .5", "asks": True, "says": "refund?"}, True),
        ({"customer": "refund .5", "asks": False}, False),
        ({"customer": "what", "misses": True}, True),
        ({"customer": "over", "hands_over": ""}, True),
        ({"customer": "over", "hands_over": "rule", "says": "bye"}, True),
        ({"customer": "over", "hands_over": "angry"}, False),
    ],
)
def test_a_turn_of_a_script(turn: dict[str, Any], passed: bool) -> None:
    assert [ended for ended, _ in played(turn)] == [passed]


def test_misses_in_a_row_are_handed_over_as_the_hub_does() -> None:
    missed, over = {"customer": "a", "misses": True}, {"customer": "b", "hands_over": "not_understood"}
    assert all(passed for passed, _ in played(missed, over))
    assert all(passed for passed, _ in played(missed, {"customer": "refund .9", "choice": "refund"}, missed, over))
    assert all(passed for passed, _ in played(over, misses=1))


def test_whoever_was_handed_over_is_not_answered_by_the_bot() -> None:
    turns = ({"customer": "over", "hands_over": ""}, {"customer": "refund .9", "choice": "refund"})
    assert played(*turns)[1] == (False, "silent (a person has the conversation)")
    assert played(turns[0], {"customer": "refund .9", "silent": True})[1][0]


def test_what_is_noted_and_said_is_there_at_the_next_turn() -> None:
    seen = {"customer": "seen", "says": "service plain ['vip'] 20:00 contact=note:a bot=0 a"}
    at = datetime(2026, 11, 11, 20)
    turns = ({"customer": "note:a", "says": "0 a"}, seen, {"customer": "note:b", "says": "0 b"})
    told = played(*turns, channel="service", form="plain", tags=["vip"], at=at)
    assert all(passed for passed, _ in told), told
    assert all(passed for passed, _ in played({"customer": "note:a", "says": "0"}, {"customer": "note:b", "says": "1"}))


def test_notes_that_are_no_json_are_the_engines_fault() -> None:
    assert played({"customer": "object", "says": "x"}) == [
        (False, "its notes: Object of type date is not JSON serializable")
    ]


def test_a_report_is_the_same_after_json() -> None:
    script = {"name": "a", "turn": [{"customer": "what", "choice": "refund"}]}
    report = Report(suites=(tried(MIXED, script=[script], precision=0.9),))
    assert Report.from_json(report.to_json()) == report
    said = json.loads(report.to_json())
    assert (said["passed"], said["suites"][0]["figures"]["all"]["accuracy"]) == (False, 0.75)
    assert said["suites"][0]["confusion"][0] == ["invoice", "refund", 1]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}x", '{"suites": [{}]}', b"\xff"])
def test_what_is_no_report(text: str | bytes) -> None:
    with pytest.raises(ValueError, match="is no report"):
        Report.from_json(text)


def result(text: str, got: str = "refund") -> CaseResult:
    return CaseResult(text=text, means="refund", language="en", outcome="said", got=got, best=got, score=0.9)


def test_drift_names_what_passed_and_fails_now_and_the_other_way_round() -> None:
    before = Report(suites=(SuiteReport(suite="s", bot="b", cases=(result("a"), result("b", "x"), result("gone"))),))
    cases = (result("a", "x"), result("b"), result("new", "x"), replace(result("gone", "x"), means="invoice"))
    now = Report(suites=(SuiteReport(suite="s", bot="b", cases=cases), SuiteReport(suite="t", bot="b")))
    drift = now.drift(before)
    assert drift.regressed == ("s: “a” means refund",)
    assert drift.recovered == ("s: “b” means refund",)
    assert drift.figures == {"s: accuracy": (0.6667, 0.25), "s: precision": (0.6667, 0.25)}
    assert now.drift(now).figures == {}


def test_thresholds_answer_the_most_that_still_reaches_the_precision() -> None:
    means = {"refund": ["refund .9", "refund .8", "refund .6", "refund .5"], "none": ["refund .55", "refund .71"]}

    def proposed(precision: float) -> tuple[float, int, float | None] | None:
        found = thresholds(bot(answer_from=0.7), suite(means), precision, AT)
        assert found
        assert (found.present.answer_from, found.present.figures.answered, found.present.figures.precision) == (
            *(0.7, 2),
            0.6667,
        )
        best = found.proposed
        return (best.answer_from, best.figures.answered, best.figures.precision) if best else None

    assert proposed(1) == (0.72, 2, 1.0)
    assert proposed(0.75) == (0.56, 3, 0.75)
    assert proposed(0.6) == (0.35, 4, 0.6667)


def test_what_is_answered_at_a_threshold_is_what_the_bot_answers_with_it() -> None:
    mixed = suite(
        {"refund": ["refund .9", "refund .5, invoice .45", "refund .61"], "none": ["refund .62", "refund .4"]}
    )
    for step in range(36, 100):
        found = thresholds(bot(answer_from=step / 100), mixed, 1, AT)
        figures = try_suite(bot(answer_from=step / 100), mixed, AT).figures["all"]
        assert found and found.present.figures == figures


def test_a_precision_that_nothing_reaches() -> None:
    found = thresholds(bot(), suite({"none": ["refund 1.0"], "refund": ["refund .8"]}), 0.95, AT)
    assert found and found.proposed is None


def test_only_engines_that_go_by_scores_have_a_threshold() -> None:
    class Plain(Engine):
        def answer(self, turn: Turn) -> Answer | None:
            return None

    without = replace(bot(), engines=(("plain", Plain(EngineSettings(), Knowledge())),))
    assert thresholds(without, suite({"refund": ["a"]}), 0.9, AT) is None


def test_a_suite_is_tried_on_its_bot() -> None:
    bots = {"desk": bot(), "night": bot(answer_from=0.95)}
    suites = {"a": suite({"refund": ["refund .9"]}, bot="desk"), "b": suite({"refund": ["refund .9"]}, bot="night")}
    report = try_all(bots, suites, AT)
    assert [(each.suite, each.bot, each.cases[0].outcome) for each in report.suites] == [
        ("a", "desk", "said"),
        ("b", "night", "asked"),
    ]
    assert bot_of(Suite(), {"desk": bot()}) == "desk"
    for unknown in (Suite(), Suite(bot="gone")):
        with pytest.raises(LookupError, match="desk, night"):
            bot_of(unknown, bots)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ({"script": [{"name": "a", "turn": [{"customer": "b"}]}]}, "say what must come of it"),
        ({"script": [{"name": "a", "turn": []}]}, "at least 1 item"),
        ({"script": [{"name": "a", "turn": [{"customer": "b", "asks": True}]}] * 2}, "two scripts are called a"),
        ({"at": datetime(2026, 1, 1, tzinfo=UTC)}, "the hub's own clock"),
        ({"precision": 95}, "less than or equal to 1"),
        ({"case": [{"ask": [], "means": "none"}]}, "at least 1 item"),
    ],
)
def test_suites_that_make_no_sense_are_refused(written: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Suite.model_validate(written)


def test_texts_with_labels_are_understood_by_the_others_of_them() -> None:
    topics = {"refund": "退款 退钱 退货 返款", "invoice": "发票 开票 税号 抬头", "size": "尺码 大小 码数 尺寸"}
    ways = ("怎么{}", "我想{}", "{}可以吗", "请问{}的事情", "{}怎么办理")
    rows = [(way.format(word), label) for label, words in topics.items() for word in words.split() for way in ways]
    outside = [
        (text, "none") for text in ("今天天气怎么样", "讲个笑话", "世界杯谁赢了", "附近有什么好吃的", "一加一等于几")
    ]
    report = cross_validated([*rows, *outside, ("只有一句", "lonely")], Decision(), "file")
    figures = report.figures["all"]
    assert (figures.meaning, figures.outside) == (60, 5)  # the only one of its kind is not asked
    assert figures.accuracy is not None and figures.accuracy > 0.8
    assert sorted(case.text for case in report.cases) == sorted(text for text, _ in (*rows, *outside))
    assert cross_validated([*rows, *outside, ("只有一句", "lonely")], Decision(), "file") == report


def test_a_case_says_what_it_asks_in_which_language() -> None:
    written = Suite(case=[Case(ask=["123"], means="none", language="en")])
    [case] = try_suite(bot(), written, AT).cases
    assert case.language == "en"


def test_an_exchange_may_expect_several_things() -> None:
    assert Exchange(customer="a", asks=True, says="b").asks
