"""Who must get a person, whatever the engines could say."""

from __future__ import annotations

import pytest

from hub.settings import HandingOver
from workers.bots.contract import Turn
from workers.bots.manners import Manners

MANNERS = Manners(HandingOver(tags=["vip"], topics=["起诉", "lawsuit"]))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("转人工", "asked_for_person"),
        ("你们就是骗子", "angry"),
        ("垃圾客服", "angry"),
        ("我要投诉你们", "angry"),
        ("再不处理我打12315了", "angry"),
        ("This is ridiculous", "angry"),
        ("what the fuck", "angry"),
        ("You are thieves!", "angry"),
        ("我要起诉", "topic"),
        ("Is this about the lawsuit?", "topic"),
    ],
)
def test_who_gets_a_person(text: str, reason: str) -> None:
    answer = MANNERS.leave_to_people(Turn(text=text))
    assert answer
    assert answer.reason == reason


@pytest.mark.parametrize(
    "text",
    [
        *("垃圾桶怎么卖", "有垃圾袋吗", "怎么投诉快递", "滚筒洗衣机多少钱", "恒温箱", "在哪里查报价"),
        *("shiitake mushrooms", "Is it a good bag?", "a thief-proof lock", "lawsuits are not sold here", ""),
    ],
)
def test_who_does_not(text: str) -> None:
    assert MANNERS.leave_to_people(Turn(text=text)) is None


def test_some_customers_are_not_left_to_machines() -> None:
    assert MANNERS.leave_to_people(Turn(text="你好", tags=frozenset({"new"}))) is None
    answer = MANNERS.leave_to_people(Turn(text="你好", tags=frozenset({"vip"})))
    assert answer
    assert answer.reason == "tag"


def test_anger_may_be_left_to_the_bot() -> None:
    assert Manners(HandingOver(angry=False)).leave_to_people(Turn(text="骗子")) is None
