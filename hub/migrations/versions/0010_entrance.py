"""Agents who come and go: a second factor, an identity provider, sessions one can tell apart."""

from __future__ import annotations

from alembic import op

from hub.migrations.columns import added, at, json, number, text

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("subject", "totp_secret"):
        op.add_column("agent", text(name, nullable=True))
    added("agent", number("totp_step"), "0")
    added("agent", json("recovery_codes"), "[]")
    for name in ("seen_at", "disabled_at"):
        op.add_column("agent", at(name, nullable=True))
    op.create_unique_constraint(op.f("uq_agent_subject"), "agent", ["subject"])
    added("access_token", text("name"), "")
    op.add_column("access_token", at("used_at", nullable=True))
    op.create_index(op.f("ix_audit_entry_agent_id"), "audit_entry", ["agent_id"])
    op.create_index(op.f("ix_audit_entry_subject"), "audit_entry", ["subject"])


def downgrade() -> None:
    op.drop_index(op.f("ix_audit_entry_subject"), "audit_entry")
    op.drop_index(op.f("ix_audit_entry_agent_id"), "audit_entry")
    for name in ("used_at", "name"):
        op.drop_column("access_token", name)
    op.drop_constraint(op.f("uq_agent_subject"), "agent")
    for name in ("disabled_at", "seen_at", "recovery_codes", "totp_step", "totp_secret", "subject"):
        op.drop_column("agent", name)
