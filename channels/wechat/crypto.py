"""WeChat's sealed messages: who signed them, and what is inside."""

from __future__ import annotations

import base64
import hmac
import os
from dataclasses import dataclass
from hashlib import sha1

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

SALT = 16  # random bytes in front of every message
HEAD = SALT + 4  # … and its length
PAD = 32  # WeChat pads to 32, although AES needs only 16


class CryptoError(Exception):
    """A sealed message that does not open; `code` says where it failed and never what was inside."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Sealed:
    ciphertext: str
    signature: str


def signature(*parts: str) -> str:
    return sha1("".join(sorted(parts)).encode("utf-8", "surrogatepass")).hexdigest()


def is_signed(given: str, token: str, timestamp: str, nonce: str, *sealed: str) -> bool:
    """An empty token would let anyone sign; empty parts are never sent by WeChat."""
    if not (given.isascii() and token and timestamp and nonce):
        return False
    return hmac.compare_digest(signature(token, timestamp, nonce, *sealed), given)


class Envelope:
    """Opens and seals the messages of one account."""

    def __init__(self, token: str, aes_key: str, app_id: str):
        key = base64.b64decode(aes_key + "=")
        self._token = token
        self._app_id = app_id.encode()
        self._cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16]))

    def open(self, timestamp: str, nonce: str, given: str, ciphertext: str) -> str:
        if not is_signed(given, self._token, timestamp, nonce, ciphertext):
            raise CryptoError("bad_signature")
        return self.decrypt(ciphertext)

    def decrypt(self, ciphertext: str) -> str:
        """Only after the signature was checked: a stranger must not learn how the padding failed."""
        message = self._unwrap(self._plain(ciphertext))
        try:
            return message.decode()
        except UnicodeDecodeError:
            pass
        raise CryptoError("bad_encoding")

    def seal(self, text: str, timestamp: str, nonce: str, salt: bytes | None = None) -> Sealed:
        message = text.encode()
        full = (salt or os.urandom(SALT)) + len(message).to_bytes(4, "big") + message + self._app_id
        padding = PAD - len(full) % PAD
        encryptor = self._cipher.encryptor()
        raw = encryptor.update(full + bytes([padding]) * padding) + encryptor.finalize()
        ciphertext = base64.b64encode(raw).decode()
        return Sealed(ciphertext, signature(self._token, timestamp, nonce, ciphertext))

    def _plain(self, ciphertext: str) -> bytes:
        try:
            raw = base64.b64decode(ciphertext, validate=True)
        except ValueError:
            raise CryptoError("bad_base64") from None
        if not raw or len(raw) % 16:
            raise CryptoError("bad_ciphertext_length")
        decryptor = self._cipher.decryptor()
        full = decryptor.update(raw) + decryptor.finalize()
        padding = full[-1]
        if not 1 <= padding <= PAD or full[-padding:] != bytes([padding]) * padding:
            raise CryptoError("bad_padding")
        return full[:-padding]

    def _unwrap(self, full: bytes) -> bytes:
        end = HEAD + int.from_bytes(full[SALT:HEAD], "big")
        if len(full) < HEAD or end > len(full):
            raise CryptoError("bad_length")
        if not hmac.compare_digest(full[end:], self._app_id):
            raise CryptoError("bad_appid")
        return full[HEAD:end]
