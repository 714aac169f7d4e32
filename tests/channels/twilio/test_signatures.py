"""Whether Twilio signed a request: what an independent implementation computed, and what strangers send."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from channels.twilio.signatures import Algorithm, is_signed, signature

VECTORS = json.loads((Path(__file__).parents[2] / "vectors/twilio.json").read_text())["vectors"]
ALGORITHMS: dict[str, Algorithm] = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}
URL = "https://hub.example.com/hooks/sms"
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("vector", VECTORS, ids=lambda each: each["id"])
def test_vectors(vector: dict[str, Any]) -> None:
    body = vector["raw_body"] or ""
    accepted = is_signed(
        vector["url"],
        body.encode(),
        vector["content_type"] or "",
        vector["signature"] or "",
        [vector["token"]],
        method=vector["method"],
        algorithm=ALGORITHMS[vector["algorithm"]],
    )
    assert accepted is vector["expect"]


def test_either_of_two_tokens_is_good_while_one_replaces_the_other() -> None:
    given = signature("new", URL, [("Body", "hi")])
    assert is_signed(URL, b"Body=hi", FORM, given, ["old", "new"])
    assert not is_signed(URL, b"Body=hi", FORM, given, ["old"])


@pytest.mark.parametrize("given", ["", "é", "A" * 28, "\x00", " "])
@pytest.mark.parametrize("body", [b"", b"Body=hi", b"\xff\xfe", b"a=1&" * 1000])
def test_what_nobody_signed_is_refused_without_an_error(given: str, body: bytes) -> None:
    assert not is_signed(URL, body, FORM, given, ["token"])


def test_a_changed_body_or_address_is_refused() -> None:
    given = signature("token", URL, [("Body", "hi"), ("From", "+8613800138000")])
    assert is_signed(URL, b"From=%2B8613800138000&Body=hi", FORM, given, ["token"])
    assert not is_signed(URL, b"From=%2B8613800138000&Body=ho", FORM, given, ["token"])
    assert not is_signed(f"{URL}?x=1", b"From=%2B8613800138000&Body=hi", FORM, given, ["token"])
