"""Files that a provider fetches from us: each has a web address of its own, which nobody can guess and which ends."""

from __future__ import annotations

from pathlib import Path

from itsdangerous import BadData, URLSafeTimedSerializer

from channels.contract import File
from hub import files
from hub.keys import key

LIVES = 24 * 3600  # seconds
PATH = "/files"


def publish(public_url: str, store: Path, file: File) -> str:
    """The file's address. It is in the store by now: whatever is sent was uploaded first."""
    token = _serializer(store).dumps([files.name_of(file.content), file.mime, file.name])
    return f"{public_url}{PATH}/{token}"


def published(store: Path, token: str) -> tuple[Path, str, str]:
    """Where the file lies, its type and its name; LookupError where nobody gave out this address, or too long ago."""
    try:
        digest, mime, name = _serializer(store).loads(token, max_age=LIVES)
    except BadData:
        raise LookupError(token) from None
    path = files.path_in(store, digest)
    if not path.exists():
        raise LookupError(token)
    return path, mime, name


def _serializer(store: Path) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(signing_key(store), salt="published file")


def signing_key(store: Path) -> bytes:
    """Kept beside the files: whoever can read it has the files anyway."""
    return key(store / "publishing.key")
