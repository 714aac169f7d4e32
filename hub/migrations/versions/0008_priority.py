"""How urgent a conversation is, and the queue in its order."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hub.migrations.columns import added, small

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    added("conversation", small("priority"), "1")
    op.create_index(
        "ix_conversation_queue",
        "conversation",
        [sa.text("priority DESC"), "waiting_since", "id"],
        postgresql_where=sa.text("status = 'waiting'"),
    )


def downgrade() -> None:
    op.drop_index("ix_conversation_queue", "conversation")
    op.drop_column("conversation", "priority")
