"""What customers are promised: how soon somebody answers, answers again, and settles the matter. config/sla.toml."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from channels.contract import Duration
from hub.desk import calendars
from hub.desk.checks import check_names
from hub.knowledge.wording import Strict
from hub.reading import Files, valid

NAME = "sla.toml"
Target = Literal["first_answer", "next_answer", "resolution"]
TARGETS: tuple[Target, ...] = get_args(Target)
Priority = Literal["low", "normal", "high", "urgent"]
PRIORITIES: tuple[Priority, ...] = get_args(Priority)  # in the order of their numbers


def _not_zero(value: timedelta) -> timedelta:
    if not value:
        raise ValueError("must be longer than zero")
    return value


Promise = Annotated[Duration, AfterValidator(_not_zero)]
Names = Annotated[tuple[str, ...], BeforeValidator(tuple)]


class Policy(Strict):
    """For whom it is: who is in each of the lists that are not empty."""

    name: str = Field(min_length=1)
    teams: Names = ()
    channels: Names = ()
    tags: Names = ()  # of the contact; one of them is enough
    priorities: Annotated[tuple[Priority, ...], BeforeValidator(tuple)] = ()
    first_answer: Promise | None = None
    next_answer: Promise | None = None
    resolution: Promise | None = None
    hours: str | None = None  # the calendar that counts; None: always
    warn_before: Promise | None = None

    @model_validator(mode="after")
    def _promises_something(self) -> Self:
        promised = [span for target in TARGETS if (span := self.promised(target))]
        if not promised:
            raise ValueError(f"promises nothing: give one of {', '.join(TARGETS)}")
        if self.warn_before and self.warn_before >= min(promised):
            raise ValueError("warn_before must be shorter than what is promised")
        return self

    def promised(self, target: Target) -> timedelta | None:
        span: timedelta | None = getattr(self, target)
        return span

    def is_for(self, team: str, channel: str, tags: Collection[str], priority: int) -> bool:
        return (
            (not self.teams or team in self.teams)
            and (not self.channels or channel in self.channels)
            and (not self.tags or not set(self.tags).isdisjoint(tags))
            and (not self.priorities or PRIORITIES[priority] in self.priorities)
        )


class SlaFile(Strict):
    policy: Annotated[tuple[Policy, ...], BeforeValidator(tuple)] = ()


def policies(
    folder: Path, files: Files, teams: Collection[str], channels: Collection[str], problems: list[str]
) -> tuple[Policy, ...]:
    """In their order: the first that fits a conversation is its own."""
    path = folder / NAME
    file = valid(SlaFile, files.get(path), path, problems)
    if file is None:
        return ()
    names = [policy.name for policy in file.policy]
    for number, policy in enumerate(file.policy):
        key = f"policy.{number}"
        if policy.name in names[:number]:
            problems.append(f"{path}: {key}.name: there is a policy {policy.name!r} already")
        calendars.check_name(policy.hours, path, f"{key}.hours", files, problems)
        check_names(path, f"{key}.teams", policy.teams, teams, problems)
        check_names(path, f"{key}.channels", policy.channels, channels, problems)
    return file.policy
