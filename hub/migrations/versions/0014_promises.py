"""What customers are promised: since when they wait for a person's word, and the clocks that count it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hub.migrations.columns import added, at, json, number, refers, text

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("unanswered_since", "first_answered_at", "sla_due_at"):
        op.add_column("conversation", at(name, nullable=True))
    added("conversation", json("sla"), "[]")
    is_due = sa.text("sla_due_at IS NOT NULL")
    op.create_index("ix_conversation_sla", "conversation", ["sla_due_at", "id"], postgresql_where=is_due)
    op.create_table(
        "sla_clock",
        *(number("id"), number("conversation_id"), text("target"), text("policy"), at("started_at")),
        sa.Column("left", sa.Interval(), nullable=False),
        *(at(name, nullable=True) for name in ("due_at", "paused_at", "warned_at", "breached_at", "met_at")),
        *(at("ended_at", nullable=True), at("next_at", nullable=True), number("answer_id", nullable=True)),
        refers("sla_clock", "conversation_id", "conversation"),
        refers("sla_clock", "answer_id", "message"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sla_clock")),
    )
    live = sa.text("ended_at IS NULL")
    op.create_index("one_live_clock", "sla_clock", ["conversation_id", "target"], unique=True, postgresql_where=live)
    op.create_index("ix_sla_clock_conversation", "sla_clock", ["conversation_id", "id"])
    for name, column in (("next", "next_at"), ("answer", "answer_id")):
        there = sa.text(f"{column} IS NOT NULL")
        op.create_index(f"ix_sla_clock_{name}", "sla_clock", [column], postgresql_where=there)


def downgrade() -> None:
    op.drop_table("sla_clock")
    op.drop_index("ix_conversation_sla", "conversation")
    for name in ("sla", "sla_due_at", "first_answered_at", "unanswered_since"):
        op.drop_column("conversation", name)
