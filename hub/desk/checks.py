"""What files of how people work have in common to be checked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path


def check_names(path: Path, key: str, named: Sequence[str], known: Collection[str], problems: list[str]) -> None:
    for name in named:
        if name not in known:
            problems.append(f"{path}: {key}: there is no {name!r}; known: {', '.join(sorted(known)) or 'none'}")
