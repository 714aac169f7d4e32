"""What an agent chose to be told about."""

from __future__ import annotations

from pydantic import BaseModel

from hub import current, web_push
from hub.db import db
from hub.models import NotificationChoice
from hub.models.pushing import ABOUT


class NotificationChoices(BaseModel):
    about: dict[str, bool]
    show_content: bool
    quiet_from: str | None
    quiet_to: str | None
    public_key: str  # by which a browser subscribes


def choices(agent_id: int) -> NotificationChoices:
    row = db.session.get(NotificationChoice, agent_id)
    return NotificationChoices(
        about={**ABOUT, **(row.about if row else {})},
        show_content=bool(row and row.show_content),
        quiet_from=row.quiet_from if row else None,
        quiet_to=row.quiet_to if row else None,
        public_key=web_push.public_key(current.data()),
    )
