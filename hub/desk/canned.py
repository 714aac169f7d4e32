"""Ready-made texts that agents put into their answers, and macros: several actions at one key (config/canned)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, model_validator

from channels.settings import Duration
from hub.desk.gaps import unknown_gaps
from hub.knowledge.wording import PlainId, Strict, Texts, Words
from hub.reading import Files, lines_of, valid


def _in_one_language(written: Any) -> Any:
    return {"zh": written} if isinstance(written, str) else written


def with_known_gaps(text: str) -> str:
    if unknown := unknown_gaps(text):
        raise ValueError(f"there is no {', '.join(f'{{{name}}}' for name in unknown)}: see the list in docs/inbox.md")
    return text


def _with_known_gaps(texts: Texts) -> Texts:
    with_known_gaps(f"{texts.zh}\n{texts.en or ''}")
    return texts


def _is_duration(written: str) -> str:
    TypeAdapter(Duration).validate_python(written)
    return written


Title = Annotated[Texts, BeforeValidator(_in_one_language)]
Said = Annotated[Title, AfterValidator(_with_known_gaps)]


class Action(Strict):
    """One step of a macro: a table with one key."""

    reply: Said | None = None
    note: Said | None = None
    team: Words | None = None  # hand over to
    assign: str | None = None  # "me", "nobody", or a colleague's e-mail address
    snooze: Annotated[str, AfterValidator(_is_duration)] | None = None
    resolve: bool | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if len(self.model_fields_set) != 1 or self.resolve is False:
            raise ValueError(f"write exactly one of {', '.join(type(self).model_fields)} in each action")
        return self

    @property
    def name(self) -> str:
        [name] = self.model_fields_set
        return name


class Ready(Strict):
    title: Title
    keywords: list[Words] = []  # also found by these
    team: str | None = None  # for it alone; left out: everyone


class Reply(Ready):
    text: Said


class Macro(Ready):
    actions: list[Action] = Field(min_length=1, max_length=12)


class ListedReply(Reply):
    id: PlainId


class ListedMacro(Macro):
    id: PlainId


class CannedFile(Strict):
    reply: list[ListedReply] = []
    macro: list[ListedMacro] = []


@dataclass(frozen=True, slots=True)
class Listed:
    """One of a file, and where it stands."""

    said: ListedReply | ListedMacro
    file: str  # as people know it: config/canned/…
    line: int


Canned = Mapping[str, Listed]


def put_together(folder: Path, files: Files, texts: Mapping[Path, str | None], problems: list[str]) -> Canned:
    """All of config/canned, by their ids. Every team that is named must exist."""
    teams = (files.get(folder / "hub.toml") or {}).get("teams", {})
    known = {"everyone", *(teams if isinstance(teams, dict) else ())}
    found: dict[str, Listed] = {}
    for path in sorted(path for path in files if path.parent == folder / "canned"):
        file = valid(CannedFile, files[path], path, problems)
        if file is None:
            continue
        text = texts[path] or ""
        listed: list[ListedReply | ListedMacro] = [*file.reply, *file.macro]
        for each, line in zip(listed, lines_of(text, "reply") + lines_of(text, "macro"), strict=False):
            place = f"{path}: {each.id}"
            if each.id in found:
                problems.append(f"{place}.id: is already in {found[each.id].file}")
            problems += [f"{place}.{key}: there is no team {team!r}" for key, team in _teams(each) if team not in known]
            found.setdefault(each.id, Listed(each, path.relative_to(folder.parent).as_posix(), line))
    return found


def _teams(listed: ListedReply | ListedMacro) -> list[tuple[str, str]]:
    actions = listed.actions if isinstance(listed, ListedMacro) else []
    named = [("team", listed.team), *((f"actions.{at}.team", each.team) for at, each in enumerate(actions))]
    return [(key, team) for key, team in named if team]
