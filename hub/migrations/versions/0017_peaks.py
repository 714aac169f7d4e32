"""How loud a recording is, from its beginning to its end."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attachment", sa.Column("peaks", JSONB()))


def downgrade() -> None:
    op.drop_column("attachment", "peaks")
