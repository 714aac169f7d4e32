"""Answers from config/faq: the entry whose question is the customer's, or close to it and to no other."""

from __future__ import annotations

import re
from typing import ClassVar

from pydantic import Field
from rapidfuzz import fuzz, process

from hub.knowledge import Entry, Knowledge, Language, normalise
from workers.bots.contract import Answer, BotSettings, Candidate, Say, Turn
from workers.bots.keywords import Keywords, KeywordSettings

LONGEST_QUESTION = 120  # normalised characters: what is longer tells a story, and people read stories
CLOSEST = 50  # questions looked at more closely; one entry may have many
SHOWN = 5  # candidates kept as evidence
ASKED = 3  # choices a customer is given
WHICH: dict[Language, str] = {"zh": "您想问的是哪一个？", "en": "Which of these do you mean?"}

CHINESE = re.compile(r"[\u3400-\u9fff]")
LATIN = re.compile(r"[a-z]")

# Words that say "this is a question" but not which: 怎么退款, 我想退款 and 能不能退款呀 all ask about 退款.
# When, where, how much and how long stay: they tell questions apart.
AROUND_ZH = re.compile(
    r"^(?:你好|您好|哈喽|嗨|亲|在吗|老板|hi|hello)+|请问一下|请问|问一下|想问|我想知道|想知道|告诉我|麻烦|能不能|可不可以|是不是|要不要"
    r"|怎么样才能|怎样才能|怎么才能|如何才能|怎么样|怎么办|怎么弄|怎么|怎样|如何|咋样|咋|应该|可以|可否|能否|是否"
    r"|我们|你们|我想|我要|我需要|想要|需要|帮我|给我|我的|我|一下|这个|那个|谢谢"
    r"|(?:了|吗|呢|啊|呀|吧|嘛|哦|么|哈|啦|的|能)+(?=$)|[吗呢啊呀吧嘛哦啦]"
)
AROUND_EN = re.compile(
    r"\b(?:hi|hello|hey|please|pls|thanks|how do|how can|how to|how should|what should|can|could|do|does|did|may|"
    r"will|would|id|im|i|we|you|want|wish|like|need|to|tell|know|get|give|help|me|my|the|a|an|your|our|"
    r"is|are|am|it|this|that|there|of|for|with|about|so|just|way|possible)\b"
)
DENIES = re.compile(r"不|别|\b(?:not|dont|doesnt|cant|cannot|no|never|wont|isnt)\b")


class FaqSettings(KeywordSettings):
    threshold: float = Field(default=0.78, gt=0, le=1)
    margin: float = Field(default=0.05, ge=0, le=1)


class Faq(Keywords):
    """The rules and the words for a person come first, as in Keywords."""

    Settings: ClassVar[type[BotSettings]] = FaqSettings
    settings: FaqSettings

    def __init__(self, settings: FaqSettings, knowledge: Knowledge):
        super().__init__(settings, knowledge)
        self._questions = [(entry, question) for entry in knowledge.entries for question in entry.questions]
        self._exact = {normalise(question): (entry, question) for entry, question in self._questions}
        self._cores = [core_of(normalise(question)) for _, question in self._questions]

    def answer(self, turn: Turn) -> Answer | None:
        return super().answer(turn) or self._from_faq(turn)

    def _from_faq(self, turn: Turn) -> Say | None:
        question = normalise(turn.text[: 4 * LONGEST_QUESTION])
        if not question or len(question) > LONGEST_QUESTION:
            return None
        ranked = self._same(question) or self._similar(question)
        likely = [asked for _, asked, score in ranked if score >= self.settings.threshold]
        if not likely:
            return None
        language = language_of(question, turn.language)
        candidates = tuple(Candidate(found.id, asked, round(score, 3)) for found, asked, score in ranked[:SHOWN])
        if self._clear([score for _, _, score in ranked]):
            entry = ranked[0][0]
            return Say(text=entry.answer.in_(language), candidates=candidates, choice=entry.id)
        if len(likely) == 1:
            return None
        return Say(text=WHICH[language], candidates=candidates, choices=tuple(likely[:ASKED]))

    def _same(self, question: str) -> list[tuple[Entry, str, float]]:
        found = self._exact.get(question)
        return [(*found, 1.0)] if found else []

    def _similar(self, question: str) -> list[tuple[Entry, str, float]]:
        """The best question of each entry, best entry first."""
        core = core_of(question)
        if not core:
            return []
        floor = 100 * (self.settings.threshold - self.settings.margin)
        best: dict[str, tuple[Entry, str, float]] = {}
        closest = process.extract(core, self._cores, scorer=fuzz.ratio, score_cutoff=floor, limit=CLOSEST)
        for found, score, position in closest:
            entry, asked = self._questions[position]
            if denies(found) == denies(core):
                best.setdefault(entry.id, (entry, asked, score / 100))
        return list(best.values())

    def _clear(self, scores: list[float]) -> bool:
        return scores[0] >= self.settings.threshold and (
            len(scores) == 1 or scores[0] - scores[1] >= self.settings.margin
        )


def core_of(question: str) -> str:
    """A normalised question without the words any question could have; short questions differ in little else."""
    return normalise(AROUND_EN.sub(" ", AROUND_ZH.sub("", question)))


def denies(question: str) -> bool:
    """不退款 and 退款 are one character apart."""
    return bool(DENIES.search(question))


def language_of(question: str, hint: str = "") -> Language:
    """What the customer writes in; what the channel says about them where the question does not tell (a number)."""
    if CHINESE.search(question):
        return "zh"
    return "en" if LATIN.search(question) or hint.startswith("en") else "zh"
