"""What is recommended, in which order, and why."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.knowledge import Item, Texts, When
from workers.bots.recommending import SHOWN, Asked, Recommender, Uses

MONDAY = datetime(2026, 3, 2, 10, tzinfo=UTC)
GIFT = Item(
    id="gift-wrap",
    kind="action",
    title=Texts(zh="礼物包装", en="Gift wrapping"),
    text=Texts(zh="我们可以免费包装。", en="We wrap it for free."),
    about=["送礼", "gift"],
)
CARE = Item(
    id="care",
    kind="article",
    title=Texts(zh="皮具护理", en="Leather care"),
    url="https://shop.test/care",
    about=["怎么保养"],
)
VIP = Item(id="vip", title=Texts(zh="会员专线"), tags=["vip"], because=Texts(zh="她是会员", en="She is a member"))
BAGS = Item(id="bags", title=Texts(zh="新包"), pages=["/bags"], tags=["vip"])
CASE = Item(id="case", title=Texts(zh="行李箱"), about=["旅行箱"])
ITEMS = (GIFT, CARE, VIP, BAGS, CASE)
QUESTIONS = ["怎么退款", "怎么换货", "怎么开发票", "怎么联系你们", "怎么付款", "怎么查快递", "怎么注册", "怎么修改地址"]


def asked(text: str = "你好", **fields: Any) -> Asked:
    return Asked(**{"text": text, "at": MONDAY, "channel": "shop", **fields})


def ways(*items: Item, of: Asked, uses: Uses = Uses()) -> list[tuple[str, str, str]]:  # noqa: B008
    found = Recommender(items or ITEMS, QUESTIONS).recommended(of, uses, "zh")
    return [(each["id"].removeprefix("item:"), each["by"], each["reason"]) for each in found]


def test_nobody_is_recommended_anything_without_a_reason() -> None:
    assert ways(of=asked()) == []
    assert ways(of=asked("怎么退款")) == []
    assert Recommender(()).recommended(asked("送礼"), Uses(), "zh") == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"tags": ["vip"]}, [("vip", "rule", "她是会员")]),
        (
            {"tags": ["vip"], "hints": {"session_from": "/bags/12"}},
            [("bags", "rule", "vip"), ("vip", "rule", "她是会员")],
        ),
        ({"hints": {"page": "/bags"}}, []),  # all that is named must fit
        ({"tags": ["new"], "hints": {"page": "/shoes"}}, []),
    ],
)
def test_rules_come_first_and_those_that_name_more_before_others(fields: dict[str, Any], expected: Any) -> None:
    assert ways(of=asked(**fields)) == expected


@pytest.mark.parametrize(
    ("when", "fits"),
    [
        (When(), True),
        (When(channels=["shop"]), True),
        (When(channels=["sms"]), False),
        (When(tags=["vip"]), False),
        (When.model_validate({"hours": ["mon 09:00-18:00"]}), True),
        (When.model_validate({"closed": ["mon 09:00-18:00"]}), False),
    ],
)
def test_whom_when_does_not_fit_it_is_not_recommended_to_at_all(when: When, fits: bool) -> None:
    item = Item(id="now", title=Texts(zh="限时"), about=["送礼"], when=when, because=Texts(zh="就是现在"))
    assert ways(item, of=asked("送礼")) == ([("now", "rule", "就是现在")] if fits else [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("送礼", [("gift-wrap", "similar", "送礼")]),
        ("我想送礼给女朋友，她快过生日了", [("gift-wrap", "similar", "送礼")]),  # it has these very words
        ("Is it possible to get it as a GIFT?", [("gift-wrap", "similar", "gift")]),
        ("where is my order", []),
        ("包应该怎么保养", [("care", "similar", "怎么保养")]),
        ("有旅行箱吗", [("case", "similar", "旅行箱")]),
        ("？", []),
        ("", []),
    ],
)
def test_what_the_question_is_like(text: str, expected: Any) -> None:
    assert ways(of=asked(text)) == expected


def test_what_went_together_comes_before_what_is_alike_and_that_before_what_is_popular() -> None:
    uses = Uses.count([*[["refund", "item:case"]] * 6, *[["coupon", "item:vip"]] * 9, *[["refund"]] * 2])
    means = [("refund", "怎么退款"), ("coupon", "优惠券")]
    assert ways(of=asked("送礼，怎么退款", means=means), uses=uses) == [
        ("case", "together", "怎么退款"),
        ("gift-wrap", "similar", "送礼"),
        ("vip", "popular", "9"),
    ]


def test_what_was_used_before_in_the_conversation_counts_too_and_is_not_recommended_again() -> None:
    uses = Uses.count([*[["item:gift-wrap", "item:care"]] * 5, *[["item:vip"]] * 20])
    assert ways(of=asked("送礼", used=["item:gift-wrap"]), uses=uses) == [
        ("care", "together", "礼物包装"),
        ("vip", "popular", "20"),
    ]


@pytest.mark.parametrize(
    ("conversations", "likelier"),
    [
        ([["refund", "item:a"]], False),  # once is chance
        ([["refund", "item:a"]] * 3 + [["coupon"]] * 7, True),
        ([["refund", "item:a"]] * 3 + [["coupon", "item:a"]] * 3, False),  # everybody gets it
        ([["refund", "item:a"]] * 2 + [["refund"]] * 30 + [["coupon", "item:a"]] * 2, False),
    ],
)
def test_together_is_more_than_popular(conversations: Any, likelier: bool) -> None:
    assert (Uses.count(conversations).likelier("item:a", "refund") > 0) is likelier


def test_few_conversations_tell_less() -> None:
    rest = [["coupon"]] * 50
    few = Uses.count([["refund", "item:a"]] * 2 + rest).likelier("item:a", "refund")
    many = Uses.count([["refund", "item:a"]] * 20 + rest).likelier("item:a", "refund")
    assert 0 < few < many


def test_as_long_as_nothing_was_used_nothing_is_popular() -> None:
    assert ways(of=asked(), uses=Uses.count([["refund"], ["coupon"]])) == []
    assert ways(of=asked(), uses=Uses.count([["item:care"]])) == [("care", "popular", "1")]


def test_what_is_over_is_not_recommended() -> None:
    over = GIFT.model_copy(update={"valid_until": date(2026, 3, 1)})
    today = GIFT.model_copy(update={"valid_until": date(2026, 3, 2)})
    assert ways(over, of=asked("送礼")) == []
    assert ways(today, of=asked("送礼")) == [("gift-wrap", "similar", "送礼")]


def test_what_is_shown_is_in_the_customers_language_and_its_reason_in_the_agents() -> None:
    [gift] = Recommender(ITEMS, QUESTIONS).recommended(asked("as a gift please"), Uses(), "zh")
    assert gift == {
        "id": "item:gift-wrap",
        "kind": "action",
        "title": "Gift wrapping",
        "text": "We wrap it for free.",
        "url": "",
        "reason": "gift",
        "by": "similar",
    }
    [care] = Recommender(ITEMS, QUESTIONS).recommended(asked("怎么保养"), Uses(), "en")
    assert (care["text"], care["url"]) == ("皮具护理\nhttps://shop.test/care", "https://shop.test/care")
    [vip] = Recommender(ITEMS, QUESTIONS).recommended(asked("hello", tags=["vip"]), Uses(), "en")
    assert vip["reason"] == "She is a member"


USED = st.lists(
    st.lists(st.sampled_from(["refund", "coupon", *(f"item:{each.id}" for each in ITEMS)]), max_size=4), max_size=30
)


@given(
    st.sampled_from(["送礼", "怎么保养", "你好", "旅行箱 gift", ""]),
    USED,
    st.lists(st.sampled_from(["vip", "new"]), max_size=2),
    st.lists(st.sampled_from(["refund", "item:care", "item:vip"]), max_size=2),
)
def test_few_are_shown_each_once_in_the_order_of_their_reasons(
    text: str, used: list[list[str]], tags: list[str], before: list[str]
) -> None:
    found = ways(of=asked(text, tags=tags, used=before, means=[("refund", "怎么退款")]), uses=Uses.count(used))
    order = ("rule", "together", "similar", "popular")
    assert len(found) <= SHOWN
    assert len({name for name, _, _ in found}) == len(found)
    assert [order.index(by) for _, by, _ in found] == sorted(order.index(by) for _, by, _ in found)
    assert all(reason for _, _, reason in found)
    assert not {f"item:{name}" for name, _, _ in found} & {*before}
