"""Engines in a row: who answers, what is remembered, and what a broken one does to the others."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from hub.knowledge import Entry, Knowledge
from hub.settings import BotFile
from workers.bots.bot import Bot, Thought
from workers.bots.contract import Answer, Candidate, Engine, HandOver, Later, Pass, Say, Turn
from workers.bots.manners import Manners

THANKS = Entry.model_validate(
    {"id": "thanks", "questions": ["谢谢"], "answer": {"zh": "不客气"}, "tags": ["smalltalk"]}
)
MAYBE = (Candidate("refund", "怎么退款", 0.3),)


class Told(Engine):
    """Does what a test says, and remembers what it was asked."""

    def __init__(self, answer: Callable[[Turn], Answer | None]):
        super().__init__(None, Knowledge())
        self._answer, self.turns = answer, list[Turn]()

    def answer(self, turn: Turn) -> Answer | None:
        self.turns.append(turn)
        return self._answer(turn)


def bot(*answers: Callable[[Turn], Answer | None]) -> tuple[Bot, list[Told]]:
    told = [Told(answer) for answer in answers]
    file = BotFile(engines=[{}])
    names = tuple((f"engine {number}", each) for number, each in enumerate(told, 1))
    return Bot(file, names, Knowledge((THANKS,)), Manners(file.hand_over)), told


def talk(asked: Bot, *texts: str) -> list[Thought]:
    """What comes of these, one after the other; what is remembered goes through the database's JSON."""
    thoughts, state = [], {}
    for text in texts:
        thoughts.append(asked.think(Turn(text=text), state))
        state = json.loads(json.dumps(thoughts[-1].state))
    return thoughts


def fails(_: Turn) -> Answer | None:
    raise ZeroDivisionError("what the customer wrote")


def test_the_first_that_knows_answers() -> None:
    asked, told = bot(lambda _: Pass(candidates=MAYBE, why="out_of_scope"), lambda _: Say(text="hi"), fails)
    [thought] = talk(asked, "怎么弄")
    assert (thought.outcome, thought.text, len(told[2].turns)) == ("said", "hi", 0)
    assert [(step.engine, step.made, step.why) for step in thought.steps] == [
        ("engine 1", "passed", "out_of_scope"),
        ("engine 2", "said", ""),
    ]


def test_nobody_knows() -> None:
    [thought] = talk(bot(lambda _: None, lambda _: Pass(candidates=MAYBE))[0], "怎么弄")
    assert (thought.outcome, thought.reason, thought.candidates) == ("missed", "not_understood", MAYBE)


@pytest.mark.parametrize("order", [(fails, lambda _: Say(text="hi")), (lambda _: Say(text="hi"), fails)])
def test_a_broken_engine_keeps_the_others_from_nothing(order: tuple[Callable[[Turn], Answer], ...]) -> None:
    assert talk(bot(*order)[0], "怎么弄")[0].text == "hi"


def test_where_only_a_broken_one_might_have_known_people_help() -> None:
    [thought] = talk(bot(lambda _: None, fails)[0], "怎么弄")
    assert (thought.outcome, thought.reason) == ("handed_over", "bot_failed")
    assert [(step.made, step.why) for step in thought.steps][1:] == [("failed", "ZeroDivisionError")]


def test_who_wants_a_person_is_not_kept_by_any_engine() -> None:
    asked, told = bot(lambda _: Say(text="hi"))
    [thought] = talk(asked, "转人工")
    assert (thought.outcome, thought.reason, told[0].turns) == ("handed_over", "asked_for_person", [])


def test_what_takes_longer_is_asked_again() -> None:
    def asks_others(turn: Turn) -> Answer:
        if turn.at_once:
            raise Later
        return Say(text="hi")

    asked, _ = bot(asks_others)
    with pytest.raises(Later):
        asked.think(Turn(text="?", at_once=True), {})
    assert asked.think(Turn(text="?"), {}).text == "hi"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        *(("1", "退款"), ("２", "换货"), ("一", "退款"), ("第二个", "换货"), ("选2", "换货"), ("2号", "换货")),
        *(("the first one", "退款"), ("two", "换货"), ("换货", "换货"), ("3", "3"), ("12", "12"), ("多少钱", "多少钱")),
    ],
)
def test_a_choice_is_named_by_its_number(said: str, meant: str) -> None:
    asked, told = bot(lambda turn: Say(text="哪一个？", choices=("退款", "换货")) if turn.text == "?" else None)
    thoughts = talk(asked, "?", said)
    assert (thoughts[0].outcome, told[0].turns[-1].text) == ("asked", meant)


