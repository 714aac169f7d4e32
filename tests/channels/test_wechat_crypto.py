from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, strategies

from channels.contract import WebhookRequest
from channels.errors import BadSignature, Unreadable
from channels.wechat.crypto import CryptoError, Envelope, is_signed
from tests.channels.cases import make_channel

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/wechat.json").read_text())["vectors"]
TOKEN, KEY, APP = "pushtoken2026", "Kx9mQ2vT7bN4pL8wZ3cF6hJ1rS5dG0yUaEiOqWtMnBo", "wxfedcba0987654321"


def vectors(*kinds):
    chosen = [vector for vector in VECTORS if vector["kind"] in kinds]
    return pytest.mark.parametrize("vector", chosen, ids=[vector["id"] for vector in chosen])


def envelope(vector):
    return Envelope(vector["token"], vector["encoding_aes_key"], vector["appid"])


every_kind = pytest.mark.parametrize("kind", ["wechat_miniprogram", "wechat_official"])


def account(kind, vector, monkeypatch, **changes):
    monkeypatch.setenv("TEST_TOKEN", vector["token"])
    monkeypatch.setenv("TEST_AES_KEY", vector["encoding_aes_key"])
    return make_channel(kind, app_id=vector["appid"], original_id="", **changes)


def test_every_kind_of_vector_is_used():
    assert {vector["kind"] for vector in VECTORS} == {"url_verify", "plain_push", "encrypted_push", "encrypted_reply"}


@every_kind
@vectors("url_verify")
def test_the_address_check_is_answered_byte_for_byte(kind, vector, monkeypatch):
    channel = account(kind, vector, monkeypatch)
    request = WebhookRequest(method="GET", query=vector["query"])
    channel.verify(request)
    assert channel.parse(request) == []
    assert channel.acknowledge(request).body == vector["expected"]["response_body"]


@vectors("encrypted_push")
def test_a_sealed_push_opens_or_names_its_fault(vector):
    query = vector["query"]
    parts = query["timestamp"], query["nonce"], query["msg_signature"], vector["ciphertext"] or ""
    if vector["expected"]["result"] == "ok":
        assert envelope(vector).open(*parts) == vector["expected"]["plaintext"]
    else:
        with pytest.raises(CryptoError) as failure:
            envelope(vector).open(*parts)
        assert failure.value.code == vector["expected"]["error"]


@vectors("encrypted_reply")
def test_sealing_gives_exactly_these_bytes(vector):
    salt = vector["random16"].encode()
    sealed = envelope(vector).seal(vector["plaintext"], vector["timestamp"], vector["nonce"], salt)
    assert (sealed.ciphertext, sealed.signature) == (vector["ciphertext"], vector["msg_signature"])
    body = {
        "Encrypt": sealed.ciphertext,
        "MsgSignature": sealed.signature,
        "TimeStamp": int(vector["timestamp"]),
        "Nonce": vector["nonce"],
    }
    assert json.dumps(body) == vector["body"]


@every_kind
@vectors("plain_push", "encrypted_push")
def test_a_push_becomes_an_event_or_a_clean_refusal(kind, vector, monkeypatch):
    channel = account(kind, vector, monkeypatch, mode="plaintext" if vector["kind"] == "plain_push" else "safe")
    request = WebhookRequest(query=vector["query"], body=vector["body"].encode())
    fault = vector["expected"].get("error", "")
    if fault == "bad_signature":
        with pytest.raises(BadSignature):
            channel.verify(request)
        return
    channel.verify(request)
    if fault:
        with pytest.raises(Unreadable, match=f"^{fault}$"):
            channel.parse(request)
    elif "FromUserName" in vector["expected"]["plaintext"]:
        assert len(channel.parse(request)) == 1
    else:  # sealed well, but no push inside
        with pytest.raises(Unreadable):
            channel.parse(request)


@given(strategies.text(alphabet=strategies.characters(exclude_categories=["Cs"])))
def test_what_is_sealed_opens_again(text):
    account = Envelope(TOKEN, KEY, APP)
    sealed = account.seal(text, "1", "2")
    assert account.open("1", "2", sealed.signature, sealed.ciphertext) == text
    assert len(base64.b64decode(sealed.ciphertext)) % 32 == 0


@given(strategies.binary(max_size=200))
def test_any_ciphertext_opens_or_is_a_crypto_error(raw):
    for ciphertext in (base64.b64encode(raw).decode(), raw.decode("latin-1")):
        with pytest.raises(CryptoError):
            Envelope(TOKEN, KEY, APP).decrypt(ciphertext)


def test_an_empty_token_signs_nothing():
    forged = "12"
    assert not is_signed(Envelope("", KEY, APP).seal("", "1", "2").signature, "", "1", "2", forged)


def test_sixteen_byte_padding_is_accepted():
    key = base64.b64decode(KEY + "=")
    full = b"0123456789abcdef" + (2).to_bytes(4, "big") + b"hi" + APP.encode()
    padding = 16 - len(full) % 16
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    raw = encryptor.update(full + bytes([padding]) * padding) + encryptor.finalize()
    assert Envelope(TOKEN, KEY, APP).decrypt(base64.b64encode(raw).decode()) == "hi"
