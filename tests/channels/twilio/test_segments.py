"""How many messages of the telephone network a text takes, and where it is cut."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies

from channels.twilio.segments import Segments, cut, segments


@pytest.mark.parametrize(
    ("text", "encoding", "count", "units"),
    [
        ("", "GSM-7", 1, 0),
        ("a" * 160, "GSM-7", 1, 160),
        ("a" * 161, "GSM-7", 2, 161),
        ("a" * 306, "GSM-7", 2, 306),
        ("a" * 307, "GSM-7", 3, 307),
        ("€" * 80, "GSM-7", 1, 160),
        ("€" * 81, "GSM-7", 2, 162),
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 3, 306),  # the escape and its character stay together
        ("驿" * 70, "UCS-2", 1, 70),
        ("驿" * 71, "UCS-2", 2, 71),
        ("驿" * 134, "UCS-2", 2, 134),
        ("驿" * 135, "UCS-2", 3, 135),
        ("👍" * 35, "UCS-2", 1, 70),
        ("👍" * 36, "UCS-2", 2, 72),
        ("a" * 66 + "👍" + "a" * 66, "UCS-2", 3, 134),  # and so do the halves of a pair
        ("it’s", "UCS-2", 1, 4),
        ("`", "UCS-2", 1, 1),
        ("ç", "UCS-2", 1, 1),
        ("Ç", "GSM-7", 1, 1),
    ],
)
def test_segments(text: str, encoding: str, count: int, units: int) -> None:
    assert segments(text) == Segments(encoding, count, units)  # type: ignore[arg-type]


@given(strategies.text(alphabet="a€驿👍\n", max_size=700), strategies.integers(1, 5))
def test_what_is_cut_off_fits_and_one_more_would_not(text: str, most: int) -> None:
    length = cut(text, most)
    head = text[:length]
    assert segments(head).count <= most
    if length < len(text):
        assert length > 0
        assert segments(text).count > most
