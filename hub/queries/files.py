"""Attachments by their id."""

from __future__ import annotations

from hub.db import db
from hub.models import Attachment


def find(attachment_id: int) -> Attachment | None:
    return db.session.get(Attachment, attachment_id)
