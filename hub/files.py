"""The bytes of attachments: files named after their sha256, so that the same picture is kept once."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile

from hub import current


def keep(content: bytes) -> str:
    """Write the bytes for good, and return the name to find them by."""
    digest = sha256(content).hexdigest()
    path = path_of(digest)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.rename(file.name, path)
    return digest


def path_of(digest: str) -> Path:
    return path_in(folder(), digest)


def path_in(store: Path, digest: str) -> Path:
    return store / digest[:2] / digest


def folder() -> Path:
    return current.data() / "files"
