"""`python -m bench.understanding FOLDER`: how well the matcher understands public corpora, in one table.

FOLDER has a folder for each set that is there: banking77/{train,test}.tsv and crosswoz_req/{train,test}.tsv (a text,
a tab and a label a line; train_10.tsv and train_5.tsv, if there, are published few-shot splits),
clinc150/data_full.json (as published), and any other set as FOLDER/<name>/{train,test}.tsv, with questions that none
of the labels is for as oos.tsv. Each row is measured in a process of its own, on one core.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import mean

Example = tuple[str, str]

SEEDS = 3
SHOTS = (5, 10)
SURE = 0.5
BINS = 10
NEAR = 4  # every fourth label of a set without questions of its own for it is hidden, for AUROC
ONE_CORE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Corpus:
    train: list[Example]
    test: list[Example]
    strangers: list[str]  # none of the labels is theirs


@dataclass(frozen=True)
class Measured:
    right: float  # % of the questions in scope
    answered: float  # % in scope answered rightly, at the matcher's own 0.5
    refused: float  # % out of scope
    auroc: float
    error: float  # of calibration, in scope
    p50: float  # ms a question
    p99: float
    seconds: float  # to train
    added: float  # MB, after training and asking
    peak: float  # MB, all imports and training included


HEADINGS = (
    *("set", "shots", "acc1", "right", "refused", "AUROC", "ECE"),
    *("p50 ms", "p99 ms", "train s", "MB added", "MB peak"),
)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("sets", nargs="*", help="names of sets, all by default")
    arguments.add_argument("--one", nargs=2, metavar=("SHOTS", "SEED"), help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.one:
        shots, seed = given.one
        print(json.dumps(asdict(measured(few(given.folder, given.sets[0], shots, int(seed))))))
        return
    print("  ".join(f"{heading:>9}" for heading in HEADINGS))
    for name in given.sets or sorted(path.name for path in given.folder.iterdir() if path.is_dir()):
        for shots in splits(given.folder / name):
            several = [one(given.folder, name, shots, seed) for seed in range(SEEDS if shots.isdigit() else 1)]
            average = [mean(getattr(run, field.name) for run in several) for field in fields(Measured)]
            print("  ".join(f"{cell:>9}" for cell in (name[:9], shots, *map(_digits, average))), flush=True)


def splits(folder: Path) -> Iterator[str]:
    yield "full"
    yield from (path.stem.replace("train_", "split") for path in sorted(folder.glob("train_*.tsv")))
    yield from map(str, SHOTS)
    yield "hidden"


def one(folder: Path, name: str, shots: str, seed: int) -> Measured:
    command = [sys.executable, "-m", "bench.understanding", str(folder), name, "--one", shots, str(seed)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | ONE_CORE)
    return Measured(**json.loads(run.stdout))


def few(folder: Path, name: str, shots: str, seed: int) -> Corpus:
    """`shots` is full, a number of examples a label, split<n> as published, or hidden: with labels left out."""
    corpus = read(folder / name)
    if shots.startswith("split"):
        return Corpus(tsv(folder / name / f"train_{shots[5:]}.tsv"), corpus.test, corpus.strangers)
    if shots == "hidden":
        hidden = set(sorted({label for _, label in corpus.train})[::NEAR])
        return Corpus(
            [example for example in corpus.train if example[1] not in hidden],
            [example for example in corpus.test if example[1] not in hidden],
            [text for text, label in corpus.test if label in hidden],
        )
    if not shots.isdigit():
        return corpus
    chance, of_label = random.Random(seed), defaultdict(list)
    for text, label in corpus.train:
        of_label[label].append((text, label))
    drawn = [
        example for examples in of_label.values() for example in chance.sample(examples, len(examples))[: int(shots)]
    ]
    return Corpus(drawn, corpus.test, corpus.strangers)


def read(folder: Path) -> Corpus:
    published = folder / "data_full.json"
    if published.exists():
        data = json.loads(published.read_text(encoding="utf-8"))
        train, test = ([(text, label) for text, label in data[part]] for part in ("train", "test"))
        return Corpus(train, test, [text for text, _ in data["oos_test"]])
    strangers = folder / "oos.tsv"
    return Corpus(
        tsv(folder / "train.tsv"),
        tsv(folder / "test.tsv"),
        [text for text, _ in tsv(strangers)] if strangers.exists() else [],
    )


def tsv(path: Path) -> list[Example]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [(text, label) for text, _, label in (line.partition("\t") for line in lines) if label]


def measured(corpus: Corpus) -> Measured:
    before, before_peak = _megabytes(), _peak()
    from workers.bots.matching import train

    began = time.perf_counter()
    matcher = train(corpus.train)
    seconds = time.perf_counter() - began
    waits, sure, right = [], [], []
    for text, label in corpus.test:
        began = time.perf_counter()
        best, confidence = matcher.predict(text)[0]
        waits.append(time.perf_counter() - began)
        sure.append(confidence)
        right.append(best == label)
    strange = [matcher.predict(text)[0][1] for text in corpus.strangers]
    waits.sort()
    return Measured(
        right=100 * mean(right),
        answered=100 * mean(is_right and is_sure >= SURE for is_right, is_sure in zip(right, sure, strict=True)),
        refused=100 * mean(is_sure < SURE for is_sure in strange) if strange else float("nan"),
        auroc=auroc(sure, strange) if strange else float("nan"),
        error=calibration_error(sure, right),
        p50=1000 * waits[len(waits) // 2],
        p99=1000 * waits[int(len(waits) * 0.99)],
        seconds=seconds,
        added=_megabytes() - before,
        peak=_peak() - before_peak,
    )


def auroc(high: Sequence[float], low: Sequence[float]) -> float:
    """How often one of the first is above one of the second."""
    ranked = sorted([(value, True) for value in high] + [(value, False) for value in low])
    total, at = 0.0, 0
    while at < len(ranked):
        end = at
        while end < len(ranked) and ranked[end][0] == ranked[at][0]:
            end += 1
        total += sum(is_high for _, is_high in ranked[at:end]) * (at + end + 1) / 2
        at = end
    return (total - len(high) * (len(high) + 1) / 2) / (len(high) * len(low))


def calibration_error(sure: Sequence[float], right: Sequence[bool]) -> float:
    bins = defaultdict(list)
    for confidence, is_right in zip(sure, right, strict=True):
        bins[min(int(confidence * BINS), BINS - 1)].append((confidence, is_right))
    return sum(abs(sum(c - r for c, r in found)) for found in bins.values()) / len(sure)


def _megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _digits(value: float) -> str:
    return "" if value != value else f"{value:.3f}" if value < 1 else f"{value:.1f}"


if __name__ == "__main__":
    main()