@pytest.mark.parametrize("said", ["都不是", "没有。", "none of these", "No"])
def test_none_of_what_was_offered(said: str) -> None:
    asked, told = bot(lambda turn: Say(text="哪一个？", choices=("退款", "换货", "都不是")))
    thought = talk(asked, "?", said)[-1]
    assert (thought.outcome, thought.reason, len(told[0].turns)) == ("missed", "none_of_these", 1)


@pytest.mark.parametrize("said", ["不是", "no"])
def test_to_a_question_no_is_an_answer(said: str) -> None:
    asked, told = bot(lambda turn: Say(text="送礼吗？", choices=("是", "不是")))
    talk(asked, "?", said)
    assert told[0].turns[-1].text == said


def test_a_number_means_itself_where_nothing_is_offered() -> None:
    asked, told = bot(lambda turn: Say(text="hi"))
    talk(asked, "?", "1")
    assert told[0].turns[-1].text == "1"


def test_the_same_answer_is_not_given_twice_in_a_row() -> None:
    asked, _ = bot(lambda turn: Say(text=turn.text[0], choice="refund" if "退" in turn.text else "other"))
    assert [(each.outcome, each.reason) for each in talk(asked, "退款", "退钱", "换货", "退款")] == [
        ("said", ""),
        ("missed", "repeated"),
        ("said", ""),
        ("said", ""),
    ]


def test_small_talk_is_answered_once_and_then_left_alone() -> None:
    asked, _ = bot(lambda turn: Say(text="不客气", choice="thanks"))
    assert [each.outcome for each in talk(asked, "谢谢", "谢谢", "谢谢")] == ["said", "silent", "silent"]


def test_notes_come_back_to_the_engine_that_made_them_until_it_answers_without() -> None:
    def counts(turn: Turn) -> Answer | None:
        seen = turn.notes.get("seen", 0)
        return Say(text=str(seen), notes={"seen": seen + 1} if seen < 2 else None) if "数" in turn.text else None

    asked, told = bot(counts, lambda turn: Say(text="hi"))
    assert [each.text for each in talk(asked, "数", "别的", "数", "数", "数")] == ["0", "hi", "1", "2", "0"]
    assert all(turn.notes == {} for turn in told[1].turns)


def test_what_was_learned_is_kept_for_the_agent() -> None:
    asked, _ = bot(lambda turn: Say(text="?", slots={"订单": "YZ1"}) if turn.text == "a" else HandOver(reason="rule"))
    thought = talk(asked, "a", "b")[-1]
    assert (thought.outcome, thought.slots) == ("handed_over", {"订单": "YZ1"})
    assert talk(asked, "a", "转人工")[-1].slots == {"订单": "YZ1"}


def test_who_is_handed_over_has_no_choices_left() -> None:
    asked, told = bot(lambda turn: Say(text="?", choices=("退款", "换货")))
    talk(asked, "?", "转人工", "1")
    assert told[0].turns[-1].text == "1"


def test_a_bot_has_only_so_much_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.bots.bot.LONGEST", 0.0)
    asked, told = bot(lambda turn: Say(text="hi"))
    [thought] = talk(asked, "?")
    assert (thought.outcome, thought.reason, told[0].turns) == ("handed_over", "bot_failed", [])


def test_what_is_thought_is_json() -> None:
    asked, _ = bot(lambda turn: Say(text="hi", choices=("a",), notes={"x": [1, {"y": None}]}, slots={"k": "v"}))
    state: dict[str, Any] = dict(talk(asked, "?")[0].state)
    assert json.loads(json.dumps(state)) == state
