"""One sparse space for all languages: a row a text, a column a feature that some example has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]

from workers.bots.matching.arrays import Doubles, Keys, Reals, Sparse
from workers.bots.matching.text import Folds, everyday, features, normalised

EVERYDAY = 0.2  # of its rarity, squared, that counts of what questions about anything have
RARITY = 1.0  # power of the idf: with few examples, rare is often only by chance
# What more than so many examples have, and such a share of all, says little and takes most of a question's time.
COMMON, COMMON_SHARE = 4_000, 0.4
SHORT = 0.25  # of the weight of a typical example: a question of less, though all of it is known, says little


@dataclass(frozen=True)
class Space:
    """Two measures of the same rows. Plain: every feature counts alike; weighted: by how rare it is.

    A linear model finds by itself which features matter, and rarity misleads it; neighbours need it.
    """

    keys: Keys  # (features,), sorted
    rarity: Reals  # (features,), squared; 0 of what is too common to count
    unknown: float  # rarity of what no example has, squared
    typical: float  # weight of an example, the median
    columns: Sparse  # (features, examples), each example of plain length 1
    lengths: Reals  # (examples,), weighted


@dataclass(frozen=True)
class Query:
    """A text as a point of the space."""

    columns: Keys  # of the features that the space knows, sorted
    plain: Reals  # of length 1 together with those that it does not know
    weighted: Reals  # times a column of the space is the dot product by weight, over its own length
    shares: Reals  # of its weight, or of more if it is short; their sum is what the space knows of it, 0…1


def build(normals: Sequence[str], folds: Folds) -> Space:
    parts = [features(normal, folds) for normal in normals]
    found = np.concatenate([keys for keys, _ in parts])
    if not len(found):  # texts without a word: a column that no text has
        nothing = sparse.csr_matrix((1, len(parts)), dtype=np.float32)
        lengths = np.ones(len(parts), dtype=np.float32)
        return Space(np.zeros(1, dtype=np.uint32), np.ones(1, dtype=np.float32), 1.0, 1.0, nothing, lengths)
    keys, places, counts = np.unique(found, return_inverse=True, return_counts=True)
    starts = np.concatenate([[0], np.cumsum([len(weights) for _, weights in parts])])
    rarity = _less_if_everyday(keys, rarity_of(counts, len(parts)))
    rarity[counts > max(COMMON, COMMON_SHARE * len(parts))] = 0
    weights = np.concatenate([values for _, values in parts])
    rows = sparse.csr_matrix((weights, places.astype(np.int32), starts), shape=(len(parts), len(keys)))
    rows.data[rarity[rows.indices] == 0] = 0
    rows.eliminate_zeros()
    squares = sparse.csr_matrix((rows.data**2, rows.indices, rows.indptr), shape=rows.shape)
    typical = max(float(np.median(squares @ rarity)), 1e-9)
    plain = np.sqrt(np.maximum(squares @ np.ones_like(rarity), 1e-18))
    lengths = (np.sqrt(np.maximum(squares @ rarity, 1e-18)) / plain).astype(np.float32)
    rows.data /= np.repeat(plain, np.diff(rows.indptr))
    return Space(keys, rarity, float(rarity_of(np.zeros(1), len(parts))[0]), typical, rows.T.tocsr(), lengths)


def rarity_of(counts: np.ndarray[tuple[int, ...], np.dtype[np.number]], examples: int) -> Reals:
    idf: Doubles = np.log((1 + examples) / (1 + counts)) + 1
    return (idf ** (2 * RARITY)).astype(np.float32)


def _less_if_everyday(keys: Keys, rarity: Reals) -> Reals:
    words = everyday()
    places = np.searchsorted(words, keys)
    places[places == len(words)] = 0
    less: Reals = np.where(words[places] == keys, np.float32(EVERYDAY), np.float32(1)) * rarity
    return less


def locate(space: Space, text: str, folds: Folds) -> Query:
    keys, values = features(normalised(text), folds)
    places = np.searchsorted(space.keys, keys)
    places[places == len(space.keys)] = 0
    known = space.keys[places] == keys
    rarity = np.empty(len(keys), dtype=np.float32)
    rarity[known] = space.rarity[places[known]]
    rarity[~known] = _less_if_everyday(keys[~known], np.full(len(keys) - known.sum(), space.unknown, dtype=np.float32))
    counted = rarity > 0
    places, values, rarity, known = places[counted], values[counted], rarity[counted], known[counted]
    mass = float(values**2 @ rarity)
    values = values / max(_length(values), 1e-9)
    weights = values * rarity
    total = max(float(values @ weights), 1e-18)
    shares = values[known] * weights[known] / total * min(mass / (SHORT * space.typical), 1)
    return Query(places[known].astype(np.uint32), values[known], weights[known] / np.float32(np.sqrt(total)), shares)


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
