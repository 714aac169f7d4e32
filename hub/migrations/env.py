"""What Alembic runs for every command."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, text

from hub import models
from hub.db import Base, with_driver

ONE_AT_A_TIME = 7_163_201  # an advisory lock of our own

assert models
engine = create_engine(with_driver(context.config.attributes["database_url"]))
with engine.connect() as connection:
    connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": ONE_AT_A_TIME})
    connection.commit()
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
engine.dispose()
