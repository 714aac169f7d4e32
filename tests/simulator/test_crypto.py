"""The simulator's crypto agrees with every vector."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simulator import crypto

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "wechat.json").read_text(encoding="utf-8")
)["vectors"]


def vectors(*kinds: str, result: str = "ok") -> pytest.MarkDecorator:
    chosen = [v for v in VECTORS if v["kind"] in kinds and v["expected"]["result"] == result]
    assert chosen
    return pytest.mark.parametrize("vector", chosen, ids=[vector["id"] for vector in chosen])


def opened(vector: dict[str, Any]) -> str:
    return crypto.open_envelope(
        vector["token"],
        vector["encoding_aes_key"],
        vector["appid"],
        timestamp=vector["timestamp"],
        nonce=vector["nonce"],
        msg_signature=vector["msg_signature"],
        encrypted=vector["ciphertext"],
    )


@vectors("url_verify", "plain_push", "encrypted_push")
def test_signs_the_query(vector: dict[str, Any]) -> None:
    assert crypto.signature(vector["token"], vector["timestamp"], vector["nonce"]) == vector["signature"]
    crypto.check_signature(vector["signature"], vector["token"], vector["timestamp"], vector["nonce"])


@vectors("encrypted_push", "encrypted_reply")
def test_opens_what_it_must(vector: dict[str, Any]) -> None:
    assert opened(vector) == vector["expected"]["plaintext"]


@vectors("encrypted_push", "encrypted_reply")
def test_produces_the_same_ciphertext_and_signature(vector: dict[str, Any]) -> None:
    prefix = vector["random16"].encode()
    encrypted = crypto.encrypt(vector["encoding_aes_key"], vector["appid"], vector["plaintext"], prefix)
    assert encrypted == vector["ciphertext"]
    signed = crypto.signature(vector["token"], vector["timestamp"], vector["nonce"], encrypted)
    assert signed == vector["msg_signature"]


@vectors("encrypted_push", "encrypted_reply", result="error")
def test_refuses_by_name(vector: dict[str, Any]) -> None:
    with pytest.raises(crypto.CryptoError) as refused:
        opened(vector)
    assert refused.value.code == vector["expected"]["error"]


def test_every_kind_of_vector_is_used() -> None:
    assert {v["kind"] for v in VECTORS} == {"url_verify", "plain_push", "encrypted_push", "encrypted_reply"}


def test_an_empty_token_signs_nothing() -> None:
    with pytest.raises(crypto.CryptoError):
        crypto.check_signature(crypto.signature("", "1", "2"), "", "1", "2")
