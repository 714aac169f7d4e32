"""What a few letters find."""

from __future__ import annotations

import pytest

from hub.pinyin import likeness, spellings

FOUND = [
    ("退款", "退款时效", 6),
    ("时效", "退款时效", 5),
    ("tk", "退款时效", 4),
    ("TKSX", "退款时效", 4),
    ("tuikuan", "退款时效", 4),
    ("tuik", "退款时效", 4),
    ("tkuan", "退款时效", 4),
    ("tuiku", "退款时效", 4),
    ("sx", "退款时效", 3),
    ("tk sx", "退款时效", 3),
    ("cx", "重新下单", 2),  # 重 is chong here, and zhong elsewhere
    ("zhongx", "重新下单", 4),
    ("xd", "重新下单", 3),
    ("xs", "退款时效", 1),  # 款 is rarely xin
    ("sxl", "单小林", 2),
    ("nv", "女装", 4),
    ("vipkh", "VIP 客户", 4),
    ("refund", "Refund time", 6),
    ("time", "Refund time", 5),
    ("time refund", "Refund time", 5),
    ("", "退款", 1),
    ("!?", "退款", 1),
]
NOT_FOUND = [
    ("kt", "退款时效"),
    ("ts", "退款时效"),
    ("uik", "退款时效"),
    ("rt", "Refund time"),
    ("退钱", "退款时效"),
    ("tk zz", "退款时效"),
    ("tk", ""),
]


@pytest.mark.parametrize(("typed", "text", "how_well"), FOUND)
def test_found(typed: str, text: str, how_well: int) -> None:
    assert likeness(typed, text) == how_well


@pytest.mark.parametrize(("typed", "text"), NOT_FOUND)
def test_not_found(typed: str, text: str) -> None:
    assert likeness(typed, text) == 0


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        ("退款", ["tuikuan", "tk"]),
        ("重新下单", ["zhongxinxiadan", "zxxd"]),
        ("VIP 客户", ["vipkehu", "vipkh"]),
        ("Refund", []),
        ("", []),
    ],
)
def test_spellings(text: str, spelt: list[str]) -> None:
    assert spellings(text) == spelt


def test_what_is_long_is_found_in_time() -> None:
    assert likeness("s" * 100, "是" * 5_000) == 4
    assert likeness("s" * 100 + "x", "是" * 200) == 0
    assert likeness("en" * 50 + "x", "嗯" * 200) == 0  # en, n and ng: many ways to read it
