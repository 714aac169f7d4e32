"""How large a picture is, so that its room is kept before it is loaded."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for side in ("width", "height"):
        op.add_column("attachment", sa.Column(side, sa.BigInteger()))


def downgrade() -> None:
    for side in ("width", "height"):
        op.drop_column("attachment", side)
