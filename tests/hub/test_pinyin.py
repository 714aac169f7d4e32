"""What a few letters find."""

from __future__ import annotations

import pytest

from hub.pinyin import likeness

FOUND = [
    ("退款", "退款时效", 4),
    ("时效", "退款时效", 3),
    ("tk", "退款时效", 2),
    ("TKSX", "退款时效", 2),
    ("tuikuan", "退款时效", 2),
    ("tuik", "退款时效", 2),
    ("tkuan", "退款时效", 2),
    ("tuiku", "退款时效", 2),
    ("sx", "退款时效", 1),
    ("tk sx", "退款时效", 1),
    ("cx", "重新下单", 2),  # 重 is chong here, and zhong elsewhere
    ("zhongx", "重新下单", 2),
    ("sxl", "单小林", 2),
    ("nv", "女装", 2),
    ("vipkh", "VIP 客户", 2),
    ("refund", "Refund time", 4),
    ("time", "Refund time", 3),
    ("time refund", "Refund time", 3),
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


def test_what_is_long_is_found_in_time() -> None:
    assert likeness("s" * 100, "是" * 5_000) == 2
    assert likeness("s" * 100 + "x", "是" * 200) == 0
