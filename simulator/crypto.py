"""WeChat's signatures and message envelope, written here a second time so that hub and simulator share no mistake."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
from functools import lru_cache

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

PAD_TO = 32  # WeChat pads to twice the AES block
PREFIX = 16  # random bytes before the length
LENGTH = 4


class CryptoError(Exception):
    """`code` names the first check that failed."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


def signature(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode())


def check_signature(given: str, token: str, *parts: str) -> None:
    if not (token and all(parts[:2]) and same(signature(token, *parts), given)):
        raise CryptoError("bad_signature")


@lru_cache(maxsize=256)
def aes_key(encoding_aes_key: str) -> bytes:
    if not re.fullmatch(r"[A-Za-z0-9]{43}", encoding_aes_key):
        raise CryptoError("bad_aes_key")
    return base64.b64decode(encoding_aes_key + "=")


def _cipher(encoding_aes_key: str) -> Cipher[modes.CBC]:
    key = aes_key(encoding_aes_key)
    return Cipher(algorithms.AES(key), modes.CBC(key[:16]))


def encrypt(encoding_aes_key: str, app_id: str, text: str, prefix: bytes | None = None) -> str:
    message = text.encode()
    full = (prefix or os.urandom(PREFIX)) + len(message).to_bytes(LENGTH, "big") + message + app_id.encode()
    pad = PAD_TO - len(full) % PAD_TO
    encryptor = _cipher(encoding_aes_key).encryptor()
    return base64.b64encode(encryptor.update(full + bytes([pad]) * pad) + encryptor.finalize()).decode()


def decrypt(encoding_aes_key: str, app_id: str, encrypted: str) -> str:
    try:
        raw = base64.b64decode(encrypted, validate=True)
    except ValueError as error:
        raise CryptoError("bad_base64") from error
    if not raw or len(raw) % 16:
        raise CryptoError("bad_ciphertext_length")
    decryptor = _cipher(encoding_aes_key).decryptor()
    full = _unpad(decryptor.update(raw) + decryptor.finalize())
    start = PREFIX + LENGTH
    end = start + int.from_bytes(full[PREFIX:start], "big")
    if len(full) < start or end > len(full):
        raise CryptoError("bad_length")
    if not hmac.compare_digest(full[end:], app_id.encode()):
        raise CryptoError("bad_appid")
    try:
        return full[start:end].decode()
    except UnicodeDecodeError as error:
        raise CryptoError("bad_encoding") from error


def _unpad(padded: bytes) -> bytes:
    pad = padded[-1]
    if not 1 <= pad <= PAD_TO or padded[-pad:] != bytes([pad]) * pad:
        raise CryptoError("bad_padding")
    return padded[:-pad]


def open_envelope(
    token: str, encoding_aes_key: str, app_id: str, *, timestamp: str, nonce: str, msg_signature: str, encrypted: str
) -> str:
    check_signature(msg_signature, token, timestamp, nonce, encrypted)
    return decrypt(encoding_aes_key, app_id, encrypted)
