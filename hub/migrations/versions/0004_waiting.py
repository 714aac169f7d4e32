"""Replies that wait for the customer, and notifications they agreed to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "consent",
        sa.Column("identity_id", sa.BigInteger(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("left", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_consent_identity_id")),
        sa.PrimaryKeyConstraint("identity_id", "template", name=op.f("pk_consent")),
    )
    waiting = sa.text("state = 'waiting'")
    op.create_index("ix_delivery_waiting", "delivery", ["identity_id", "id"], postgresql_where=waiting)


def downgrade() -> None:
    op.drop_index("ix_delivery_waiting", "delivery")
    op.drop_table("consent")
