"""Which version of bots and knowledge is in use: the newest whose files are right and whose suites pass.

Versions are kept in the database with their files, so that all processes on all hosts use the same one, and a version
that is refused changes nothing, not even after a restart.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from flask import current_app
from sqlalchemy import select

from hub import current, settings
from hub.db import db
from hub.models import BotVersion
from hub.settings import Settings

LOOK_EVERY = 2.0  # seconds
KEPT = 50


def newest(*, accepted: bool | None = None) -> BotVersion | None:
    rows = select(BotVersion).order_by(BotVersion.id.desc()).limit(1)
    return db.session.scalar(rows if accepted is None else rows.where(BotVersion.accepted.is_(accepted)))


def latest(limit: int = 10) -> list[BotVersion]:
    """Newest first."""
    return list(db.session.scalars(select(BotVersion).order_by(BotVersion.id.desc()).limit(limit)))


def note(
    files: Mapping[str, str], fingerprint: str, problems: Sequence[str], report: Mapping[str, Any], *, accepted: bool
) -> BotVersion:
    version = BotVersion(
        fingerprint=fingerprint, accepted=accepted, files=dict(files), problems=list(problems), report=dict(report)
    )
    db.session.add(version)
    db.session.flush()
    for old in db.session.scalars(select(BotVersion).order_by(BotVersion.id.desc()).offset(KEPT)):
        db.session.delete(old)
    return version


def refreshed() -> Settings:
    """The configuration with the version in use, looked up now and then."""
    looked_at = current_app.extensions.get("looked at", 0.0)
    if time.monotonic() - looked_at >= LOOK_EVERY:
        in_use = select(BotVersion.fingerprint).where(BotVersion.accepted).order_by(BotVersion.id.desc()).limit(1)
        fingerprint = db.session.scalar(in_use)
        if fingerprint and fingerprint != current.settings().version:
            version = newest(accepted=True)
            if version is not None:
                current_app.extensions["settings"] = settings.learned(current.settings(), version.files)
        current_app.extensions["looked at"] = time.monotonic()
    return current.settings()
