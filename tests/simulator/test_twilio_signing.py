"""Twilio's signature against what an independent implementation computed, and segments against known counts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simulator.twilio.segments import segments
from simulator.twilio.signing import sign

VECTORS = [
    vector
    for vector in json.loads((Path(__file__).parents[1] / "vectors/twilio.json").read_text())["vectors"]
    if vector["kind"] == "form" and vector["algorithm"] == "HMAC_SHA1" and vector["params"] is not None
]
# where the address was signed with another port than the receiver sees
SIGNED_AS = {
    "F03": "http://mycompany.com:80/myapp.php?foo=1&bar=2",
    "F05": "https://mycompany.com/myapp.php?foo=1&bar=2",
    "D02": "https://[2001:db8::1]/w",
}


@pytest.mark.parametrize("vector", VECTORS, ids=lambda each: each["id"])
def test_vectors(vector: dict[str, Any]) -> None:
    url = SIGNED_AS.get(vector["id"], vector["url"])
    fields = [] if vector["method"] == "GET" else [(name, value) for name, value in vector["params"]]
    assert (sign(vector["token"], url, fields) == vector["signature"]) is vector["expect"]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 152, 3),  # an escape is not cut from its character
        ("好" * 70, 1),
        ("好" * 71, 2),
        ("好" * 134, 2),
        ("好" * 135, 3),
        ("a" * 70 + "’", 2),
        ("😀" * 35, 1),
        ("😀" * 66, 2),
        ("😀" * 67, 3),  # nor half a character from the other
    ],
)
def test_segments(text: str, count: int) -> None:
    assert segments(text) == count
