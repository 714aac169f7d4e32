"""What became of what a bot was tried on, in figures, and what has changed since the time before."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from pydantic import TypeAdapter, ValidationError

from hub.knowledge import Language

NONE, PERSON = "none", "person"  # what a case may mean, beside what stands in files
FAILED = "bot_failed"  # reason of a hand-over
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
