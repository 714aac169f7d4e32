"""Questions that are alike, put together: what many ask and no entry answers stands out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage  # type: ignore[import-untyped]
from scipy.sparse import coo_matrix  # type: ignore[import-untyped]
from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]
from scipy.spatial.distance import squareform  # type: ignore[import-untyped]

from hub.knowledge import normalise
from workers.bots.spaces import Space, space_of

ALIKE = 0.55  # cosine: as much as this, on average, the questions of two groups must have in common to become one
AT_MOST = 5_000  # different questions, the newest: what they cost grows with their square
EXAMPLES = 3
AT_ONCE = 512  # rows compared with all others
Nearest = Callable[[str], Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Question:
    id: int  # the greater, the newer
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    name: str  # the question that is most like all the others
    size: int
    examples: tuple[int, ...]  # that say it best, in different words
    questions: tuple[int, ...]  # all of them; those that say it best come first
    nearest: tuple[Mapping[str, Any], ...]  # meanings, best first


@dataclass(frozen=True, slots=True)
class _Wording:
    """The same words, however often they were written."""

    text: str
    ids: tuple[int, ...]  # newest first


def clusters(
    questions: Sequence[Question], space: Space | None = None, nearest: Nearest | None = None
) -> list[Cluster]:
    """Largest first. `space`: where texts that mean the same are near each other; none: made of these texts."""
    wordings = _wordings(questions)[:AT_MOST]
    if not wordings:
        return []
    texts = [each.text for each in wordings]
    rows = (space or space_of(texts))(texts)
    made = [_cluster([wordings[each] for each in group], rows[group], nearest) for group in _groups(rows)]
    return sorted(made, key=lambda each: (-each.size, -max(each.questions)))


def alike(texts: Sequence[str], others: Sequence[str], space: Space | None = None) -> list[bool]:
    """Which of the texts are like one of the others."""
    if not texts or not others:
        return [False] * len(texts)
    space = space or space_of([*texts, *others])
    theirs = space(others)
    found: list[bool] = []
    for similar in _similarities(space(texts), theirs):
        found.extend((similar.max(axis=1) >= ALIKE).tolist())
    return found


def _wordings(questions: Sequence[Question]) -> list[_Wording]:
    """Newest first, each as it was written last. Signs alone ask nothing."""
    found: dict[str, list[Question]] = {}
    for each in sorted(questions, key=lambda each: -each.id):
        if said := normalise(each.text):
            found.setdefault(said, []).append(each)
    return [_Wording(same[0].text, tuple(each.id for each in same)) for same in found.values()]


def _groups(rows: Any) -> list[NDArray[np.intp]]:
    """By average linkage. Groups can only become one where two of their questions are alike, so that it is enough to
    look at each connected part by itself, and the table of all distances is never needed."""
    _, part = connected_components(_pairs(rows), directed=False)
    found = []
    for members in _by_label(part):
        if len(members) == 1:
            found.append(members)
            continue
        distances = np.clip(1 - (rows[members] @ rows[members].T).toarray().astype(np.float64), 0, None)
        np.fill_diagonal(distances, 0)
        tree = linkage(squareform(distances, checks=False), method="average")
        found.extend(members[group] for group in _by_label(fcluster(tree, 1 - ALIKE, criterion="distance")))
    return found


def _pairs(rows: Any) -> Any:
    firsts, seconds, before = [], [], 0
    for similar in _similarities(rows, rows):
        first, second = np.nonzero(similar >= ALIKE)
        firsts.append(first + before)
        seconds.append(second)
        before += len(similar)
    first, second = np.concatenate(firsts), np.concatenate(seconds)
    size = (before, before)
    return coo_matrix((np.ones(len(first), dtype=np.int8), (first, second)), shape=size)


def _similarities(rows: Any, others: Any) -> Iterator[NDArray[np.float64]]:
    across = others.T.tocsr()
    for begin in range(0, rows.shape[0], AT_ONCE):
        yield (rows[begin : begin + AT_ONCE] @ across).toarray()


def _by_label(labels: NDArray[Any]) -> list[NDArray[np.intp]]:
    order = np.argsort(labels, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)


def _cluster(wordings: Sequence[_Wording], rows: Any, nearest: Nearest | None) -> Cluster:
    counts = np.array([len(each.ids) for each in wordings])
    central = (rows @ rows.T).toarray() @ counts
    best = [wordings[each] for each in np.argsort(-central.round(6), kind="stable")]  # of equals the newer one
    return Cluster(
        name=best[0].text,
        size=int(counts.sum()),
        examples=tuple(each.ids[0] for each in best[:EXAMPLES]),
        questions=tuple(number for each in best for number in each.ids),
        nearest=tuple(nearest(best[0].text)) if nearest else (),
    )
