"""Customers are asked how it was, and what they said."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hub.migrations.columns import at, job, json, number, refers, text

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversation", json("csat", nullable=True))
    job(
        "survey",
        *(number("conversation_id"), number("agent_id"), text("channel"), text("way"), text("scale")),
        *(text("token_sha256", nullable=True), number("message_id", nullable=True), number("score", nullable=True)),
        *(text("comment"), at("asked_at", nullable=True), at("answered_at", nullable=True)),
        refers("survey", "conversation_id", "conversation"),
        refers("survey", "agent_id", "agent"),
        refers("survey", "message_id", "message"),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_survey_token_sha256")),
    )
    op.create_index(op.f("ix_survey_agent_id"), "survey", ["agent_id"])
    op.create_index("ix_survey_asked", "survey", ["conversation_id", "asked_at"])


def downgrade() -> None:
    op.drop_table("survey")
    op.drop_column("conversation", "csat")
