"""A word for one browser: who carries it cannot read it (RFC 8291), and knows that it is from us (RFC 8292)."""

from __future__ import annotations

import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey

from hub.keys import key

CURVE = ec.SECP256R1()
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of its points
SIGNED_FOR = 12 * 3600  # seconds; services accept a day
KEPT_FOR = 4 * 3600  # seconds, by the service, while the phone is off


@dataclass(frozen=True, slots=True)
class Browser:
    endpoint: str
    p256dh: str
    auth: str


@dataclass(frozen=True, slots=True)
class Sealed:
    url: str = field(repr=False)  # whoever knows it may push
    body: bytes = field(repr=False)
    headers: dict[str, str] = field(repr=False)


def public_key(folder: Path) -> str:
    """By which browsers know us again."""
    return _word(_point(_own_key(folder)))


def seal(folder: Path, us: str, browser: Browser, words: bytes, topic: str) -> Sealed:
    """`us`: whom a push service may write to. Of one `topic`, the service keeps the newest word."""
    parts = urlsplit(browser.endpoint)
    own = _own_key(folder)
    claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": int(time.time()) + SIGNED_FOR, "sub": f"mailto:{us}"}
    pem = own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    token = jwt.encode({"typ": "JWT", "alg": "ES256"}, claims, ECKey.import_key(pem))
    body = http_ece.encrypt(
        words,
        private_key=ec.generate_private_key(CURVE),
        dh=_bytes(browser.p256dh),
        auth_secret=_bytes(browser.auth),
        version="aes128gcm",
    )
    headers = {
        "Authorization": f"vapid t={token}, k={_word(_point(own))}",
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(KEPT_FOR),
        "Urgency": "high",
        "Topic": topic,
    }
    return Sealed(browser.endpoint, body, headers)


def is_key(p256dh: str) -> bool:
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(CURVE, _bytes(p256dh))
    except ValueError:
        return False
    return True


def is_secret(auth: str) -> bool:
    try:
        return len(_bytes(auth)) == 16
    except ValueError:
        return False


def _own_key(folder: Path) -> ec.EllipticCurvePrivateKey:
    """Of the data directory, as all processes share it: another key would end every subscription."""
    number = int.from_bytes(key(folder / "push.key"))
    return ec.derive_private_key(number % (ORDER - 1) + 1, CURVE)


def _point(own: ec.EllipticCurvePrivateKey) -> bytes:
    return own.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _word(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(word: str) -> bytes:
    return urlsafe_b64decode(word + "=" * (-len(word) % 4))
