"""The rules of the house: who may import whom, and tables that are as the models say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect

from hub import models
from hub.db import Base
from hub.migrations.run import upgrade
from tests.conftest import fresh_database
from tests.stage import at_once

REPOSITORY = Path(__file__).parents[1]


def test_imports_run_one_way() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--config", "setup.cfg", "--no-cache"]
    checked = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


def test_only_channels_ask_for_a_kind_of_channel() -> None:
    sources = [path for folder in ("hub", "workers") for path in (REPOSITORY / folder).rglob("*.py")]
    naming = [path for path in sources if "wechat" in path.read_text().lower() and "DEMO" not in path.read_text()]
    said = {
        path.relative_to(REPOSITORY).as_posix(): [line for line in code(path) if "wechat" in line.lower()]
        for path in naming
    }
    assert {path: lines for path, lines in said.items() if lines} == {}


def code(path: Path) -> list[str]:
    """Without comments and docstrings: those may tell stories."""
    import ast

    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body[0] = ast.Pass()
    return ast.unparse(tree).splitlines()


def test_the_migrations_lead_to_the_models(database_url: str) -> None:
    assert models.__all__
    engine = create_engine(database_url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    engine.dispose()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_an_empty_database_is_brought_up_by_whoever_is_first(postgres_url: str) -> None:
    with fresh_database(postgres_url) as url:
        script = f"from hub.migrations.run import upgrade; upgrade({url!r})"
        run = lambda: subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True)  # noqa: E731
        assert [ended.returncode for ended in at_once(run, run)] == [0, 0]
        upgrade(url)
        engine = create_engine(url)
        assert {*Base.metadata.tables} <= {*inspect(engine).get_table_names()}
        engine.dispose()
