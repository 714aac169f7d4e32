"""config/routing.toml: what it may say, and that all of its mistakes are named at once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hub.settings import DEMO_ENVIRONMENT, ConfigError, load
from tests.stage import CONFIG

TEAMS = "known: everyone, returns, sales"
PROBLEMS = [
    ('[teams.marketing]\nstrategy = "least_busy"', [f"teams.marketing: there is no team 'marketing'; {TEAMS}"]),
    (
        '[teams.sales]\nstrategy = "random"',
        ["teams.sales.strategy: Input should be 'least_busy', 'round_robin' or 'last_agent_first'"],
    ),
    (
        '[teams.sales]\nhours = "night"',
        ["teams.sales.hours: there are no hours 'night' in {folder}/hours.toml; known: none"],
    ),
    (
        '[teams.sales]\noverflow = [{ team = "sales", after = "1m" }, { team = "x", after = "2m" }]',
        [
            "teams.sales.overflow.0.team: is this team itself",
            f"teams.sales.overflow.1.team: there is no team 'x'; {TEAMS}",
        ],
    ),
    (
        '[teams.sales]\noverflow = [{ team = "returns", after = "2m" }, { team = "everyone", after = "1m" }]',
        ["teams.sales: the second team of `overflow` helps later than the first"],
    ),
    (
        '[skills]\n"anna" = { english = 9 }',
        [
            "skills.anna.[key]: must be an e-mail address",
            "skills.anna.english: Input should be less than or equal to 5",
        ],
    ),
    (
        '[skills]\n"anna@example.com" = { english = 1 }\n[[needs]]\nskill = "english"\nlevel = 2\nwords = ["hello"]',
        ["needs.0.skill: nobody in [skills] has 'english' at level 2"],
    ),
    ('[[priorities]]\npriority = "high"', ["priorities.0: name at least one of channels, tags, words"]),
    (
        '[[priorities]]\npriority = "soon"\nchannels = ["fax"]',
        [
            "priorities.0.channels.0: there is no channel 'fax'; known: {channels}",
            "priorities.0.priority: Input should be 'low', 'normal', 'high' or 'urgent'",
        ],
    ),
    (
        "[capacity]\nchat = 0\n[capacity.channels]\nfax = 1",
        [
            "capacity.channels.fax: there is no channel 'fax'; known: {channels}",
            "capacity.chat: Input should be greater than or equal to 1",
        ],
    ),
    (
        '[silence]\nreturn_after = "5m"',
        ["silence: nobody loses a conversation without a reminder: set remind_after too"],
    ),
    ('[presence]\naway_after = "0s"', ["presence.away_after: must be at least 1s"]),
    ("[routes]", ["routes: unknown key"]),
]


@pytest.fixture
def folder(tmp_path: Path, environment: object) -> Path:
    return Path(shutil.copytree(CONFIG, tmp_path / "config"))


@pytest.mark.parametrize(("text", "problems"), PROBLEMS)
def test_every_mistake_is_named(folder: Path, text: str, problems: list[str]) -> None:
    (folder / "routing.toml").write_text(text)
    with pytest.raises(ConfigError) as error:
        load(folder)
    channels = ", ".join(sorted(path.stem for path in (folder / "channels").glob("*.toml")))
    assert error.value.problems == [
        f"{folder}/routing.toml: {problem.format(folder=folder, channels=channels)}"
        if "{" in problem
        else f"{folder}/routing.toml: {problem}"
        for problem in problems
    ]


def test_without_the_file_agents_pick_themselves(folder: Path) -> None:
    assert load(folder).routing is None


def test_the_sample_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in DEMO_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    rules = load(Path("config"), demo=True).routing
    assert rules is not None
    assert rules.assigning == frozenset()  # until ops say so
