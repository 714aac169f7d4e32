"""Voice messages that are written down."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "transcription",
        sa.Column("attachment_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("error_code", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["attachment_id"], ["attachment.id"], name=op.f("fk_transcription_attachment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transcription")),
    )
    op.create_index(op.f("ix_transcription_attachment_id"), "transcription", ["attachment_id"])
    unfinished, pending = sa.text("state in ('pending', 'running')"), sa.text("state = 'pending'")
    troubled = sa.text("state not in ('done', 'cancelled')")
    op.create_index("ix_transcription_lane", "transcription", ["lane", "id"], postgresql_where=unfinished)
    op.create_index("ix_transcription_due", "transcription", ["due_at"], postgresql_where=pending)
    op.create_index("ix_transcription_trouble", "transcription", ["state", "id"], postgresql_where=troubled)


def downgrade() -> None:
    op.drop_table("transcription")
