"""What ops wrote in config/, with the place of each line: for people who want to know why."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from hub import current
from hub.knowledge import library

HEADER = re.compile(r"\[+\s*([^\]]+?)\s*\]+")
USER = re.compile(r"(?<=://)[^/@\s]+@")


class Entry(BaseModel):
    key: str
    value: str  # a secret is the name of where it lies
    line: int


class Section(BaseModel):
    file: str
    section: str  # "" before the first header
    line: int
    entries: list[Entry]


def sections() -> list[Section]:
    """Of every file but those of the knowledge, which has a page of its own; new files come by themselves."""
    folder = current.settings().folder
    knowledge = set(library.files_of(folder))
    files = sorted({*folder.glob("*.toml"), *folder.glob("*/*.toml")} - knowledge)
    return [section for path in files for section in _sections(path, path.relative_to(folder.parent).as_posix())]


def lines_by_id(file: str, table: str) -> dict[str, int]:
    """Where each [[table]] of a file begins."""
    return {
        entry.value: section.line
        for section in sections()
        if (section.file, section.section) == (file, table)
        for entry in section.entries
        if entry.key == "id"
    }


def _sections(path: Path, name: str) -> Iterator[Section]:
    section = Section(file=name, section="", line=1, entries=[])
    for line, text in _statements(path):
        if header := HEADER.match(text):
            if section.entries or section.section:
                yield section
            section = Section(file=name, section=header[1], line=line, entries=[])
        else:
            section.entries += [Entry(key=key, value=value, line=line) for key, value in _flat(tomllib.loads(text))]
    if section.entries or section.section:
        yield section


def _statements(path: Path) -> Iterator[tuple[int, str]]:
    """Each with its line: what TOML reads as a whole, however many lines it takes."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):  # `yizhan check` says so; the hub runs on what it read at its start
        return
    begun: list[str] = []
    for number, line in enumerate(lines, 1):
        begun.append(line)
        text = "\n".join(begun).strip()
        try:
            tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            continue  # a list, or a text, that goes on
        if text and not text.startswith("#"):
            yield number - len(begun) + 1, text
        begun = []


def _flat(data: dict[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for key, value in data.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", USER.sub("…@", _text(value))


def _text(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=_written)


def _written(value: date | time | datetime) -> str:
    return value.isoformat()
