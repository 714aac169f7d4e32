"""Who is there, what a conversation wants of whoever is given it, and how long its customer waits for them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hub.migrations.columns import added, at, json, number, refers, small, text

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

MOMENTS = ("passed_over_until", "owed_since", "reminded_at", "told_at")


def upgrade() -> None:
    op.create_table(
        "agent_presence",
        *(number("agent_id"), text("chosen"), at("seen_at"), at("active_at"), text("status")),
        at("given_at", nullable=True),
        refers("agent_presence", "agent_id", "agent"),
        sa.PrimaryKeyConstraint("agent_id", name=op.f("pk_agent_presence")),
    )
    added("conversation", json("needs"), "{}")
    op.add_column("conversation", number("passed_over_id", nullable=True))
    op.create_foreign_key(op.f("fk_conversation_passed_over_id"), "conversation", "agent", ["passed_over_id"], ["id"])
    for name in MOMENTS:
        op.add_column("conversation", at(name, nullable=True))
    op.add_column("conversation", small("told_position", nullable=True))
    op.create_index(
        "ix_conversation_owed",
        "conversation",
        ["owed_since"],
        postgresql_where=sa.text("status = 'open' AND owed_since IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_conversation_owed", "conversation")
    for name in ("told_position", *MOMENTS, "passed_over_id", "needs"):
        op.drop_column("conversation", name)
    op.drop_table("agent_presence")
