"""Whether customers are asked how it was, and how. config/survey.toml."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from channels.contract import Duration
from hub.desk.checks import check_names
from hub.knowledge.wording import Strict, Texts
from hub.reading import Files, valid

NAME = "survey.toml"
Names = Annotated[tuple[str, ...], BeforeValidator(tuple)]
Scale = Literal["stars", "good_bad"]
SCORES: dict[Scale, tuple[int, ...]] = {"stars": (5, 4, 3, 2, 1), "good_bad": (1, 0)}  # the best first

QUESTION = Texts(zh="这次服务您还满意吗？", en="How did we do?")
THANKS = Texts(zh="谢谢您的评价！", en="Thank you for telling us!")


class Survey(Strict):
    teams: Names = ()  # none: all
    channels: Names = ()
    after: Duration = timedelta(minutes=1)  # it was resolved
    not_again_within: Duration = timedelta(days=30)
    scale: Scale = "stars"
    low: int = Field(default=2, ge=0, le=4)  # supervisors are told of this and less
    comment: bool = True
    digits_within: Duration = timedelta(hours=12)  # a digit that comes later is no answer
    question: Texts = QUESTION
    thanks: Texts = THANKS

    @model_validator(mode="after")
    def _not_all_low(self) -> Self:
        if self.low >= max(SCORES[self.scale]):
            raise ValueError("low: the best score would be low as well")
        return self

    def is_for(self, team: str, channel: str) -> bool:
        return (not self.teams or team in self.teams) and (not self.channels or channel in self.channels)


def survey(
    folder: Path, files: Files, teams: Collection[str], channels: Collection[str], problems: list[str]
) -> Survey | None:
    """None: nobody is asked."""
    path = folder / NAME
    file = valid(Survey, files.get(path), path, problems)
    if file:
        check_names(path, "teams", file.teams, teams, problems)
        check_names(path, "channels", file.channels, channels, problems)
    return file
