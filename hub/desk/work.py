"""config/work.toml: the words in which work is organised, and when a conversation that ended goes on."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, computed_field

from channels.settings import Duration
from hub.knowledge.wording import PlainId, Strict, Words
from hub.pinyin import spellings
from hub.reading import Files, valid

NAME = "work.toml"
Color = Literal["grey", "green", "blue", "amber", "red", "violet"]


class Disposition(Strict):
    id: PlainId
    zh: Words
    en: Words

    @computed_field  # type: ignore[prop-decorator]
    @property
    def pinyin(self) -> list[str]:
        return spellings(self.zh)


class Label(Disposition):
    color: Color = "grey"


def _told_apart(listed: list[Disposition]) -> list[Disposition]:
    ids = [each.id for each in listed]
    if twice := {each for each in ids if ids.count(each) > 1}:
        raise ValueError(f"these ids stand there twice: {', '.join(sorted(twice))}")
    return listed


class Resolving(Strict):
    disposition_required: bool = False
    reopen_within: Duration = timedelta(0)  # chats; mail goes by its thread


class WorkFile(Strict):
    resolving: Resolving = Resolving()
    dispositions: Annotated[list[Disposition], AfterValidator(_told_apart)] = []
    labels: Annotated[list[Label], AfterValidator(_told_apart)] = []


def work(folder: Path, files: Files, problems: list[str]) -> WorkFile:
    path = folder / NAME
    file = valid(WorkFile, files.get(path), path, problems) or WorkFile()
    if file.resolving.disposition_required and not file.dispositions:
        problems.append(f"{path}: resolving.disposition_required: list at least one of [[dispositions]]")
    return file
