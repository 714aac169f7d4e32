"""Answers from what the shop knows: entries, articles, and dialogues that ask and look something up."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from rapidfuzz import fuzz, process

from hub.knowledge import Flow, Format, Knowledge, Language, language_of, normalise
from workers.bots import wording
from workers.bots.contract import Answer, Candidate, Engine, EngineSettings, Later, Pass, Say, Turn
from workers.bots.deciding import Decision, decide
from workers.bots.flows import ask_again, begin, go_on, resumed, under_way
from workers.bots.outside.encoders import EncoderSettings
from workers.bots.understanding import understanding_of

DENIES = re.compile(r"不|别|取消|撤销|\b(?:not|dont|doesnt|cant|cannot|no|never|wont|isnt|cancel)\b")
A_PARAGRAPH = 300  # characters


class KnowledgeSettings(Decision):
    encoder: EncoderSettings | None = None  # of a language model, beside the words


class FromKnowledge(Engine):
    Settings: ClassVar[type[EngineSettings]] = KnowledgeSettings
    settings: KnowledgeSettings

    def __init__(self, settings: KnowledgeSettings, knowledge: Knowledge):
        super().__init__(settings, knowledge)
        self._understanding = understanding_of(knowledge, settings.encoder)

    def answer(self, turn: Turn) -> Answer:
        dialogue = under_way(self.knowledge.flow, turn)
        if dialogue and (said := go_on(dialogue, turn)):
            return said
        meanings = self._understanding.meanings(turn.text, turn.at.date(), turn.language, encode=not turn.at_once)
        found = [each for each in meanings if self._is_offered(each.id, turn)]
        decided = decide([each for each in found if not self._is_hardly_small_talk(each)], self.settings)
        if decided.does == "answer" and self._means_the_opposite(turn.text, decided.about[0].id):
            decided = replace(decided, does="ask")
        if self.settings.encoder and turn.at_once and decided.does != "answer":
            raise Later  # the encoder may know
        language = language_of(turn.text, turn.language)
        if decided.does == "answer" and (answer := self._answered(decided.about[0].id, turn, language, tuple(found))):
            return resumed(dialogue, answer, turn) if dialogue else answer
        if decided.does == "answer" and not (dialogue and decided.about[0].id == f"flow:{dialogue.flow.id}"):
            return begin(self._flow(decided.about[0].id), turn, tuple(found))
        if dialogue:
            return ask_again(dialogue, turn)
        if decided.does == "ask":
            return _which(decided.about, tuple(found), language)
        return Pass(candidates=tuple(found), why="out_of_scope")

    def _is_offered(self, meaning: str, turn: Turn) -> bool:
        kind, _, name = meaning.partition(":")
        when = self.knowledge.flow[name].when if kind == "flow" else None
        return when is None or when.holds(turn.at, turn.channel, turn.tags)

    def _is_hardly_small_talk(self, candidate: Candidate) -> bool:
        entry = self.knowledge.entry.get(candidate.id)
        return candidate.score < self.settings.answer_from and entry is not None and entry.is_small_talk

    def _means_the_opposite(self, text: str, meaning: str) -> bool:
        """不退款 and 退款 are one character apart."""
        if not DENIES.search(said := normalise(text)):
            return False
        ways = [normalise(each) for each, means in self.knowledge.examples if means == meaning]
        closest, _, _ = process.extractOne(said, ways, scorer=fuzz.ratio)
        return not DENIES.search(closest)

    def _answered(self, meaning: str, turn: Turn, language: Language, found: tuple[Candidate, ...]) -> Say | None:
        """None of a dialogue, which begins instead."""
        if meaning.startswith("flow:"):
            return None
        entry = self.knowledge.entry.get(meaning)
        more: tuple[str, ...] = ()
        if entry and turn.form == "rich":
            more = tuple(self.knowledge.entry[each].asked_in(language) for each in entry.follow_ups)
        text = answer_to(self.knowledge, meaning, turn.channel, turn.form, language)
        return Say(text=text, candidates=found, choice=meaning, choices=more, sources=(meaning,))

    def _flow(self, meaning: str) -> Flow:
        return self.knowledge.flow[meaning.removeprefix("flow:")]


def answer_to(knowledge: Knowledge, meaning: str, channel: str, form: Format, language: Language) -> str:
    """Of an entry or an article, as it is said on this channel."""
    kind, _, name = meaning.partition(":")
    if kind == "article":
        article = knowledge.article[name]
        text = article.summary.in_(language) if article.summary else _first_paragraph(article.body) or article.title
        return f"{text}\n{article.url}" if article.url and form != "spoken" else text
    entry = knowledge.entry[meaning]
    text = entry.answer.on(channel, form, language)
    more = knowledge.article.get(entry.article or "")
    return f"{text}\n{wording.READ_MORE.in_(language)}{more.url}" if more and more.url and form != "spoken" else text


def _which(about: Sequence[Candidate], found: tuple[Candidate, ...], language: Language) -> Say:
    choices = (*(each.question for each in about), wording.NONE_OF_THESE.in_(language))
    return Say(text=wording.WHICH.in_(language), candidates=found, choices=choices)


def _first_paragraph(body: str) -> str:
    told = (each.strip() for each in body.split("\n\n"))
    return next((each[:A_PARAGRAPH] for each in told if each and not each.startswith("#")), "")
