"""What a decision table makes of questions whose meaning is known: at other thresholds, or of those in a file."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hub.knowledge import Suite, language_of
from workers.bots.bot import Bot
from workers.bots.contract import Candidate, Engine
from workers.bots.deciding import Decision, decide
from workers.bots.matching import train
from workers.bots.reports import NONE, CaseResult, Figures, SuiteReport, figures_of
from workers.bots.trying import try_suite

FOLDS, SEED = 5, 20  # the same split whenever the file is the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    answer_from: float
    figures: Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    present: Threshold
    proposed: Threshold | None  # None: none reaches the precision


def thresholds(bot: Bot, suite: Suite, precision: float, at: datetime) -> Thresholds | None:
    """From which score on to answer, so that of what is answered so much is right. None: no engine goes by scores."""
    tables = {name: each.settings for name, each in bot.engines if isinstance(each.settings, Decision)}
    if not tables:
        return None
    present, floor = max(each.answer_from for each in tables.values()), max(each.ask_from for each in tables.values())
    # what would be answered at the lowest threshold tells all the others
    cases = try_suite(replace(bot, engines=_answering_from_the_lowest(bot)), suite, at).cases
    tried = [_at(step / 100, cases, tables.keys()) for step in range(math.ceil(100 * floor), 100)]
    reaching = (each for each in tried if each.figures.precision is not None and each.figures.precision >= precision)
    return Thresholds(present=_at(present, cases, tables.keys()), proposed=next(reaching, None))


def _answering_from_the_lowest(bot: Bot) -> tuple[tuple[str, Engine], ...]:
    return tuple(
        (name, type(engine)(settings.model_copy(update={"answer_from": settings.ask_from}), engine.knowledge))
        if isinstance(settings := engine.settings, Decision)
        else (name, engine)
        for name, engine in bot.engines
    )


def _at(answer_from: float, cases: Sequence[CaseResult], engines: Collection[str]) -> Threshold:
    return Threshold(
        answer_from=answer_from,
        figures=figures_of(
            replace(case, outcome="asked", got="", offered=(case.got,))
            if case.outcome == "said" and case.engine in engines and case.score < answer_from
            else case
            for case in cases
        ),
    )


def cross_validated(rows: Sequence[tuple[str, str]], decision: Decision, name: str = "") -> SuiteReport:
    """How well texts with labels are understood by what the others of them teach. `none`: nothing is taught by it."""
    dice = random.Random(SEED)
    of_label: defaultdict[str, list[str]] = defaultdict(list)
    for text, label in rows:
        of_label[label].append(text)
    folds: list[list[tuple[str, str]]] = [[] for _ in range(FOLDS)]
    always: list[tuple[str, str]] = []  # the only one of its kind teaches, and is not asked
    for label, texts in sorted(of_label.items()):
        dice.shuffle(texts)
        if len(texts) == 1 and label != NONE:
            always.append((texts[0], label))
            continue
        begin = dice.randrange(FOLDS)
        for number, text in enumerate(texts, begin):
            folds[number % FOLDS].append((text, label))
    results: list[CaseResult] = []
    for fold in folds:
        others = [row for other in folds if other is not fold for row in other]
        matcher = train([row for row in (*always, *others) if row[1] != NONE])
        results += [_predicted(text, label, matcher.predict(text), decision) for text, label in fold]
    return SuiteReport(suite=name, bot="", cases=tuple(results))


def _predicted(text: str, means: str, found: Sequence[tuple[str, float]], decision: Decision) -> CaseResult:
    candidates = [Candidate(label, label, score) for label, score in found]
    decided = decide(candidates, decision)
    about = tuple(each.id for each in decided.about)
    return CaseResult(
        text=text,
        means=means,
        language=language_of(text),
        outcome={"answer": "said", "ask": "asked", "pass": "missed"}[decided.does],
        got=about[0] if decided.does == "answer" else "",
        best=candidates[0].id if candidates else "",
        score=candidates[0].score if candidates else 0.0,
        offered=about if decided.does == "ask" else (),
    )
