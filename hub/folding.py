"""One writing for what is the same to a reader: of one width and case, and traditional Chinese as simplified."""

from __future__ import annotations

import unicodedata
from functools import cache


def folded(text: str) -> str:
    """Its length may differ: ㎏ becomes kg."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).translate(simplified()).casefold())


@cache
def simplified() -> dict[int, str]:
    """Character by character: words that only a dictionary tells apart (乾, 后) are the same to both texts anyway."""
    from opencc import OpenCC

    traditional = [chr(code) for code in range(0x3400, 0xA000)]
    simple = OpenCC("t2s").convert("\n".join(traditional)).split("\n")
    return {ord(was): now for was, now in zip(traditional, simple, strict=True) if was != now}
