"""How sure to be: learned from the examples themselves, some of them held out and some labels hidden."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from workers.bots.matching.arrays import Doubles, Flags, Indices, Reals
from workers.bots.matching.ranking import Scores, kernel, nearest_labels, solve

FOLDS = 5
ENOUGH = 30  # answers of each sort, to learn anything from them
STRANGERS = 0.2  # share of what customers ask that no label is for; hidden labels are weighted to it
HOLD = 5.0  # how firmly the prior is held: as precision of its coefficients
LINEAR = 10.0  # weight of the kernel machine beside the cosines
TEMPERATURES = np.array([0.5, 0.7, 1, 1.4, 2, 2.8, 4, 5.6, 8])

# Fitted on public sets of 1 to 10 examples a label (bench.understanding), in the order of `signals`: used where the
# caller's examples are too few, and pulled towards where they are few.
PRIOR_LINEAR = (-3.0, 2.0, 1.0, 1.0, 4.0)
PRIOR_COSINES = (-2.0, 1.8, 6.0, -1.5, 0.0)
WARM_LINEAR, WARM_COSINES = 2.0, 11.0  # temperatures to go with them


@dataclass(frozen=True, slots=True)
class Calibration:
    coefficients: Doubles  # (signals,)
    temperature: float  # what scores are multiplied by before the softmax
    linear: bool  # whether there is a kernel machine


def prior(linear: bool) -> Calibration:
    if linear:
        return Calibration(np.array(PRIOR_LINEAR), WARM_LINEAR, True)
    return Calibration(np.array(PRIOR_COSINES), WARM_COSINES, False)


def probabilities(scores: Scores, temperature: float) -> Doubles:
    """Of the labels, given that it is one of them."""
    total = temperature * total_of(scores)
    raised = np.exp(total - total.max())
    shares: Doubles = raised / raised.sum()
    return shares


def total_of(scores: Scores) -> Doubles:
    total: Doubles = LINEAR * scores.linear.astype(np.float64) + scores.best + scores.mean
    return total


def signals(scores: Scores, shares: Doubles, known: float) -> Doubles:
    """What tells a right answer from a wrong one, each about 0…1, after a constant.

    Few, and none that is large where another is: hidden labels are nearer to the rest than strangers' questions are,
    and of more signals the model learns what holds for them only.
    """
    top = int(shares.argmax())
    near = (scores.best[top] + scores.mean[top]) / 2
    share = shares[top] if len(shares) > 1 else near  # the only label is always the likeliest, which says nothing
    return np.array([1.0, share, near, known, scores.linear[top]], dtype=np.float64)


def confidence(calibration: Calibration, told: Doubles) -> float:
    return float(_logistic(told @ calibration.coefficients))


def fit(plain: Reals, weighted: Reals, known: Sequence[Reals], folds: Sequence[Fold], labels: Indices) -> Calibration:
    """From all cosines between the examples (examples, examples); `known` is of each fold."""
    kinds = int(labels.max()) + 1
    answers = [
        (scores, share, label if is_known else -1)
        for fold, shares in zip(folds, known, strict=True)
        for scores, share, label, is_known in _answers(plain, weighted, shares, fold, labels, kinds)
    ]
    truth = np.array([label for _, _, label in answers], dtype=np.int64)
    ours = truth >= 0
    if min(ours.sum(), (~ours).sum()) < ENOUGH:
        return prior(True)
    temperature = _temperature([(scores, label) for scores, _, label in answers if label >= 0])
    told, right = [], []
    for scores, share, label in answers:
        shares = probabilities(scores, temperature)
        told.append(signals(scores, shares, share))
        right.append(int(shares.argmax()) == label)
    weight = np.where(ours, 1.0, STRANGERS / (1 - STRANGERS) * ours.sum() / (~ours).sum())
    return Calibration(_fitted(np.array(told), np.array(right), weight, np.array(PRIOR_LINEAR)), temperature, True)


@dataclass(frozen=True, slots=True)
class Fold:
    kept: Indices  # examples to learn from
    asked: Indices  # examples to answer, of labels that are kept and of labels that are hidden


def folds_of(labels: Indices) -> list[Fold]:
    """Every example is asked about twice at most: as one of a hidden label, and as one held out."""
    chance = np.random.default_rng(0)
    kinds = int(labels.max()) + 1
    hidden_in = chance.permutation(kinds) % FOLDS
    held_in = np.empty(len(labels), dtype=np.int64)
    for kind in range(kinds):
        places = np.flatnonzero(labels == kind)
        held_in[places] = (chance.permutation(len(places)) + chance.integers(FOLDS)) % FOLDS
    folds = []
    for fold in range(FOLDS):
        asked = (hidden_in[labels] == fold) | (held_in == fold)
        folds.append(Fold(np.flatnonzero(~asked), np.flatnonzero(asked)))
    return [fold for fold in folds if len(fold.kept) and len(fold.asked)]


def _answers(
    plain: Reals, weighted: Reals, known: Reals, fold: Fold, labels: Indices, kinds: int
) -> Iterator[tuple[Scores, float, int, bool]]:
    kept = labels[fold.kept]
    there = np.unique(kept)
    place = np.full(kinds, -1)
    place[there] = np.arange(len(there))
    sizes = np.bincount(place[kept])
    among = plain[np.ix_(fold.kept, fold.kept)]
    machine = solve(lambda start, end: among[start:end], place[kept], len(there))
    linear = kernel(plain[np.ix_(fold.asked, fold.kept)]) @ machine
    near = weighted[np.ix_(fold.asked, fold.kept)]
    for row, asked in enumerate(fold.asked):
        best, mean = nearest_labels(near[row], place[kept], sizes)
        truth = int(place[labels[asked]])
        yield Scores(linear[row], best, mean), float(known[row]), truth, truth >= 0


def _temperature(answers: Sequence[tuple[Scores, int]]) -> float:
    """The one under which what was right was least surprising."""
    totals = [(total_of(scores), label) for scores, label in answers]
    surprise = [
        sum(float(np.log(np.exp(warm * (total - total[label])).sum())) for total, label in totals)
        for warm in TEMPERATURES
    ]
    return float(TEMPERATURES[int(np.argmin(surprise))])


def _fitted(told: Doubles, right: Flags, weight: Doubles, expected: Doubles) -> Doubles:
    """Logistic regression by Newton's method, with a Gaussian prior around what is expected."""
    coefficients = expected.copy()
    hold = np.full(len(expected), HOLD)
    hold[0] = HOLD / 10
    for _ in range(50):
        chance = _logistic(told @ coefficients)
        slope = told.T @ (weight * (chance - right)) + hold * (coefficients - expected)
        curve = (told * (weight * chance * (1 - chance))[:, None]).T @ told + np.diag(hold)
        step = np.linalg.solve(curve, slope)
        coefficients = coefficients - step
        if np.abs(step).max() < 1e-8:
            break
    return coefficients


def _logistic(value: Doubles) -> Doubles:
    result: Doubles = 1 / (1 + np.exp(-np.clip(value, -30, 30)))
    return result
