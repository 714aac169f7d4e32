"""Text messages and phone calls: who wants none, calls with their legs and what is to be done to them, polls."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from hub.migrations.columns import at, job, number, refers, text, yes_no

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

LIVE = sa.text("state <> 'ended'")


def upgrade() -> None:
    op.add_column("identity", sa.Column("opted_out", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.alter_column("identity", "opted_out", server_default=None)
    job("poll", text("channel"), sa.UniqueConstraint("channel", name=op.f("uq_poll_channel")))
    op.create_table(
        "call",
        number("id"),
        sa.Column("uid", sa.Uuid(), nullable=False),
        *(text("channel"), text("direction"), number("identity_id"), number("message_id")),
        *(text("state"), text("outcome"), text("reason"), number("agent_id", nullable=True), number("silences")),
        *(yes_no("callback"), yes_no("held"), yes_no("recorded"), at("started_at")),
        *(at(name, nullable=True) for name in ("queued_at", "rung_at", "answered_at", "ended_at")),
        refers("call", "identity_id", "identity"),
        refers("call", "message_id", "message"),
        refers("call", "agent_id", "agent"),
        sa.UniqueConstraint("message_id", name=op.f("uq_call_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call")),
    )
    op.create_index("ix_call_live", "call", ["channel", "id"], postgresql_where=LIVE)
    op.create_index("ix_call_identity", "call", ["identity_id"], postgresql_where=LIVE)
    op.create_table(
        "call_leg",
        number("id"),
        sa.Column("uid", sa.Uuid(), nullable=False),
        *(number("call_id"), text("channel"), text("provider_id", nullable=True), text("party")),
        *(number("agent_id", nullable=True), text("device"), text("to"), text("purpose"), text("state")),
        *(text("doing"), number("turns"), text("outcome"), at("created_at"), at("heard_at")),
        *(at("answered_at", nullable=True), at("ended_at", nullable=True)),
        refers("call_leg", "call_id", "call"),
        refers("call_leg", "agent_id", "agent"),
        sa.UniqueConstraint("channel", "provider_id", name=op.f("uq_call_leg_channel_provider_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_call_leg_uid")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_leg")),
    )
    op.create_index(op.f("ix_call_leg_call_id"), "call_leg", ["call_id"])
    op.create_index(op.f("ix_call_leg_agent_id"), "call_leg", ["agent_id"])
    op.create_table(
        "call_script",
        *(number("leg_id"), text("turn"), sa.Column("script", postgresql.JSONB(), nullable=False), at("created_at")),
        refers("call_script", "leg_id", "call_leg"),
        sa.PrimaryKeyConstraint("leg_id", "turn", name=op.f("pk_call_script")),
    )
    job(
        "call_action",
        *(number("call_id"), number("leg_id", nullable=True), text("action"), text("ref")),
        refers("call_action", "call_id", "call"),
        refers("call_action", "leg_id", "call_leg"),
    )
    op.create_index(op.f("ix_call_action_call_id"), "call_action", ["call_id"])
    op.create_table(
        "phone_duty",
        *(number("agent_id"), text("device"), at("seen_at")),
        refers("phone_duty", "agent_id", "agent"),
        sa.PrimaryKeyConstraint("agent_id", name=op.f("pk_phone_duty")),
    )


def downgrade() -> None:
    for table in ("phone_duty", "call_action", "call_script", "call_leg", "call", "poll"):
        op.drop_table(table)
    op.drop_column("identity", "opted_out")
