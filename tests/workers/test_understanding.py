"""What an encoder adds to the words, and what it cannot take away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub.knowledge import Entry, Knowledge
from workers.bots import understanding
from workers.bots.contract import Candidate, Failed, Later, Pass, Say, Turn
from workers.bots.knowledge import FromKnowledge, KnowledgeSettings
from workers.bots.outside.encoders import EncoderSettings

ABOUT = {"refund": ("怎么退款", "我要退钱", "想退掉"), "size": ("有大码吗", "尺码怎么选", "多大合适")}
AT = datetime(2026, 11, 28, 12, tzinfo=UTC)
SETTINGS = EncoderSettings(url="http://127.0.0.1:1/v1", model="m")


class Encoder:
    """Knows what the questions are about, whatever the words."""

    name = "told"
    works = True

    def encode(self, texts: Sequence[str], within: float) -> Any:
        if not self.works:
            raise Failed("timeout")
        return np.array([[1.0, 0.1] if "退" in each or "反悔" in each else [0.1, 1.0] for each in texts], np.float32)


@pytest.fixture
def knowledge(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Knowledge:
    monkeypatch.setenv("YIZHAN_DATA", str(tmp_path))
    monkeypatch.setattr(understanding, "encoder_of", lambda settings: Encoder())
    monkeypatch.setattr(Encoder, "works", True)
    entries = [Entry(id=each, questions=list(asked), answer={"zh": each}) for each, asked in ABOUT.items()]
    return Knowledge(tuple(entries))


def scores(knowledge: Knowledge, text: str, **how: Any) -> dict[str, float]:
    known = understanding.Understanding(knowledge, SETTINGS)
    return {each.id: each.score for each in known.meanings(text, date(2026, 11, 28), **how)}


def test_an_encoder_finds_what_has_no_word_in_common(knowledge: Knowledge) -> None:
    asked = "买了又反悔"
    assert scores(knowledge, asked)["refund"] > scores(knowledge, asked, encode=False).get("refund", 0)


@pytest.mark.parametrize("when", ["trained", "asked"])
def test_without_it_the_words_alone_are_enough(
    knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    known = understanding.Understanding(knowledge, SETTINGS) if when == "asked" else None
    monkeypatch.setattr(Encoder, "works", False)
    known = known or understanding.Understanding(knowledge, SETTINGS)
    assert known.meanings("怎么退款呀", date(2026, 11, 28))[0].id == "refund"


def test_nobody_is_asked_while_a_message_is_taken_in(knowledge: Knowledge) -> None:
    engine = FromKnowledge(KnowledgeSettings(encoder=SETTINGS), knowledge)
    assert isinstance(engine.answer(Turn(text="怎么退款", at=AT, at_once=True)), Say)
    with pytest.raises(Later):
        engine.answer(Turn(text="反悔", at=AT, at_once=True))
    assert isinstance(engine.answer(Turn(text="反悔", at=AT)), Say | Pass)


def test_what_is_not_valid_today_is_not_known() -> None:
    sale = Entry(
        id="sale",
        questions=["双十一活动"],
        answer={"zh": "八折"},
        valid_from=date(2026, 11, 1),
        valid_until=date(2026, 11, 11),
    )
    engine = FromKnowledge(KnowledgeSettings(), Knowledge((sale,)))
    said = engine.answer(Turn(text="双十一活动", at=datetime(2026, 11, 11, 23, tzinfo=UTC)))
    assert isinstance(said, Say)
    assert isinstance(engine.answer(Turn(text="双十一活动", at=AT)), Pass)


def test_nobody_is_asked_whether_they_meant_small_talk(monkeypatch: pytest.MonkeyPatch) -> None:
    bye = Entry(id="bye", questions=["再见"], answer={"zh": "再见"}, tags=["smalltalk"])
    engine = FromKnowledge(KnowledgeSettings(), Knowledge((bye,)))
    assert isinstance(engine.answer(Turn(text="再见", at=AT)), Say)
    hardly = [Candidate("bye", "再见", 0.6)]
    monkeypatch.setattr(understanding.Understanding, "meanings", lambda *_, **__: hardly)
    answer = engine.answer(Turn(text="再来一件", at=AT))
    assert isinstance(answer, Pass)
    assert answer.candidates == tuple(hardly)  # the trace has it
