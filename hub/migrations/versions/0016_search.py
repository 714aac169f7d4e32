"""What search finds rows by: written for the rows there are bit by bit, see services.indexing. Indexes of the lists."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TABLES = ("message", "contact", "identity")
LISTS = (
    ("ix_conversation_unresolved", ["last_activity_at", "id"], "status <> 'resolved'"),
    ("ix_conversation_waiting", ["waiting_since", "id"], "status = 'waiting'"),
)


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("words", postgresql.TSVECTOR(), nullable=True))
        op.create_index(
            f"ix_{table}_words",
            table,
            ["words"],
            postgresql_using="gin",
            postgresql_with={"gin_pending_list_limit": 512},
            postgresql_where=sa.text("words IS NOT NULL"),
        )
        op.create_index(f"ix_{table}_unread", table, ["id"], postgresql_where=sa.text("words IS NULL"))
    for name, columns, which in LISTS:
        op.create_index(name, "conversation", columns, postgresql_where=sa.text(which))


def downgrade() -> None:
    for name, _, _ in LISTS:
        op.drop_index(name, "conversation")
    for table in TABLES:
        op.drop_column(table, "words")
