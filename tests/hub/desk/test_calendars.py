"""Hours by their names, and what is wrong in their file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hub.settings import ConfigError, load
from tests.stage import CONFIG


@pytest.fixture
def folder(tmp_path: Path, environment: object) -> Path:
    return Path(shutil.copytree(CONFIG, tmp_path / "config"))


def test_hours_have_names(folder: Path) -> None:
    (folder / "hours.toml").write_text('[hours.office]\nopen = ["mon-fri 09:00-18:00"]\n')
    assert list(load(folder).hours) == ["office"]


def test_without_the_file_there_are_none(folder: Path) -> None:
    (folder / "hours.toml").unlink(missing_ok=True)
    assert load(folder).hours == {}


def test_every_mistake_is_named(folder: Path) -> None:
    (folder / "hours.toml").write_text('[hours.office]\nopen = ["mon 18:00-09:00"]\nclosed = ["soon"]\n[hour]\n')
    with pytest.raises(ConfigError) as error:
        load(folder)
    assert error.value.problems == [
        f"{folder}/hours.toml: hours.office.open.0: must end on the day on which it begins, and later",
        f'{folder}/hours.toml: hours.office.closed.0: write a day as "2027-01-01", or days as "2027-02-15..2027-02-23"',
        f"{folder}/hours.toml: hour: unknown key",
    ]
