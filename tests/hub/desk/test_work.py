"""config/work.toml: what it says, and what is wrong in it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.desk.work import WorkFile, work

FOLDER = Path("config")
SOLVED = {"id": "solved", "zh": "已解决", "en": "Solved"}


def read(written: dict[str, Any]) -> tuple[WorkFile, list[str]]:
    problems: list[str] = []
    return work(FOLDER, {FOLDER / "work.toml": written}, problems), problems


def test_without_the_file_nothing_is_asked_and_nothing_reopened() -> None:
    problems: list[str] = []
    file = work(FOLDER, {}, problems)
    assert (file.labels, file.dispositions, file.resolving.disposition_required, problems) == ([], [], False, [])
    assert file.resolving.reopen_within == timedelta(0)


def test_what_it_says() -> None:
    file, problems = read(
        {
            "resolving": {"disposition_required": True, "reopen_within": "3d"},
            "dispositions": [SOLVED],
            "labels": [{"id": "refund", "zh": "退款", "en": "Refund", "color": "amber"}],
        }
    )
    assert problems == []
    assert file.resolving.reopen_within == timedelta(days=3)
    assert [(label.id, label.color) for label in file.labels] == [("refund", "amber")]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"speed": 1}, "speed: unknown key"),
    ({"labels": [{"id": "Re fund", "zh": "退款", "en": "Refund"}]}, "labels.0.id: use small letters"),
    ({"labels": [{"id": "refund", "zh": "", "en": "Refund"}]}, "labels.0.zh: needs at least one letter or digit"),
    ({"labels": [{"id": "refund", "zh": "退款", "en": "Refund", "color": "pink"}]}, "labels.0.color: "),
    ({"dispositions": [SOLVED, SOLVED]}, "dispositions: these ids stand there twice: solved"),
    ({"resolving": {"reopen_within": "soon"}}, "resolving.reopen_within: write a duration"),
    ({"resolving": {"disposition_required": True}}, "resolving.disposition_required: list at least one"),
]


@pytest.mark.parametrize(("written", "problem"), WRONG, ids=[problem for _, problem in WRONG])
def test_what_is_wrong_in_it(written: dict[str, Any], problem: str) -> None:
    _, [told] = read(written)
    assert told.startswith(f"config/work.toml: {problem}")
