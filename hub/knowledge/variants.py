"""More ways to ask the same, written into a file of config/faq as a person would: all else stays as it is."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

import tomlkit
from tomlkit.items import Array

from hub.knowledge.wording import normalise

LONGEST = 500  # characters of a question: what is longer tells a story
INDENT = "    "
FIRST_ON_ITS_LINE = re.compile(r"\n([ \t]+)[\"']")


class CannotEdit(Exception):
    """The file is written in a way that we would damage."""


def file_of(entry: str, files: Mapping[str, str]) -> str | None:
    """The name of the file in config/ that holds it."""
    for name in sorted(files):
        if name.startswith("faq/") and any(each.get("id") == entry for each in _entries(tomllib.loads(files[name]))):
            return name
    return None


def with_questions(text: str, entry: str, questions: Sequence[str]) -> str:
    """The file with those of them that its entry does not know yet. May raise CannotEdit."""
    wanted = tomllib.loads(text)
    [asked] = [each["questions"] for each in _entries(wanted) if each.get("id") == entry]
    known = {normalise(each) for each in asked}
    new = [each for each in questions if normalise(each) not in known]
    if not new:
        return text
    asked.extend(new)
    document = tomlkit.parse(text)
    for each in _entries(document):
        if each.get("id") == entry:
            _add(each["questions"], new)
    edited = tomlkit.dumps(document)
    if _loaded(edited) != wanted:
        raise CannotEdit
    return edited


def diff(name: str, before: str, after: str) -> str:
    """As `patch -p1` reads it."""
    lines = difflib.unified_diff(_lines(before), _lines(after), f"a/{name}", f"b/{name}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _entries(document: Mapping[str, Any]) -> list[Any]:
    found = document.get("entry", [])
    return found if isinstance(found, list) else []


def _add(asked: Array, new: Sequence[str]) -> None:
    written = asked.as_string()
    if "\n" not in written:
        asked.extend(new)
        return
    indents = FIRST_ON_ITS_LINE.findall(written)
    for each in new:
        asked.add_line(each, indent=indents[-1] if indents else INDENT)


def _loaded(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _lines(text: str) -> list[str]:
    """At \\n only: what else separates lines may stand in a question."""
    lines = [f"{line}\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]
