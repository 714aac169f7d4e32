"""The calendars of config/hours.toml, by their names: whoever has business hours names one of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hub.desk.hours import Calendar
from hub.knowledge.wording import PlainId, Strict
from hub.reading import Files, valid

NAME = "hours.toml"


class HoursFile(Strict):
    hours: dict[PlainId, Calendar] = {}


def calendars(folder: Path, files: Files, problems: list[str]) -> Mapping[str, Calendar]:
    path = folder / NAME
    file = valid(HoursFile, files.get(path), path, problems)
    return file.hours if file else {}


def check_name(name: str | None, path: Path, key: str, files: Files, problems: list[str]) -> None:
    """That a file names a calendar which is described, whether or not the calendar itself is right."""
    described: Any = (files.get(path.parent / NAME) or {}).get("hours", {})
    if name is not None and isinstance(described, dict) and name not in described:
        known = ", ".join(sorted(described)) or "none"
        problems.append(f"{path}: {key}: there are no hours {name!r} in {path.parent / NAME}; known: {known}")
