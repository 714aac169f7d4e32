"""Which of the labelled examples a text is like, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse  # type: ignore[import-untyped]

from workers.bots.matching import calibration as calibrating
from workers.bots.matching import space as spaces
from workers.bots.matching.arrays import Indices, Keys, Reals, Sparse
from workers.bots.matching.calibration import Calibration
from workers.bots.matching.ranking import Scores, kernel, nearest, nearest_labels, solve
from workers.bots.matching.space import Query, Space
from workers.bots.matching.text import Folds, default_synonyms, folds_of, normalised

LISTED = 20  # candidates an answer has at most
SAME = 0.99  # how sure a text that is an example makes us
LIKE = 0.985  # how sure one can be at most that is only like some
CALIBRATED_ON = 2_500  # examples at most: more tell little more and take minutes
LEARNED_FROM = 10_000  # examples at most, for the kernel machine: its memory grows with their square
ENCODED = 0.6  # how much an encoder's cosine counts beside the sparse one

Example = tuple[str, str]
Synonyms = Iterable[Sequence[str]]


@dataclass(frozen=True)
class Model:
    """What is learned of one sort of cosines: of the sparse ones, or of these and an encoder's."""

    machine: Reals | None  # (learned from, labels); None with one example a label, or one label
    calibration: Calibration


@dataclass(frozen=True)
class Matcher:
    labels: tuple[str, ...]
    label_of: Indices  # (examples,)
    learned: Indices  # the examples that the machines have weights of
    same: NDArray[np.uint64]  # (examples,) hashes of the normalised texts, sorted
    same_at: Indices  # (examples,) which example each of them is
    groups: tuple[tuple[str, ...], ...]  # of synonyms
    folds: Folds  # the same, to be used
    space: Space
    words: Keys  # columns of the space, those that examples of the first label have, sorted, then the next label's
    words_from: Indices  # (labels + 1,) where each label's begin
    model: Model
    encoded: Reals | None = None  # (examples, dimensions), rows of length 1
    fused: Model | None = None

    def predict(self, text: str, encoded: ArrayLike | None = None) -> list[tuple[str, float]]:
        """The likeliest labels and how sure each is, best first; together at most 1."""
        sure = self._same(text)
        if len(sure) == 1:
            rest = [(label, share) for label, share in self._like(text, encoded) if label != sure[0][0]]
            spare = (1 - SAME) / max(sum(share for _, share in rest), 1e-9)
            return [*sure, *((label, share * min(spare, 1.0)) for label, share in rest)][:LISTED]
        if sure:
            return sure[:LISTED]
        return self._like(text, encoded)

    def _like(self, text: str, encoded: ArrayLike | None) -> list[tuple[str, float]]:
        query = spaces.locate(self.space, text, self.folds)
        plain, weighted = spaces.cosines(self.space, query)
        model = self.model
        if encoded is not None and self.encoded is not None and self.fused is not None:
            model = self.fused
            point = _rows_of_length_1(np.asarray(encoded, dtype=np.float32)[None, :])[0]
            plain, weighted = _fuse(plain, weighted, self.encoded @ point)
        best, mean = nearest_labels(weighted, self.label_of, np.bincount(self.label_of, minlength=len(self.labels)))
        if model.machine is None:
            linear = np.zeros(len(self.labels), dtype=np.float32)
        else:
            linear = kernel(plain[self.learned]) @ model.machine
        return self._confident(Scores(linear, best, mean), query, model.calibration)

    def _confident(self, scores: Scores, query: Query, calibration: Calibration) -> list[tuple[str, float]]:
        shares = calibrating.probabilities(scores, calibration.temperature)
        said = self._said(query, int(shares.argmax()))
        told = calibrating.signals(scores, shares, said, calibration.linear)
        sure = LIKE * calibrating.confidence(calibration, told)
        if not len(query.columns) and calibration is self.model.calibration:
            sure = min(sure, 0.01)  # nothing in common with any example
        order = np.argsort(-shares, kind="stable")[:LISTED]
        first = shares[order[0]]
        # what is left of certainty is shared as the labels' probabilities are, and none gets more than the best
        others = np.minimum(sure * shares / first, (1 - sure) * shares / max(1 - first, 1e-9))
        others[order[0]] = sure
        return [(self.labels[place], float(min(max(others[place], 0.0), 1.0))) for place in order]

    def _said(self, query: Query, label: int) -> float:
        """The share of a question's weight that some example of the label has."""
        words = self.words[self.words_from[label] : self.words_from[label + 1]]
        places = np.searchsorted(words, query.columns)
        places[places == len(words)] = 0
        return float(query.shares[words[places] == query.columns].sum()) if len(words) else 0.0

    def _same(self, text: str) -> list[tuple[str, float]]:
        """The labels of the examples that are this text."""
        wanted = _hash_of(text)
        start, end = np.searchsorted(self.same, [wanted, wanted + np.uint64(1)]) if wanted else (0, 0)
        kinds, counts = np.unique(self.label_of[self.same_at[start:end]], return_counts=True)
        order = np.argsort(-counts, kind="stable")
        return [(self.labels[kinds[at]], SAME * float(counts[at] / counts.sum())) for at in order]

    def nearest(self, text: str, limit: int) -> list[tuple[int, float]]:
        """The examples most like a text, by their place in what was trained, and their cosines."""
        _, weighted = spaces.cosines(self.space, spaces.locate(self.space, text, self.folds))
        return [(int(place), float(weighted[place])) for place in nearest(weighted, max(limit, 0))]

    def vectors(self, texts: Sequence[str]) -> Sparse:
        """A scipy CSR matrix (texts, features): the products of its rows are cosines."""
        return spaces.rows(self.space, [spaces.locate(self.space, text, self.folds) for text in texts])


