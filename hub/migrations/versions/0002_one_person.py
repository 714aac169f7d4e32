"""One person: what providers tell of a contact, merges that can be undone, profiles to fetch."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contact", sa.Column("language", sa.Text(), nullable=False, server_default=""))
    op.add_column("contact", sa.Column("facts", postgresql.JSONB(), nullable=False, server_default="{}"))
    op.alter_column("contact", "language", server_default=None)
    op.alter_column("contact", "facts", server_default=None)
    op.create_table(
        "merge",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("kept_id", sa.BigInteger(), nullable=False),
        sa.Column("other_id", sa.BigInteger(), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("moved", postgresql.JSONB(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_merge_agent_id")),
        sa.ForeignKeyConstraint(["kept_id"], ["contact.id"], name=op.f("fk_merge_kept_id")),
        sa.ForeignKeyConstraint(["other_id"], ["contact.id"], name=op.f("fk_merge_other_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merge")),
    )
    op.create_index(op.f("ix_merge_kept_id"), "merge", ["kept_id"])
    op.create_index(op.f("ix_merge_other_id"), "merge", ["other_id"])
    op.create_table(
        "profile_fetch",
        sa.Column("identity_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("error_code", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_profile_fetch_identity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_profile_fetch")),
    )
    op.create_index(op.f("ix_profile_fetch_identity_id"), "profile_fetch", ["identity_id"])
    _job_indexes("profile_fetch")


def downgrade() -> None:
    op.drop_table("profile_fetch")
    op.drop_table("merge")
    op.drop_column("contact", "facts")
    op.drop_column("contact", "language")


def _job_indexes(table: str) -> None:
    pending, unfinished = "state = 'pending'", "state in ('pending', 'running')"
    troubled = "state not in ('done', 'cancelled')"
    op.create_index(f"ix_{table}_lane", table, ["lane", "id"], postgresql_where=sa.text(unfinished))
    op.create_index(f"ix_{table}_due", table, ["due_at"], postgresql_where=sa.text(pending))
    op.create_index(f"ix_{table}_trouble", table, ["state", "id"], postgresql_where=sa.text(troubled))
