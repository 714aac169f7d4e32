"""Labels, how a conversation ended, and filters that agents keep."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from hub.migrations.columns import added, at, json, number, refers, text, yes_no

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    added("conversation", sa.Column("labels", postgresql.ARRAY(sa.Text()), nullable=False), "{}")
    added("conversation", text("disposition"), "")
    op.create_index("ix_conversation_labels", "conversation", ["labels"], postgresql_using="gin")
    op.create_table(
        "saved_view",
        *(number("id"), number("agent_id"), text("name"), json("filter"), yes_no("shared"), number("position")),
        at("created_at"),
        refers("saved_view", "agent_id", "agent"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
    )
    op.create_index(op.f("ix_saved_view_agent_id"), "saved_view", ["agent_id"])


def downgrade() -> None:
    op.drop_table("saved_view")
    op.drop_index("ix_conversation_labels", "conversation")
    op.drop_column("conversation", "disposition")
    op.drop_column("conversation", "labels")
