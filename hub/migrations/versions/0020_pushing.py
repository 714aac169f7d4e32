"""Agents are reached while their inbox is closed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hub.migrations.columns import at, job, json, number, refers, text, yes_no

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notification_choice",
        *(number("agent_id"), json("about"), yes_no("show_content")),
        *(text("quiet_from", nullable=True), text("quiet_to", nullable=True)),
        sa.PrimaryKeyConstraint("agent_id", name=op.f("pk_notification_choice")),
        refers("notification_choice", "agent_id", "agent"),
    )
    op.create_table(
        "push_subscription",
        *(number("id"), number("agent_id"), number("token_id"), text("endpoint")),
        *(text("p256dh"), text("auth"), text("language"), at("created_at")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_subscription")),
        sa.UniqueConstraint("endpoint", name=op.f("uq_push_subscription_endpoint")),
        refers("push_subscription", "agent_id", "agent"),
        _ends_with("push_subscription", "token_id", "access_token"),
    )
    for column in ("agent_id", "token_id"):
        op.create_index(op.f(f"ix_push_subscription_{column}"), "push_subscription", [column])
    job(
        "push",
        *(number("subscription_id"), text("about"), number("conversation_id")),
        *(number("message_id", nullable=True), number("notification_id", nullable=True)),
        _ends_with("push", "subscription_id", "push_subscription"),
        refers("push", "conversation_id", "conversation"),
        refers("push", "message_id", "message"),
        refers("push", "notification_id", "notification"),
    )
    op.create_index("ix_push_conversation", "push", ["conversation_id"])
    op.create_index(op.f("ix_push_subscription_id"), "push", ["subscription_id"])


def downgrade() -> None:
    for table in ("push", "push_subscription", "notification_choice"):
        op.drop_table(table)


def _ends_with(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete="CASCADE")
