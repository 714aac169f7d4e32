"""One sparse space for all languages: a row a text, a column a feature that some example has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]

from workers.bots.matching.arrays import Doubles, Keys, Reals, Sparse
from workers.bots.matching.text import Folds, features, normalised

RARITY = 1.0  # power of the idf: with few examples, rare is often only by chance


@dataclass(frozen=True)
class Space:
    """Two measures of the same rows. Plain: every feature counts alike; weighted: by how rare it is.

    A linear model finds by itself which features matter, and rarity misleads it; neighbours need it.
    """

    keys: Keys  # (features,), sorted
    rarity: Reals  # (features,), squared
    unknown: float  # rarity of what no example has, squared
    columns: Sparse  # (features, examples), each example of plain length 1
    lengths: Reals  # (examples,), weighted


@dataclass(frozen=True)
class Query:
    """A text as a point of the space."""

    columns: Keys  # of the features that the space knows
    plain: Reals  # of length 1 together with those that it does not know
    weighted: Reals  # times a column of the space is the dot product by weight, over its own length
    known: float  # share of its weight that the space knows, 0…1


def build(normals: Sequence[str], folds: Folds) -> Space:
    parts = [features(normal, folds) for normal in normals]
    found = np.concatenate([keys for keys, _ in parts])
    if not len(found):  # texts without a word: a column that no text has
        nothing = sparse.csr_matrix((1, len(parts)), dtype=np.float32)
        lengths = np.ones(len(parts), dtype=np.float32)
        return Space(np.zeros(1, dtype=np.uint32), np.ones(1, dtype=np.float32), 1.0, nothing, lengths)
    keys, places, counts = np.unique(found, return_inverse=True, return_counts=True)
    starts = np.concatenate([[0], np.cumsum([len(weights) for _, weights in parts])])
    rarity = rarity_of(counts, len(parts))
    weights = np.concatenate([values / max(_length(values), 1e-9) for _, values in parts])
    rows = sparse.csr_matrix((weights, places.astype(np.int32), starts), shape=(len(parts), len(keys)))
    squares = sparse.csr_matrix((weights**2, rows.indices, rows.indptr), shape=rows.shape)
    lengths = np.sqrt(np.maximum(squares @ rarity, 1e-18)).astype(np.float32)
    return Space(keys, rarity, float(rarity_of(np.zeros(1), len(parts))[0]), rows.T.tocsr(), lengths)


def rarity_of(counts: np.ndarray[tuple[int, ...], np.dtype[np.number]], examples: int) -> Reals:
    idf: Doubles = np.log((1 + examples) / (1 + counts)) + 1
    return (idf ** (2 * RARITY)).astype(np.float32)


def locate(space: Space, text: str, folds: Folds) -> Query:
    keys, values = features(normalised(text), folds)
    values = values / max(_length(values), 1e-9)
    places = np.searchsorted(space.keys, keys)
    places[places == len(space.keys)] = 0
    known = space.keys[places] == keys
    columns = places[known]
    squares = values**2
    rarity = np.full(len(keys), space.unknown, dtype=np.float32)
    rarity[known] = space.rarity[columns]
    total = float(squares @ rarity)
    weighted = values[known] * space.rarity[columns] / max(np.sqrt(total), 1e-9)
    share = float(squares[known] @ space.rarity[columns]) / max(total, 1e-9)
    return Query(columns.astype(np.uint32), values[known], weighted.astype(np.float32), min(share, 1.0))


def cosines(space: Space, query: Query) -> tuple[Reals, Reals]:
    """Plain and weighted, each (examples,)."""
    # of the features that the text has, their examples: a fraction of all
    found = space.columns[query.columns.astype(np.int32)]
    plain, weighted = (found.T @ np.stack([query.plain, query.weighted], axis=1)).T
    return np.minimum(plain, 1), np.minimum(weighted / space.lengths, 1)


def rows(space: Space, queries: Sequence[Query]) -> Sparse:
    """(texts, features), weighted, each row of length 1 together with what the space does not know."""
    starts = np.concatenate([[0], np.cumsum([len(query.columns) for query in queries])])
    nothing = np.zeros(0, dtype=np.float32)
    columns = np.concatenate([nothing, *(query.columns for query in queries)]).astype(np.int32)
    values = np.concatenate([nothing, *(query.weighted for query in queries)])
    return sparse.csr_matrix(
        (values / np.sqrt(space.rarity)[columns], columns, starts), (len(queries), len(space.keys))
    )


def _length(values: Reals) -> float:
    return float(np.sqrt(values @ values))
