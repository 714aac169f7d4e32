"""What agents note of customers, what they call them, and whom they block."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contact", sa.Column("attributes", JSONB(), nullable=False, server_default="{}"))
    op.add_column("contact", sa.Column("named", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("contact", sa.Column("blocked_at", sa.DateTime(timezone=True)))
    for column in ("attributes", "named"):
        op.alter_column("contact", column, server_default=None)


def downgrade() -> None:
    for column in ("attributes", "named", "blocked_at"):
        op.drop_column("contact", column)
