"""Questions with their answers (config/faq), and articles (config/articles)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from hub.knowledge.wording import Language, PlainId, Strict, Texts, Words, language_of

# what an answer may look like where it is read: with links and menus, as a bare text, aloud
Format = Literal["rich", "plain", "spoken"]
WebAddress = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$")]


class Validity(Strict):
    """From one day to another, both included, in the hub's time zone."""

    valid_from: date | None = None
    valid_until: date | None = None

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Self:
        if self.valid_from and self.valid_until and self.valid_until < self.valid_from:
            raise ValueError("valid_until is before valid_from")
        return self

    def is_valid(self, on: date) -> bool:
        return (self.valid_from or on) <= on <= (self.valid_until or on)


class Answer(Texts):
    """Said as it stands, unless the format or the channel has its own."""

    plain: Texts | None = None
    spoken: Texts | None = None
    channels: dict[str, Texts] = {}

    def on(self, channel: str, form: Format, language: Language) -> str:
        of_format = {"plain": self.plain, "spoken": self.spoken}.get(form)
        return (self.channels.get(channel) or of_format or self).in_(language)


class Entry(Validity):
    """One thing customers ask, in all the ways they ask it; the first question is the one people are shown."""

    id: PlainId
    questions: list[Words] = Field(min_length=1)
    answer: Answer
    tags: list[Words] = []
    follow_ups: list[PlainId] = Field(default=[], max_length=3)  # entries offered after the answer
    article: PlainId | None = None  # with more about it

    @property
    def is_small_talk(self) -> bool:
        """Thanks, and the like: it may be wanted again and again, and nobody is asked whether they meant it."""
        return "smalltalk" in self.tags

    def asked_in(self, language: Language) -> str:
        """How the question is put to a customer."""
        return next((each for each in self.questions if language_of(each) == language), self.questions[0])


class FaqFile(Strict):
    entry: list[Entry] = []


class FrontMatter(Validity):
    """What stands between the +++ lines at the top of an article."""

    title: Words
    questions: list[Words] = []  # that it answers
    url: WebAddress | None = None  # where customers can read it
    summary: Texts | None = None  # what the bot says of it
    tags: list[Words] = []


class Article(FrontMatter):
    id: PlainId  # the name of its file
    body: str  # Markdown