def train(examples: Sequence[Example], synonyms: Synonyms = (), encoded: ArrayLike | None = None) -> Matcher:
    """`synonyms` are groups of words, beside those of synonyms.toml. `encoded` has a row of any encoder an example."""
    examples = list(examples)
    if not examples:
        raise ValueError("needs at least one example")
    groups = all_synonyms(synonyms)
    folds = folds_of(groups)
    names = sorted({label for _, label in examples})
    place = {name: at for at, name in enumerate(names)}
    labels = np.array([place[label] for _, label in examples], dtype=np.int64)
    space = spaces.build([normalised(text) for text, _ in examples], folds)
    learned = evenly(labels, LEARNED_FROM)
    hashes = np.array([_hash_of(text) for text, _ in examples], dtype=np.uint64)
    order = np.argsort(hashes, kind="stable")
    rows = None if encoded is None else _rows_of_length_1(np.asarray(encoded, dtype=np.float32))
    if rows is not None and len(rows) != len(examples):
        raise ValueError(f"{len(rows)} encoded rows for {len(examples)} examples")
    words = _words(space.columns.T.tocsr(), labels)
    return Matcher(
        labels=tuple(names),
        label_of=labels,
        learned=learned,
        same=hashes[order],
        same_at=order,
        groups=groups,
        folds=folds,
        space=space,
        words=words.indices.astype(np.uint32),
        words_from=words.indptr.astype(np.int64),
        model=_learn(space, labels, learned, len(names), None),
        encoded=rows,
        fused=None if rows is None else _learn(space, labels, learned, len(names), rows),
    )


def all_synonyms(synonyms: Synonyms) -> tuple[tuple[str, ...], ...]:
    """The caller's first: they know their trade."""
    return (*(tuple(group) for group in synonyms), *default_synonyms())


