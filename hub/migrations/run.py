"""Alembic without its ini file: the address comes from the environment, the steps from this folder."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

FOLDER = Path(__file__).parent


def configuration(database_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["database_url"] = database_url
    return config


def upgrade(database_url: str) -> None:
    """To the newest step. Of several processes that try at once, one does it and the others wait."""
    command.upgrade(configuration(database_url), "head")


def new_step(database_url: str, what: str) -> None:
    """Write the step that leads from the tables to the models; read it before you commit it."""
    command.revision(configuration(database_url), what, autogenerate=True)
