"""The database handle, and the one place that commits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from psycopg import RawCursor
from sqlalchemy import BigInteger, DateTime, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, registry

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
COLUMNS: dict[Any, Any] = {
    int: BigInteger,
    str: Text,
    datetime: DateTime(timezone=True),
    dict[str, Any]: JSONB,
    list[dict[str, Any]]: JSONB,
    list[str]: JSONB,
    list[int]: JSONB,
}


class Base(DeclarativeBase):
    registry = registry(metadata=MetaData(naming_convention=NAMES), type_annotation_map=COLUMNS)


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})


@contextmanager
def transaction() -> Iterator[None]:
    """One use case, one commit. Views, tasks and commands open it; services never commit."""
    try:
        yield
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise


def now() -> datetime:
    return datetime.now(UTC)


def open_database(app: Flask, url: str) -> None:
    # an absent database is noticed at once: pushes then go to the spool
    app.config["SQLALCHEMY_DATABASE_URI"] = with_driver(url)
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        "hide_parameters": True,  # errors quote them, and they are what people wrote
        "pool_size": 10,
        "max_overflow": 20,
        "pool_timeout": 5,
        # PostgreSQL's own placeholders: psycopg would translate others anew for each number of rows
        "paramstyle": "numeric_dollar",
        "connect_args": {"connect_timeout": 2, "cursor_factory": RawCursor},
    }
    db.init_app(app)


def with_driver(url: str) -> str:
    """DATABASE_URL as hosting providers give it: postgres://…, postgresql://…"""
    scheme, separator, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if separator and scheme in ("postgres", "postgresql") else url
