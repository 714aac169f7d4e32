"""What config/sla.toml may say, and how it is told what is wrong in it."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from hub.desk.sla import Policy
from hub.settings import ConfigError, load
from tests.stage import CONFIG

WRONG = """
[[policy]]
name = "a"
first_answer = "5m"
hours = "night"
teams = ["sales", "nobody"]
channels = ["fax"]

[[policy]]
name = "a"
resolution = "8h"
priorities = ["high"]
"""
ONE_OF = "Input should be 'low', 'normal', 'high' or 'urgent'"


@pytest.fixture
def folder(tmp_path: Path, environment: object) -> Path:
    folder = Path(shutil.copytree(CONFIG, tmp_path / "config"))
    (folder / "hours.toml").write_text('[hours.office]\nopen = ["mon-fri 09:00-18:00"]\n')
    return folder


def problems(folder: Path, text: str) -> list[str]:
    (folder / "sla.toml").write_text(text)
    with pytest.raises(ConfigError) as error:
        load(folder)
    return [problem.removeprefix(f"{folder}/sla.toml: ") for problem in error.value.problems]


def test_policies_are_read_in_their_order(folder: Path) -> None:
    (folder / "sla.toml").write_text(
        '[[policy]]\nname = "vip"\ntags = ["vip"]\nfirst_answer = "3m"\nwarn_before = "1m"\nhours = "office"\n'
        '[[policy]]\nname = "all"\nresolution = "1d"\n'
    )
    vip, everybody = load(folder).sla
    assert (vip.name, vip.tags, vip.first_answer, vip.hours) == ("vip", ("vip",), timedelta(minutes=3), "office")
    assert everybody == Policy(name="all", resolution=timedelta(days=1))


def test_without_the_file_nothing_is_promised(folder: Path) -> None:
    assert load(folder).sla == ()


def test_names_must_exist(folder: Path) -> None:
    assert [problem.partition(";")[0] for problem in problems(folder, WRONG)] == [
        f"policy.0.hours: there are no hours 'night' in {folder}/hours.toml",
        "policy.0.teams: there is no 'nobody'",
        "policy.0.channels: there is no 'fax'",
        "policy.1.name: there is a policy 'a' already",
    ]


@pytest.mark.parametrize(
    ("terms", "problem"),
    [
        ("", "policy.0: promises nothing: give one of first_answer, next_answer, resolution"),
        ('first_answer = "5"', 'policy.0.first_answer: write a duration as "30s", "10m", "48h" or "1d"'),
        ('first_answer = "0m"', "policy.0.first_answer: must be longer than zero"),
        ('first_answer = "5m"\nwarn_before = "5m"', "policy.0: warn_before must be shorter than what is promised"),
        ('first_answer = "5m"\npriorities = ["top"]', f"policy.0.priorities.0: {ONE_OF}"),
        ('first_answer = "5m"\nteam = "sales"', "policy.0.team: unknown key"),
    ],
)  # fmt: skip
def test_every_mistake_is_named(folder: Path, terms: str, problem: str) -> None:
    assert problems(folder, f'[[policy]]\nname = "a"\n{terms}\n') == [problem]
