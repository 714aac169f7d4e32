"""Bots that remember and learn: what they know of a conversation, their versions, suggestions, ratings, proposals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from hub.migrations.columns import added, at, job, json, number, refers, text, yes_no

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    added("contact", json("tags"), "[]")
    added("conversation", json("bot_state"), "{}")
    added("conversation", number("bot_revision"), "0")
    added("bot_turn", json("steps"), "[]")
    for name in ("choice", "reason", "version"):
        added("bot_turn", text(name), "")
    for name in ("first_id", "rated_by_id"):
        op.add_column("bot_turn", number(name, nullable=True))
    for name in ("rating", "meant"):
        op.add_column("bot_turn", text(name, nullable=True))
    for column, other in (("first_id", "message"), ("rated_by_id", "agent")):
        op.create_foreign_key(op.f(f"fk_bot_turn_{column}"), "bot_turn", other, [column], ["id"])
    op.create_index(op.f("ix_bot_turn_answer_id"), "bot_turn", ["answer_id"])
    op.create_index("ix_bot_turn_outcome", "bot_turn", ["outcome", "created_at"])
    op.create_table(
        "bot_version",
        *(number("id"), text("fingerprint"), yes_no("accepted"), json("files"), json("problems"), json("report")),
        at("created_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bot_version")),
    )
    op.create_index(op.f("ix_bot_version_fingerprint"), "bot_version", ["fingerprint"])
    job(
        "suggestion",
        *(number("conversation_id"), number("message_id"), json("answers"), json("recommendations")),
        *(text("used", nullable=True), yes_no("edited"), number("used_by_id", nullable=True)),
        refers("suggestion", "conversation_id", "conversation"),
        refers("suggestion", "message_id", "message"),
        refers("suggestion", "used_by_id", "agent"),
    )
    op.create_index(op.f("ix_suggestion_conversation_id"), "suggestion", ["conversation_id"])
    op.create_table(
        "question_cluster",
        *(number("id"), text("bot"), number("size"), number("before"), _ids("examples"), _ids("messages")),
        *(json("nearest"), text("state"), at("created_at")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question_cluster")),
    )
    op.create_table(
        "proposal",
        *(number("id"), text("entry"), _ids("messages"), json("questions"), text("state")),
        *(number("cluster_id", nullable=True), number("agent_id"), at("created_at"), at("decided_at", nullable=True)),
        refers("proposal", "agent_id", "agent"),
        refers("proposal", "cluster_id", "question_cluster"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal")),
    )


def downgrade() -> None:
    for table in ("proposal", "question_cluster", "suggestion", "bot_version"):
        op.drop_table(table)
    op.drop_index("ix_bot_turn_outcome", "bot_turn")
    op.drop_index(op.f("ix_bot_turn_answer_id"), "bot_turn")
    for name in ("meant", "rated_by_id", "rating", "first_id", "version", "reason", "choice", "steps"):
        op.drop_column("bot_turn", name)
    op.drop_column("conversation", "bot_revision")
    op.drop_column("conversation", "bot_state")
    op.drop_column("contact", "tags")


def _ids(name: str) -> sa.Column[list[int]]:
    return sa.Column(name, postgresql.ARRAY(sa.BigInteger()), nullable=False)
