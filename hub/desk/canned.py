"""Ready-made texts that agents put into their answers, and macros: several actions at one key (config/canned)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, model_validator

from channels.settings import Duration
from hub.desk import work
from hub.desk.gaps import unknown_gaps
from hub.desk.sla import Priority
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


def _is_span(written: str) -> str:
    if written != UNTIL_THEY_WRITE:
        TypeAdapter(Duration).validate_python(written)
    return written


UNTIL_THEY_WRITE = "message"

Title = Annotated[Texts, BeforeValidator(_in_one_language)]
Said = Annotated[Title, AfterValidator(_with_known_gaps)]


class Action(Strict):
    """One step of a macro: a table with one key."""

    reply: Said | None = None
    note: Said | None = None
    label: Words | None = None
    priority: Priority | None = None
    team: Words | None = None  # hand over to
    assign: str | None = None  # "me", "nobody", or a colleague's e-mail address
    snooze: Annotated[str, AfterValidator(_is_span)] | None = None
    resolve: bool | str | None = None  # how it ended, or just true

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


Known = Mapping[str, Collection[str]]  # team, label, disposition: those that are described


def put_together(folder: Path, files: Files, texts: Mapping[Path, str | None], problems: list[str]) -> Canned:
    """All of config/canned, by their ids. What they name must exist."""
    known = _described(folder, files)
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
            problems += [f"{place}.{key}: {reason}" for key, reason in unknown_names(each, known)]
            found.setdefault(each.id, Listed(each, path.relative_to(folder.parent).as_posix(), line))
    return found


def unknown_names(said: Reply | Macro, known: Known) -> Iterator[tuple[str, str]]:
    """The key of each name that stands for nothing, and why."""
    for key, sort, name in _names(said):
        if name not in known[sort]:
            yield key, f"there is no {sort} {name!r}"


def _names(said: Reply | Macro) -> Iterator[tuple[str, str, str]]:
    if said.team:
        yield "team", "team", said.team
    for number, action in enumerate(said.actions if isinstance(said, Macro) else ()):
        named = {"team": action.team, "label": action.label, "disposition": action.resolve}
        for sort, name in named.items():
            if isinstance(name, str):
                yield f"actions.{number}.{action.name}", sort, name


def _described(folder: Path, files: Files) -> Known:
    """As the files say it, whether or not the rest of them is right."""
    teams = (files.get(folder / "hub.toml") or {}).get("teams", {})
    organised = files.get(folder / work.NAME) or {}
    return {
        "team": {"everyone", *(teams if isinstance(teams, dict) else ())},
        "label": _ids(organised.get("labels")),
        "disposition": _ids(organised.get("dispositions")),
    }


def _ids(listed: Any) -> set[str]:
    return {str(each.get("id")) for each in listed if isinstance(each, dict)} if isinstance(listed, list) else set()
