"""Conversations that became one, or two."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hub.migrations.columns import added, at, json, number, refers, text, yes_no

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    added("conversation", yes_no("takes_chat"), "false")
    op.add_column("conversation", number("merged_into_id", nullable=True))
    op.create_foreign_key(
        op.f("fk_conversation_merged_into_id"), "conversation", "conversation", ["merged_into_id"], ["id"]
    )
    op.create_table(
        "conversation_merge",
        *(number("id"), text("kind"), number("kept_id"), number("other_id"), number("agent_id"), at("at")),
        *(json("moved"), number("last_id"), at("undone_at", nullable=True)),
        refers("conversation_merge", "kept_id", "conversation"),
        refers("conversation_merge", "other_id", "conversation"),
        refers("conversation_merge", "agent_id", "agent"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation_merge")),
    )
    for column in ("kept_id", "other_id"):
        op.create_index(op.f(f"ix_conversation_merge_{column}"), "conversation_merge", [column])


def downgrade() -> None:
    op.drop_table("conversation_merge")
    op.drop_column("conversation", "merged_into_id")
    op.drop_column("conversation", "takes_chat")
