"""The bytes of attachments: files named after their sha256, so that the same picture is kept once."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile

from sqlalchemy import event
from sqlalchemy.orm import Session

from hub import current
from hub.db import db

log = logging.getLogger(__name__)


def keep(content: bytes) -> str:
    """Write the bytes for good, and return the name to find them by."""
    name = name_of(content)
    path = path_of(name)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.rename(file.name, path)
    return name


def name_of(content: bytes) -> str:
    return sha256(content).hexdigest()


def remove(digests: Iterable[str]) -> None:
    """After the commit: until then somebody may still want them."""
    db.session.info.setdefault("unwanted files", set()).update(digests)


@event.listens_for(db.session, "after_commit")
def _remove(session: Session) -> None:
    for digest in session.info.pop("unwanted files", ()):
        try:
            path_of(digest).unlink(missing_ok=True)
        except OSError as error:
            log.error("the file %s cannot be removed: %s", digest, type(error).__name__)


@event.listens_for(db.session, "after_rollback")
def _keep(session: Session) -> None:
    session.info.pop("unwanted files", None)


def read(digest: str) -> bytes:
    """LookupError where it is gone."""
    return read_in(folder(), digest)


def read_in(store: Path, digest: str) -> bytes:
    try:
        return path_in(store, digest).read_bytes()
    except OSError:
        raise LookupError(digest) from None


def size_of(digest: str) -> int:
    """0 where it is gone."""
    try:
        return path_of(digest).stat().st_size
    except OSError:
        return 0


def path_of(digest: str) -> Path:
    return path_in(folder(), digest)


def path_in(store: Path, digest: str) -> Path:
    return store / digest[:2] / digest


def folder() -> Path:
    return under(current.data())


def under(data: Path) -> Path:
    return data / "files"
