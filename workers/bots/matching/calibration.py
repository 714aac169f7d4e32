"""How sure to be: learned from the examples themselves, some of them held out and some labels hidden."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from workers.bots.matching.arrays import Doubles, Flags, Indices, Reals
from workers.bots.matching.ranking import Scores, kernel, nearest_labels, solve

FOLDS = 5
ASKED = 1_000  # examples to ask about, if need be again with other folds, up to so many times:
ROUNDS = 4
ENOUGH = 30  # answers of each sort, to learn anything from them
# Share of what customers ask that no label is for; hidden labels are weighted to it. Of few examples a label, fewer:
# its own questions are then hardly nearer to them than those of hidden labels, and all would be unsure.
STRANGERS = 0.175
FEW = 10  # examples a label with which it is half of that
# How firmly the priors are held, as precision of their coefficients: of the signals firmly, as hidden labels' questions
# have more words in common with the rest than strangers' have, and teach too little of that.
HOLD, HOLD_LEVEL = 30.0, 2.0
LINEAR = 10.0  # weight of the kernel machine beside the cosines
SAID = 0.05  # share of a question: less is as good as nothing
ODDS, CLOSE = 4.0, 1e-4  # log odds of so much are 1; and that near to 0 or 1 they end
TEMPERATURES = np.array([0.5, 0.7, 1, 1.4, 2, 2.8, 4, 5.6, 8])

# Fitted on public sets of 3 to 10 examples a label (bench.understanding), in the order of `signals`: pulled towards
# where the caller's examples are few, and used with the level where they are too few.
PRIOR_LINEAR = (-3.5, 1.5, 3.5, 2.0)
PRIOR_COSINES = (-1.2, 1.7, 0.8, 1.8)
LEVEL = (1.5, 1.1)  # of few strangers over as many strangers as others
WARM_LINEAR, WARM_COSINES = 2.0, 11.0  # temperatures to go with them


@dataclass(frozen=True, slots=True)
class Calibration:
    coefficients: Doubles  # (signals,)
    temperature: float  # what scores are multiplied by before the softmax
    linear: bool  # whether there is a kernel machine


def prior(linear: bool) -> Calibration:
    if linear:
        return Calibration(_levelled(np.array(PRIOR_LINEAR), np.array(LEVEL)), WARM_LINEAR, True)
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


def signals(scores: Scores, shares: Doubles, said: float, linear: bool) -> Doubles:
    """What tells a right answer from a wrong one, each about 0…1, after a constant.

    `said` is the share of the question that examples of the likeliest label say. Few, and none that is large where
    another is: hidden labels are nearer to the rest than strangers' questions are, and of more signals the model learns
    what holds for them only.
    """
    top = int(shares.argmax())
    near = (scores.best[top] + scores.mean[top]) / 2
    share = shares[top] if len(shares) > 1 else near  # the only label is always the likeliest, which says nothing
    odds = np.log(max(share, CLOSE) / max(1 - share, CLOSE)) / ODDS
    little = 1 + np.log(max(said, SAID)) / 3
    return np.array([1.0, odds, little, scores.linear[top] if linear else near], dtype=np.float64)


def confidence(calibration: Calibration, told: Doubles) -> float:
    return float(_logistic(told @ calibration.coefficients))


def fit(
    plain: Reals, weighted: Reals, said: Sequence[Reals], folds: Sequence[Fold], labels: Indices, each: float
) -> Calibration:
    """From all cosines between the examples (examples, examples), these a sample with `each` examples a label.

    `said` is of each fold (asked, labels that are kept).
    """
    kinds = int(labels.max()) + 1
    rounds = rounds_of(len(labels))
    answers = [
        answer
        for fold, shares in zip(folds, said, strict=True)
        for answer in _answers(plain, weighted, shares, fold, labels, kinds)
    ]
    truth = np.array([label for _, _, label in answers], dtype=np.int64)
    ours = truth >= 0
    if min(ours.sum(), (~ours).sum()) < ENOUGH * rounds:
        return prior(True)
    temperature = _temperature([(scores, label) for scores, _, label in answers if label >= 0])
    found, right = [], []
    for scores, shares_said, label in answers:
        shares = probabilities(scores, temperature)
        top = int(shares.argmax())
        found.append(signals(scores, shares, float(shares_said[top]), True))
        right.append(top == label)
    told, was_right = np.array(found), np.array(right)
    # what tells strangers is learned from as many of them as of others, and how sure to be from fewer
    coefficients = _fitted(told, was_right, _weights(ours, 0.5) / rounds, np.array(PRIOR_LINEAR), HOLD)
    score = np.stack([np.ones(len(told)), told @ coefficients], axis=1)
    strangers = STRANGERS * each / (each + FEW)
    level = _fitted(score, was_right, _weights(ours, strangers) / rounds, np.array(LEVEL), HOLD_LEVEL)
    return Calibration(_levelled(coefficients, level), temperature, True)


def _weights(ours: Flags, strangers: float) -> Doubles:
    weights: Doubles = np.where(ours, 1.0, strangers / (1 - strangers) * ours.sum() / (~ours).sum())
    return weights


def _levelled(coefficients: Doubles, level: Doubles) -> Doubles:
    levelled: Doubles = coefficients * level[1]
    levelled[0] += level[0]
    return levelled


@dataclass(frozen=True, slots=True)
class Fold:
    kept: Indices  # examples to learn from
    asked: Indices  # examples to answer, of labels that are kept and of labels that are hidden


def rounds_of(examples: int) -> int:
    return min(max(ASKED // examples, 1), ROUNDS)


def folds_of(labels: Indices) -> list[Fold]:
    """Every example is asked about in each round as one of a hidden label, and as one held out.

    A label of few examples has one held out in every fold, as the others have: to lose some when others do not would
    put it at a disadvantage.
    """
    chance = np.random.default_rng(0)
    kinds = int(labels.max()) + 1
    turns = int(np.clip(np.median(np.bincount(labels)), 2, FOLDS))
    folds = []
    for _ in range(rounds_of(len(labels))):
        hidden_in = chance.permutation(kinds) % FOLDS
        held_in = np.empty(len(labels), dtype=np.int64)
        for kind in range(kinds):
            places = np.flatnonzero(labels == kind)
            first = chance.integers(FOLDS) if turns == FOLDS else 0
            held_in[places] = (chance.permutation(len(places)) + first) % turns
        for fold in range(FOLDS):
            asked = (hidden_in[labels] == fold) | (held_in == fold % turns)
            folds.append(Fold(np.flatnonzero(~asked), np.flatnonzero(asked)))
    return [fold for fold in folds if len(fold.kept) and len(fold.asked)]


def _answers(
    plain: Reals, weighted: Reals, said: Reals, fold: Fold, labels: Indices, kinds: int
) -> Iterator[tuple[Scores, Reals, int]]:
    """With what each label says of the question, and its place among the labels: -1 if it is hidden."""
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
        yield Scores(linear[row], best, mean), said[row], int(place[labels[asked]])


def _temperature(answers: Sequence[tuple[Scores, int]]) -> float:
    """The one under which what was right was least surprising."""
    totals = [(total_of(scores), label) for scores, label in answers]
    surprise = [
        sum(float(np.log(np.exp(warm * (total - total[label])).sum())) for total, label in totals)
        for warm in TEMPERATURES
    ]
    return float(TEMPERATURES[int(np.argmin(surprise))])


def _fitted(told: Doubles, right: Flags, weight: Doubles, expected: Doubles, firmly: float) -> Doubles:
    """Logistic regression by Newton's method, with a Gaussian prior around what is expected."""
    coefficients = expected.copy()
    hold = np.full(len(expected), firmly)
    hold[0] = 0.2
    for _ in range(50):
        chance = _logistic(told @ coefficients)
        slope = told.T @ (weight * (chance - right)) + hold * (coefficients - expected)
        curve = (told * (weight * chance * (1 - chance))[:, None]).T @ told + np.diag(hold)
        step = np.linalg.solve(curve, slope)
        coefficients = coefficients - step / max(np.abs(step).max(), 1)  # a longer one may go astray
        if np.abs(step).max() < 1e-8:
            break
    return coefficients


def _logistic(value: Doubles) -> Doubles:
    result: Doubles = 1 / (1 + np.exp(-np.clip(value, -30, 30)))
    return result
