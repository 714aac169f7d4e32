"""What agents have written and not sent yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hub.migrations.columns import at, json, number, refers, text

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "draft",
        *(number("agent_id"), number("conversation_id"), text("mode"), text("text"), json("fields"), at("updated_at")),
        refers("draft", "agent_id", "agent"),
        refers("draft", "conversation_id", "conversation"),
        sa.PrimaryKeyConstraint("agent_id", "conversation_id", "mode", name=op.f("pk_draft")),
    )
    op.create_index(op.f("ix_draft_conversation_id"), "draft", ["conversation_id"])


def downgrade() -> None:
    op.drop_table("draft")
