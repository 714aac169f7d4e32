"""Columns as all migrations write them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

UNFINISHED, PENDING = sa.text("state in ('pending', 'running')"), sa.text("state = 'pending'")
TROUBLED = sa.text("state not in ('done', 'cancelled')")


def text(name: str, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def number(name: str, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def at(name: str, nullable: bool = False) -> sa.Column[sa.DateTime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)  # type: ignore[arg-type]


def small(name: str, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.SmallInteger(), nullable=nullable)


def yes_no(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"))


def job(table: str, *parts: sa.schema.SchemaItem) -> None:
    op.create_table(
        table,
        *parts,
        number("id"),
        text("lane"),
        text("state"),
        at("due_at"),
        at("claimed_at", nullable=True),
        number("attempts"),
        text("error"),
        text("error_code"),
        at("created_at"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    op.create_index(f"ix_{table}_lane", table, ["lane", "id"], postgresql_where=UNFINISHED)
    op.create_index(f"ix_{table}_due", table, ["due_at"], postgresql_where=PENDING)
    op.create_index(f"ix_{table}_trouble", table, ["state", "id"], postgresql_where=TROUBLED)


def json(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, postgresql.JSONB(), nullable=nullable)


def added(table: str, column: sa.Column[Any], default: str) -> None:
    """To a table that has rows already."""
    column.server_default = sa.DefaultClause(default)
    op.add_column(table, column)
    op.alter_column(table, column.name, server_default=None)