def evenly(labels: Indices, limit: int) -> Indices:
    """At most this many examples, as many of each label as there are, rare labels first."""
    if len(labels) <= limit:
        return np.arange(len(labels))
    chance = np.random.default_rng(0).permutation(len(labels))
    turn = np.empty(len(labels), dtype=np.int64)
    kinds = labels[chance]
    order = np.argsort(kinds, kind="stable")
    starts = np.searchsorted(kinds[order], kinds[order])
    turn[chance[order]] = np.arange(len(labels)) - starts
    return np.sort(np.argsort(turn, kind="stable")[:limit])


def _learn(space: Space, labels: Indices, learned: Indices, kinds: int, encoded: Reals | None) -> Model:
    if kinds < 2 or len(labels) < 2 * kinds:
        return Model(None, calibrating.prior(False))
    rows = space.columns.T.tocsr()[learned]
    columns = rows.T.tocsr()

    def cosines(start: int, end: int) -> Reals:
        plain: Reals = np.minimum((rows[start:end] @ columns).toarray(), 1)
        if encoded is None:
            return plain
        return _fuse(plain, plain, encoded[learned[start:end]] @ encoded[learned].T)[0]

    machine = solve(cosines, labels[learned], kinds)
    return Model(machine, _calibrate(space, labels, encoded))


def _calibrate(space: Space, labels: Indices, encoded: Reals | None) -> Calibration:
    sample = evenly(labels, CALIBRATED_ON)
    there, among = np.unique(labels[sample], return_inverse=True)
    if len(there) < calibrating.FOLDS:
        return calibrating.prior(True)
    rows = space.columns.T.tocsr()[sample]
    plain = np.minimum((rows @ rows.T).toarray(), 1)
    weighed = rows.copy()
    weighed.data = (
        rows.data * np.sqrt(space.rarity)[rows.indices] / np.repeat(space.lengths[sample], np.diff(rows.indptr))
    )
    weighted = np.minimum((weighed @ weighed.T).toarray(), 1)
    if encoded is not None:
        plain, weighted = _fuse(plain, weighted, encoded[sample] @ encoded[sample].T)
    folds = calibrating.folds_of(among)
    weighed.data = weighed.data**2
    said = [_said(rows[fold.kept], among[fold.kept], weighed[fold.asked]) for fold in folds]
    return calibrating.fit(plain, weighted, said, folds, among, len(labels) / len(there))


def _words(rows: Sparse, labels: Indices) -> Sparse:
    """(labels, features), 1 where some example of the label has the feature."""
    kinds = sparse.csr_matrix(
        (np.ones(len(labels), dtype=np.float32), (labels, np.arange(len(labels)))), (labels.max() + 1, len(labels))
    )
    words = kinds @ sparse.csr_matrix((np.ones_like(rows.data), rows.indices, rows.indptr), rows.shape)
    words.data[:] = 1
    words.sort_indices()
    return words


def _said(kept: Sparse, labels: Indices, asked: Sparse) -> Reals:
    """(asked, labels that are kept): Matcher._said, if there were no examples but these."""
    _, place = np.unique(labels, return_inverse=True)
    shares: Reals = (asked @ _words(kept, place).T).toarray()
    return shares


def _fuse(plain: Reals, weighted: Reals, encoded: Reals) -> tuple[Reals, Reals]:
    """Of the plain ones a kernel is made, which is one only of true cosines: none is cut off below."""
    close: Reals = np.minimum(encoded, 1)
    near: Reals = np.clip(encoded, 0, 1)
    return (1 - ENCODED) * plain + ENCODED * close, (1 - ENCODED) * weighted + ENCODED * near


def _rows_of_length_1(rows: Reals) -> Reals:
    lengths = np.sqrt((rows**2).sum(axis=1, keepdims=True))
    return np.ascontiguousarray(rows / np.maximum(lengths, 1e-9), dtype=np.float32)


def _hash_of(text: str) -> np.uint64:
    """0 is of no text. A text without words is itself: an emoji may be an example."""
    key = normalised(text) or text[:100].strip()
    digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest() if key else bytes(8)
    return np.uint64(int.from_bytes(digest, "little") >> 1)
