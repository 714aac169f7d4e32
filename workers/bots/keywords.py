"""Answers by keyword: the first rule one of whose words occurs in the question."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hub.knowledge import Knowledge, Words, normalise
from workers.bots.contract import Answer, Candidate, Engine, EngineSettings, HandOver, Say, Turn
from workers.bots.manners import READ_AT_MOST, any_of


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


class KeywordSettings(EngineSettings):
    rules: tuple[Rule, ...] = Field(min_length=1)


class Keywords(Engine):
    Settings: ClassVar[type[EngineSettings]] = KeywordSettings
    settings: KeywordSettings

    def __init__(self, settings: KeywordSettings, knowledge: Knowledge):
        super().__init__(settings, knowledge)
        self._rules = [(any_of(rule.when), rule) for rule in settings.rules]

    def answer(self, turn: Turn) -> Answer | None:
        question = normalise(turn.text[:READ_AT_MOST])
        for words_of, rule in self._rules:
            if found := words_of.search(question):
                rule_id = f"rule:{found[0]}"
                evidence = (Candidate(rule_id, found[0], 1.0),)
                if rule.hand_over:
                    return HandOver(reason="rule", text=rule.say, candidates=evidence)
                return Say(text=rule.say, candidates=evidence, choice=rule_id)
        return None
