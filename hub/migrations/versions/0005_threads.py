"""Channels whose messages carry their own thread, and that are read by a process of their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversation", sa.Column("subject", sa.Text(), nullable=False, server_default=""))
    op.alter_column("conversation", "subject", server_default=None)
    op.create_index("ix_conversation_contact", "conversation", ["contact_id"])
    op.create_index("ix_conversation_thread", "conversation", ["thread"], postgresql_where=sa.text("thread <> ''"))
    op.create_index("ix_message_identity", "message", ["identity_id", "created_at"])
    op.add_column("delivery", sa.Column("answers_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_delivery_answers_id"), "delivery", "message", ["answers_id"], ["id"])
    op.create_table(
        "message_reference",
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_message_reference_message_id")),
        sa.PrimaryKeyConstraint("message_id", "name", name=op.f("pk_message_reference")),
    )
    op.create_index(op.f("ix_message_reference_name"), "message_reference", ["name"])
    op.create_table(
        "bookmark",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_bookmark")),
    )
    op.create_table(
        "reconciliation",
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("error_code", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_reconciliation_delivery_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliation")),
    )
    op.create_index(op.f("ix_reconciliation_delivery_id"), "reconciliation", ["delivery_id"])
    unfinished, pending = sa.text("state in ('pending', 'running')"), sa.text("state = 'pending'")
    troubled = sa.text("state not in ('done', 'cancelled')")
    op.create_index("ix_reconciliation_lane", "reconciliation", ["lane", "id"], postgresql_where=unfinished)
    op.create_index("ix_reconciliation_due", "reconciliation", ["due_at"], postgresql_where=pending)
    op.create_index("ix_reconciliation_trouble", "reconciliation", ["state", "id"], postgresql_where=troubled)


def downgrade() -> None:
    for table in ("reconciliation", "bookmark", "message_reference"):
        op.drop_table(table)
    op.drop_column("delivery", "answers_id")
    op.drop_index("ix_message_identity", "message")
    op.drop_index("ix_conversation_thread", "conversation")
    op.drop_index("ix_conversation_contact", "conversation")
    op.drop_column("conversation", "subject")
