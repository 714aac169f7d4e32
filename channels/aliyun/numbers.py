"""Phone numbers: Aliyun writes those of the mainland without +86, we write them as E.164."""

from __future__ import annotations

import re
from unicodedata import normalize

MAINLAND = re.compile(r"(?:\+86|0086|86)?(1[3-9][0-9]{9})")
ELSEWHERE = re.compile(r"(?:\+|00)?([1-9][0-9]{6,14})")
PUNCTUATION = re.compile(r"[\s().\-]")


def mainland(written: str) -> str:
    """The eleven digits of a mobile number of the mainland, as people write it; ValueError if it is none."""
    if match := MAINLAND.fullmatch(_bare(written)):
        return match[1]
    raise ValueError("not a mobile number of mainland China: 138 0013 8000, with or without +86")


def e164(told: str) -> str:
    """A number as Aliyun tells it: "13800138000" and "8613800138000" are "+8613800138000"; else ValueError.

    Elsewhere in the world it begins with the country, "85261234567".
    """
    bare = _bare(told)
    if match := MAINLAND.fullmatch(bare):
        return f"+86{match[1]}"
    if match := ELSEWHERE.fullmatch(bare):
        return f"+{match[1]}"
    raise ValueError("not a phone number")


def _bare(written: str) -> str:
    return PUNCTUATION.sub("", normalize("NFKC", written))
