"""The queue is read in the order in which it is handed out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

NAME = "ix_conversation_queue"


def upgrade() -> None:
    _replace("(-priority)")


def downgrade() -> None:
    _replace("priority DESC")


def _replace(first: str) -> None:
    op.drop_index(NAME, "conversation")
    waiting = sa.text("status = 'waiting'")
    op.create_index(NAME, "conversation", [sa.text(first), "waiting_since", "id"], postgresql_where=waiting)
