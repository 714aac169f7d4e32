"""Which label fits best: a kernel machine over all examples, and the nearest of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg.lapack import spftrf, spftrs  # type: ignore[import-untyped]

from workers.bots.matching.arrays import Indices, Reals

SHARPNESS = 1.5  # of the kernel: how fast an example stops to matter
SMOOTHNESS = 0.1  # ridge
NEIGHBOURS = 200  # the others are too far to be among the best of any label that matters
ROWS = 256  # at a time, to keep what is dense small


def kernel(cosine: Reals) -> Reals:
    """Gaussian of the distance on the unit sphere: it also sees pairs of features, which few examples cannot teach."""
    result: Reals = np.exp(SHARPNESS * (cosine - 1))
    return result


def solve(cosines: Callable[[int, int], Reals], labels: Indices, kinds: int) -> Reals:
    """Kernel ridge regression on one-against-all targets: (examples, labels) weights.

    `cosines(start, end)` gives these rows' cosines with all examples. The lower triangle is kept in LAPACK's
    rectangular full packed format: half of the memory of the square.
    """
    examples = len(labels)
    half = (examples + 1) // 2
    size = 2 * half  # even: the format is then one rectangle
    packed = np.zeros((half, size + 1), dtype=np.float32)  # [column, row]: Fortran's order
    for start in range(0, examples, ROWS):
        block = kernel(cosines(start, min(start + ROWS, examples)))
        for row, values in enumerate(block, start):
            values[row] = 1 + SMOOTHNESS
            if row < half:
                packed[: row + 1, row + 1] = values[: row + 1]
            else:
                packed[:, row + 1] = values[:half]
                packed[row - half, : row - half + 1] = values[half : row + 1]
    if size > examples:
        packed[half - 1, half - 1] = 1
    factor, failed = spftrf(size, packed.reshape(-1), transr="N", uplo="L", overwrite_a=1)
    if failed:
        raise ArithmeticError(f"the kernel of {examples} examples is not positive definite")
    weights, _ = spftrs(size, factor, _targets(labels, kinds, size), transr="N", uplo="L", overwrite_b=1)
    return np.ascontiguousarray(weights[:examples])


def _targets(labels: Indices, kinds: int, size: int) -> Reals:
    """Each row sums to 0, so that a text like none has 0 for all."""
    targets = np.zeros((size, kinds), dtype=np.float32, order="F")
    targets[: len(labels)] = -1 / max(kinds - 1, 1)
    targets[np.arange(len(labels)), labels] = 1
    return targets


@dataclass(frozen=True, slots=True)
class Scores:
    """Of all labels, each (labels,)."""

    linear: Reals  # of the kernel machine, about 0 (like none)…1; all 0 where there is no machine
    best: Reals  # highest cosine, 0…1
    mean: Reals  # of the three highest, 0…1


def nearest_labels(cosines: Reals, labels: Indices, sizes: Indices) -> tuple[Reals, Reals]:
    """The highest cosine of each label, and the mean of its three highest, or of all if it has fewer.

    `sizes` are the labels' numbers of examples.
    """
    near = nearest(cosines, NEIGHBOURS)
    kind = labels[near]
    order = np.argsort(kind, kind="stable")
    kind, cosine = kind[order], cosines[near][order]
    places = np.arange(len(kind))
    first = np.ones(len(kind), dtype=bool)
    first[1:] = kind[1:] != kind[:-1]
    rank = places - np.maximum.accumulate(np.where(first, places, 0))
    best = np.zeros(len(sizes), dtype=np.float32)
    best[kind[first]] = cosine[first]
    three = rank < 3
    total = np.bincount(kind[three], weights=cosine[three], minlength=len(sizes))
    return best, (total / np.clip(sizes, 1, 3)).astype(np.float32)


def nearest(cosines: Reals, limit: int) -> Indices:
    """Of the examples, nearest first; of equals, the first."""
    if len(cosines) > limit:
        floor = np.partition(cosines, -limit)[-limit]
        near = np.flatnonzero(cosines >= floor)
    else:
        near = np.arange(len(cosines))
    return near[np.argsort(-cosines[near], kind="stable")][:limit]
