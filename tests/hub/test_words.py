"""What a text is found by, and where in it that stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.excerpts import LENGTH, Asked
from hub.words import LONGEST_WORD, READ_AT_MOST, question, questions_for_people, words_of, words_of_address

han = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=2, max_size=40)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ""),
        ("退款", "退款 款"),
        ("怎么退款", "怎么 么退 退款 款"),
        ("退", "退"),
        ("退款，发货", "退款 款 发货 货"),
        ("退 款", "退 款"),
        ("退貨與繁體", "退货 货与 与繁 繁体 体"),
        ("Refund PLEASE", "refund please"),
        ("iPhone退款", "iphone 退款 款"),
        ("ｉＰｈｏｎｅ１５", "iphone15 15"),
        ("①②", "12"),
        ("㎏", "kg"),
        ("DD20260301-77", "dd20260301 20260301 77"),
        ("don't", "don t"),
        ("a_b", "a b"),
        ("Straße", "strasse"),
        ("cafe\u0301 CAFÉ", "café"),
        ("zhang.wei@example.com", "zhang wei example com"),
        ("👍🏽 好 👨‍👩‍👧", "好"),
        ("🙂", ""),
        ("ありがとう", "あり りが がと とう う"),
        ("ｶﾞﾗｽ", "ガラ ラス ス"),
        ("배송", "배송 송"),
        ("доставка Где", "доставка где"),
        ("%_\\'\";--", ""),
        ("𠮷野家", "𠮷野 野家 家"),
        ("x" * 100, "x" * LONGEST_WORD),
    ],
)
def test_words(text: str, words: str) -> None:
    assert sorted(words_of(text).split()) == sorted(words.split())


@pytest.mark.parametrize(
    ("asked", "sought"),
    [
        ("退", "退:*"),
        ("退款", "退款"),
        ("退款吗", "退款 & 款吗"),
        ("iPhone退款", "iphone:* & 退款"),
        ("refu", "refu:*"),
        ("a", "a"),
        ("20260301", "20260301:*"),
        ("退款 退款", "退款"),
        ("%", ""),
        ("' | '", ""),
        ("🙂", ""),
        ("a & !b | (c)", "a & b & c"),
        ("\0退款", "退款"),
    ],
)
def test_question(asked: str, sought: str) -> None:
    assert question(asked) == sought


def test_a_number_of_a_phone_is_found_by_its_tail_however_it_is_written() -> None:
    assert words_of_address("+8613812345678") == "8613812345678 ~8765432183168"
    for asked in ("138 1234 5678", "138-1234-5678", "13812345678"):
        assert questions_for_people(asked) == ["13812345678:* | ~87654321831:*"]
    assert questions_for_people("5678") == ["5678:* | ~8765:*"]
    assert questions_for_people("王 5678") == ["王:*", "5678:* | ~8765:*"]
    assert questions_for_people("678") == ["678:*"]


@given(han, st.data())
def test_any_part_of_a_text_asks_for_words_that_it_has(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 2))
    part = text[start : data.draw(st.integers(start + 2, len(text)))]
    assert set(question(part).split(" & ")) <= set(words_of(text).split())


@given(st.text(max_size=200), st.text(min_size=1, max_size=20))
def test_marks_lie_in_the_excerpt_in_order(text: str, asked: str) -> None:
    shown = Asked(asked).excerpt(text)
    ends = [place for mark in shown.marks for place in mark]
    assert ends == sorted(ends)
    assert all(0 <= place <= len(shown.text) for place in ends)
    assert len(shown.text) <= LENGTH + 2


@pytest.mark.parametrize(
    ("asked", "text", "marked"),
    [
        ("退款", "我要退款，退款！", ["退款", "退款"]),
        ("退", "我要退", ["退"]),
        ("申请退款", "退款怎么申请，申请 退款", ["退款", "申请", "申请", "退款"]),
        ("iphone退款", "ＩＰＨＯＮＥ 想退款", ["ＩＰＨＯＮＥ", "退款"]),
        ("退货", "我要退貨", ["退貨"]),
        ("refu", "a refund, prerefund", ["refu"]),
        ("kg", "㎏ 3", ["㎏"]),
        ("2026", "DD20260301", ["2026"]),
        ("发货", f"{'很' * 500}发货", ["发货"]),
        ("好", "👍🏽好👍🏽", ["好"]),
        ("没有", "nothing", []),
    ],
)
def test_marks(asked: str, text: str, marked: list[str]) -> None:
    shown = Asked(asked).excerpt(text)
    assert [shown.text[start:end] for start, end in shown.marks] == marked


def test_only_the_beginning_of_an_endless_text_is_read() -> None:
    assert "末尾" not in words_of("字" * READ_AT_MOST + "末尾")
