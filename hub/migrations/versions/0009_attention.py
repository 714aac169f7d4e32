"""What agents are told, are mentioned in, and follow."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hub.migrations.columns import at, json, number, refers, text

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notification",
        *(number("id"), number("agent_id"), text("kind"), number("conversation_id"), number("message_id", True)),
        *(json("payload"), at("created_at"), at("seen_at", nullable=True)),
        refers("notification", "agent_id", "agent"),
        refers("notification", "conversation_id", "conversation"),
        refers("notification", "message_id", "message"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
    )
    op.create_index("ix_notification_agent", "notification", ["agent_id", "id"])
    op.create_index(
        "ix_notification_unseen",
        "notification",
        ["agent_id", "conversation_id"],
        postgresql_where=sa.text("seen_at IS NULL"),
    )
    op.create_index("ix_notification_conversation", "notification", ["conversation_id"])
    op.create_index("ix_notification_message", "notification", ["message_id"])
    op.create_table(
        "mention",
        *(number("message_id"), number("agent_id"), at("seen_at", nullable=True)),
        refers("mention", "message_id", "message"),
        refers("mention", "agent_id", "agent"),
        sa.PrimaryKeyConstraint("message_id", "agent_id", name=op.f("pk_mention")),
    )
    op.create_index("ix_mention_agent", "mention", ["agent_id", "message_id"])
    op.create_table(
        "follow",
        *(number("conversation_id"), number("agent_id"), at("created_at")),
        refers("follow", "conversation_id", "conversation"),
        refers("follow", "agent_id", "agent"),
        sa.PrimaryKeyConstraint("conversation_id", "agent_id", name=op.f("pk_follow")),
    )
    op.create_index("ix_follow_agent", "follow", ["agent_id", "conversation_id"])


def downgrade() -> None:
    for table in ("follow", "mention", "notification"):
        op.drop_table(table)
