"""Ready-made texts and macros that agents keep, and how often each uses which."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hub.migrations.columns import at, json, number, refers, text

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "canned_reply",
        *(number("id"), number("owner_id", nullable=True), text("team", nullable=True), text("title"), text("text")),
        *(json("keywords"), json("actions"), number("updated_by_id"), at("updated_at")),
        sa.CheckConstraint("(owner_id is null) <> (team is null)", name="own_or_shared"),
        refers("canned_reply", "owner_id", "agent"),
        refers("canned_reply", "updated_by_id", "agent"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canned_reply")),
    )
    op.create_index(op.f("ix_canned_reply_owner_id"), "canned_reply", ["owner_id"])
    op.create_table(
        "canned_use",
        *(number("agent_id"), text("which"), sa.Column("score", sa.Float(), nullable=False), at("at")),
        refers("canned_use", "agent_id", "agent"),
        sa.PrimaryKeyConstraint("agent_id", "which", name=op.f("pk_canned_use")),
    )


def downgrade() -> None:
    op.drop_table("canned_use")
    op.drop_table("canned_reply")
