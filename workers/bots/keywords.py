"""Answers by keyword: the first rule one of whose words occurs in the question."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hub.knowledge import Knowledge, Words, normalise
from workers.bots.asking import PERSON_WORDS, asking_for
from workers.bots.contract import Answer, Bot, BotSettings, Candidate, HandOver, Say, Turn

READ_AT_MOST = 5_000  # characters: what comes after is no question


class Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    when: list[Words] = Field(min_length=1)
    say: str = ""
    hand_over: bool = False

    @model_validator(mode="after")
    def _does_something(self) -> Rule:
        if not (self.say or self.hand_over):
            raise ValueError("needs say, hand_over = true, or both")
        return self


class KeywordSettings(BotSettings):
    rules: tuple[Rule, ...] = ()
    person_words: tuple[Words, ...] = Field(default=PERSON_WORDS, min_length=1)


class Keywords(Bot):
    Settings: ClassVar[type[BotSettings]] = KeywordSettings
    settings: KeywordSettings

    def __init__(self, settings: KeywordSettings, knowledge: Knowledge):
        super().__init__(settings, knowledge)
        self._asks_for_person = asking_for(settings.person_words)
        self._rules = [(_any_of(rule.when), rule) for rule in settings.rules]

    def answer(self, turn: Turn) -> Answer | None:
        question = normalise(turn.text[:READ_AT_MOST])
        if asked := self._asks_for_person.search(question):
            words = asked[0].strip()
            return HandOver(reason="asked_for_person", candidates=(Candidate("person", words, 1.0),))
        for words_of, rule in self._rules:
            if found := words_of.search(question):
                rule_id = f"rule:{found[0]}"
                evidence = (Candidate(rule_id, found[0], 1.0),)
                if rule.hand_over:
                    return HandOver(reason="rule", text=rule.say, candidates=evidence)
                return Say(text=rule.say, candidates=evidence, choice=rule_id)
        return None


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    """Chinese words anywhere; others as whole words, so that "hi" is not in "shipping"."""
    return re.compile("|".join(_whole(normalise(word)) for word in words))


def _whole(word: str) -> str:
    before = r"(?<![a-z0-9])" if word[0].isascii() else ""
    after = r"(?![a-z0-9])" if word[-1].isascii() else ""
    return before + re.escape(word) + after
