"""Tries a bot on what it must get right (config/tests), and says what it did: before customers do."""

from __future__ import annotations

import json
import math
import random
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from hub.knowledge import Exchange, Language, Script, Suite, language_of
from hub.settings import BotConfig
from workers.bots.bot import Bot, Thought
from workers.bots.contract import Candidate, Engine, Later, Line, Turn
from workers.bots.deciding import Decision, decide
from workers.bots.matching import train

NONE, PERSON = "none", "person"  # what a case may mean, beside what stands in files
FAILED, FLOW_DONE = "bot_failed", "flow_done"  # reasons of hand-overs
HANDED_OVER = "a person has the conversation"
ASKS_OTHERS = "asks_others"
FOLDS, SEED = 5, 20  # the same split whenever the file is the same
FIGURES = (
    "accuracy",
    "answered_share",
    "precision",
    "asked_share",
    "handed_over_share",
    "missed_share",
    "refused_share",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    text: str
    means: str
    language: Language
    outcome: str
    reason: str = ""
    got: str = ""  # what was answered, or the dialogue that began
    best: str = ""  # the likeliest, whatever was made of it
    score: float = 0.0  # of the likeliest
    offered: tuple[str, ...] = ()
    engine: str = ""  # that decided

    @property
    def passed(self) -> bool:
        if self.reason == FAILED:
            return False
        match self.means:
            case "none":
                return self.outcome != "said"
            case "person":
                return self.outcome == "handed_over"
        return self.got == self.means or self.means in self.offered

    @property
    def came(self) -> str:
        match self.outcome:
            case "said":
                return f"answered {self.got or 'something'} ({self.score:.2f})"
            case "asked":
                return f"asked: {', '.join(self.offered)}"
            case "handed_over":
                return f"handed over ({self.reason})"
        return f"not understood (likeliest: {self.best}, {self.score:.2f})" if self.best else "not understood"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    cases: int = 0
    meaning: int = 0  # of the cases, those that mean something
    recognised: int = 0  # of these, those whose meaning was the likeliest
    answered: int = 0  # of these
    right: int = 0  # of the answered
    asked: int = 0  # of these
    handed_over: int = 0  # of these
    missed: int = 0  # of these
    outside: int = 0  # the other cases
    refused: int = 0  # of the others, those that were not answered

    @property
    def accuracy(self) -> float | None:
        return _share(self.recognised, self.meaning)

    @property
    def answered_share(self) -> float | None:
        return _share(self.answered, self.meaning)

    @property
    def precision(self) -> float | None:
        """Of everything that was answered: out-of-scope questions must not be."""
        return _share(self.right, self.answered + self.outside - self.refused)

    @property
    def asked_share(self) -> float | None:
        return _share(self.asked, self.meaning)

    @property
    def handed_over_share(self) -> float | None:
        return _share(self.handed_over, self.meaning)

    @property
    def missed_share(self) -> float | None:
        return _share(self.missed, self.meaning)

    @property
    def refused_share(self) -> float | None:
        return _share(self.refused, self.outside)

    def shares(self) -> dict[str, float | None]:
        return {name: getattr(self, name) for name in FIGURES}


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def figures_of(cases: Iterable[CaseResult]) -> Figures:
    counted: Counter[str] = Counter()
    for case in cases:
        counted["cases"] += 1
        if case.means == NONE:
            counted.update(outside=1, refused=case.passed)
            continue
        counted.update(meaning=1, recognised=case.best == case.means, right=case.outcome == "said" and case.passed)
        counted[{"said": "answered", "silent": "missed"}.get(case.outcome, case.outcome)] += 1
    return Figures(**counted)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    customer: str
    expected: str
    came: str
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptResult:
    name: str
    steps: tuple[StepResult, ...]

    @property
    def passed(self) -> bool:
        return all(step.passed for step in self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteReport:
    suite: str
    bot: str
    cases: tuple[CaseResult, ...] = ()
    scripts: tuple[ScriptResult, ...] = ()
    floors: Mapping[str, float] = field(default_factory=dict)  # a figure, and what it must reach

    @property
    def figures(self) -> dict[str, Figures]:
        """By language, and of all."""
        languages: list[str] = sorted({case.language for case in self.cases}, reverse=True)
        each = {name: figures_of(case for case in self.cases if case.language == name) for name in languages}
        return {**each, "all": figures_of(self.cases)}

    @property
    def below(self) -> dict[str, float]:
        """The figures that miss their floor."""
        reached = self.figures["all"].shares()
        known = {name: value for name in self.floors if (value := reached[name]) is not None}
        return {name: value for name, value in known.items() if value < self.floors[name]}

    @property
    def passed(self) -> bool:
        return not self.below and all(script.passed for script in self.scripts)

    @property
    def confusion(self) -> list[tuple[str, str, int]]:
        """What was taken for what, the most frequent first."""
        taken = Counter(
            (case.means, case.got if case.means == NONE else case.best or NONE)
            for case in self.cases
            if (not case.passed if case.means == NONE else case.best != case.means)
        )
        return [(*pair, count) for pair, count in sorted(taken.items(), key=lambda each: (-each[1], each[0]))]

    @property
    def failures(self) -> list[CaseResult]:
        return [case for case in self.cases if not case.passed]

    @property
    def failed_steps(self) -> list[tuple[str, int, StepResult]]:
        """With their scripts and numbers."""
        steps = ((script.name, each) for script in self.scripts for each in enumerate(script.steps, 1))
        return [(name, number, step) for name, (number, step) in steps if not step.passed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What has changed since an earlier report."""

    regressed: tuple[str, ...] = ()  # passed then, and fails now
    recovered: tuple[str, ...] = ()
    figures: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)  # those that moved


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    suites: tuple[SuiteReport, ...] = ()

    @property
    def passed(self) -> bool:
        return all(suite.passed for suite in self.suites)

    def to_json(self) -> str:
        said = {
            "passed": self.passed,
            "suites": [
                {
                    **asdict(suite),
                    "passed": suite.passed,
                    "figures": {name: {**asdict(each), **each.shares()} for name, each in suite.figures.items()},
                    "confusion": suite.confusion,
                    "failures": [f"“{case.text}” means {case.means}: {case.came}" for case in suite.failures],
                }
                for suite in self.suites
            ],
        }
        return json.dumps(said, ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: str | bytes) -> Report:
        """Raises ValueError for what is no report."""
        try:
            return TypeAdapter(Report).validate_json(text)
        except ValidationError:
            raise ValueError("is no report of `yizhan bot test --json`") from None

    def drift(self, earlier: Report) -> Drift:
        before, now = _passes(earlier), _passes(self)
        both = [name for name in now if name in before]
        then = {suite.suite: suite.figures["all"].shares() for suite in earlier.suites}
        moved = {
            f"{suite.suite}: {name}": (then[suite.suite][name], value)
            for suite in self.suites
            if suite.suite in then
            for name, value in suite.figures["all"].shares().items()
            if value != then[suite.suite][name]
        }
        return Drift(
            regressed=tuple(name for name in both if before[name] and not now[name]),
            recovered=tuple(name for name in both if now[name] and not before[name]),
            figures=moved,
        )


def _passes(report: Report) -> dict[str, bool]:
    """A case that has come to mean something else is another case."""
    found: dict[str, bool] = {}
    for suite in report.suites:
        found |= {f"{suite.suite}: “{case.text}” means {case.means}": case.passed for case in suite.cases}
        found |= {f"{suite.suite}: script “{script.name}”": script.passed for script in suite.scripts}
    return found


def _thought(bot: Bot, turn: Turn, state: Mapping[str, Any]) -> Thought:
    """Nobody is asked, and nothing is ordered, for a trial: what would ask others is not known here."""
    try:
        return bot.think(replace(turn, trial=True), state)
    except Later:
        return Thought(outcome="missed", reason=ASKS_OTHERS, state=state)


class Conversation:
    """A customer's turns one after the other, as the hub passes them on."""

    def __init__(self, bot: Bot, turn: Turn, *, live: bool = False):
        """`turn`: what all of them have in common. `live`: others are asked, and ordered, as for a customer."""
        self._bot, self._turn, self._live = bot, turn, live
        self._state: Mapping[str, Any] = {}
        self._history: tuple[Line, ...] = ()
        self._misses = 0
        self.is_over = False  # a person has it

    def say(self, text: str) -> Thought:
        if self.is_over:
            return Thought(outcome="silent", reason=HANDED_OVER)
        turn = replace(
            self._turn, text=text, history=self._history, id=f"{self._turn.conversation}/{len(self._history)}"
        )
        thought = self._bot.think(turn, self._state) if self._live else _thought(self._bot, turn, self._state)
        self._state = json.loads(json.dumps(thought.state))  # another process thinks about the next turn
        said = (Line("bot", thought.text),) if thought.text else ()
        self._history = (*self._history, Line("contact", text), *said)
        self._misses = self._misses + 1 if thought.outcome == "missed" else 0
        if self._misses >= self._bot.file.hand_over.misses:
            thought = replace(thought, outcome="handed_over", reason="not_understood")
        self.is_over = thought.outcome == "handed_over"
        return thought


def bot_of(suite: Suite, bots: Mapping[str, Bot | BotConfig]) -> str:
    """Raises LookupError."""
    if suite.bot in bots:
        return str(suite.bot)
    if suite.bot is None and len(bots) == 1:
        return next(iter(bots))
    known = ", ".join(sorted(bots))
    raise LookupError(f"there is no bot {suite.bot!r}; known: {known}" if suite.bot else f"write bot = one of {known}")


def try_all(bots: Mapping[str, Bot], suites: Mapping[str, Suite], at: datetime) -> Report:
    """`at`: now, in the hub's time zone. Raises LookupError if a suite's bot is not there."""
    named = {name: bot_of(suite, bots) for name, suite in suites.items()}
    return Report(
        suites=tuple(try_suite(bots[named[name]], suite, at, name, named[name]) for name, suite in suites.items())
    )


def try_suite(bot: Bot, suite: Suite, at: datetime, name: str = "", bot_name: str = "") -> SuiteReport:
    at = suite.at.replace(tzinfo=at.tzinfo) if suite.at else at
    floors = {"precision": suite.precision, "accuracy": suite.accuracy, "refused_share": suite.refused}
    return SuiteReport(
        suite=name,
        bot=bot_name,
        cases=_cases(bot, suite, at),
        scripts=tuple(_played(bot, script, at) for script in suite.script),
        floors={figure: floor for figure, floor in floors.items() if floor},
    )


def _cases(bot: Bot, suite: Suite, at: datetime) -> tuple[CaseResult, ...]:
    asked = ((text, case.means, case.language) for case in suite.case for text in case.ask)
    return tuple(_case(bot, text, means, language, at) for text, means, language in asked)


def _case(bot: Bot, text: str, means: str, language: Language | None, at: datetime) -> CaseResult:
    thought = _thought(bot, Turn(text=text, language=language or "", at=at, conversation="trial", id=text), {})
    best = thought.candidates[0] if thought.candidates else Candidate("", "", 0.0)
    offered = tuple(each.id for each in thought.candidates if each.question in thought.choices)
    meant = _meant(thought)
    return CaseResult(
        text=text,
        means=means,
        language=language or language_of(text),
        outcome="said" if thought.outcome == "asked" and meant else thought.outcome,
        reason=thought.reason,
        got=meant,
        best=best.id,
        score=best.score,
        offered=offered if thought.outcome == "asked" and not meant else (),
        engine=thought.steps[-1].engine if thought.steps else "",
    )


def _meant(thought: Thought) -> str:
    """A dialogue that has begun asks for something, and one that ends with a person leaves no answer behind."""
    if thought.outcome == "handed_over":
        return thought.candidates[0].id if thought.reason == FLOW_DONE and thought.candidates else ""
    if thought.choice or not thought.steps:
        return thought.choice
    notes = thought.state.get("notes", {}).get(thought.steps[-1].engine, {})
    return f"flow:{notes['flow']}" if "flow" in notes and thought.outcome != "missed" else ""


def _played(bot: Bot, script: Script, at: datetime) -> ScriptResult:
    at = script.at.replace(tzinfo=at.tzinfo) if script.at else at
    told = Turn(text="", channel=script.channel, language=script.language, tags=frozenset(script.tags), at=at)
    conversation = Conversation(bot, replace(told, form=script.form, conversation=script.name))
    return ScriptResult(name=script.name, steps=tuple(_step(conversation, each) for each in script.turn))


def _step(conversation: Conversation, exchange: Exchange) -> StepResult:
    expected = ", ".join(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in _expected(exchange))
    try:
        thought = conversation.say(exchange.customer)
    except TypeError as error:  # of an engine from outside
        return StepResult(customer=exchange.customer, expected=expected, came=f"its notes: {error}", passed=False)
    passed = all(_holds(thought, name, value) for name, value in _expected(exchange))
    return StepResult(customer=exchange.customer, expected=expected, came=_came(thought), passed=passed)


def _expected(exchange: Exchange) -> list[tuple[str, Any]]:
    named = {name: getattr(exchange, name) for name in Exchange.model_fields if name in exchange.model_fields_set}
    return [(name, value) for name, value in named.items() if name != "customer" and value is not None]


def _holds(thought: Thought, name: str, value: Any) -> bool:
    match name:
        case "says":
            return str(value) in "\n".join((thought.text, *thought.choices))
        case "choice":
            return bool(_meant(thought) == value)
        case "hands_over":
            return thought.outcome == "handed_over" and value in ("", thought.reason)
        case "asks":
            return (thought.outcome == "asked") is value
        case "misses":
            return (thought.outcome == "missed") is value
    return (thought.outcome == "silent") is value


def _came(thought: Thought) -> str:
    what = thought.reason or _meant(thought)
    words = " / ".join(filter(None, (*thought.text.splitlines(), *thought.choices)))
    return " ".join(filter(None, (thought.outcome, f"({what})" if what else "", words)))


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
