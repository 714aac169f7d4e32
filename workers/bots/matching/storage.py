"""Matchers in folders: arrays that processes share by mapping them, JSON for the rest."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse  # type: ignore[import-untyped]

from workers.bots.matching.calibration import Calibration
from workers.bots.matching.matcher import Example, Matcher, Model, Synonyms, all_synonyms, train
from workers.bots.matching.space import Space
from workers.bots.matching.text import folds_of

READERS = ("opencc", "pypinyin", "rjieba")  # whose dictionaries decide what a text is made of
KEPT = 3  # matchers of one folder: processes may still start with the one before
REST = "matcher.json"


@cache
def made_by() -> str:
    """The same for what makes the same matchers of the same examples, and writes the same files."""
    digest = blake2b(digest_size=16)
    for source in sorted(Path(__file__).parent.glob("*.*")):
        if source.is_file():
            digest.update(source.read_bytes())
    digest.update(json.dumps([version(reader) for reader in READERS]).encode())
    return digest.hexdigest()


def fingerprint(examples: Sequence[Example], synonyms: Synonyms = (), encoded: ArrayLike | None = None) -> str:
    """The same for what gives the same matcher."""
    content = json.dumps([made_by(), [list(example) for example in examples], all_synonyms(synonyms)])
    digest = blake2b(content.encode(), digest_size=16)
    if encoded is not None:
        digest.update(np.ascontiguousarray(encoded, dtype=np.float32).tobytes())
    return digest.hexdigest()


def trained(
    examples: Sequence[Example], folder: Path | str, synonyms: Synonyms = (), encoded: ArrayLike | None = None
) -> Matcher:
    """The matcher of these examples: from the folder if it is there, else trained once for all processes."""
    examples, synonyms = list(examples), [tuple(group) for group in synonyms]
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / fingerprint(examples, synonyms, encoded)
    found = _readable(path)
    if found is None:
        with open(folder / ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # let go by the system when its process ends
            found = _readable(path)
            if found is None:
                save(train(examples, synonyms, encoded), path)
                _tidy(folder)
                found = load(path)
    with suppress(OSError):
        os.utime(path)  # the newest are those in use
    return found


def save(matcher: Matcher, path: Path) -> None:
    """All of it or nothing: in a folder of its own, which then takes the name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=".making-", dir=path.parent))
    try:
        for name, array in _arrays(matcher).items():
            np.save(making / f"{name}.npy", array, allow_pickle=False)
        (making / REST).write_text(json.dumps(_rest(matcher), ensure_ascii=False), encoding="utf-8")
        if path.exists():
            shutil.rmtree(path)
        making.rename(path)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def load(path: Path) -> Matcher:
    rest = json.loads((path / REST).read_text(encoding="utf-8"))
    if rest["made_by"] != made_by():
        raise ValueError(f"{path} was made by another version of this package: train it again")

    def array(name: str) -> Any:
        return np.load(path / f"{name}.npy", mmap_mode="r", allow_pickle=False)

    def model(name: str) -> Model | None:
        if name not in rest["models"]:
            return None
        held = rest["models"][name]
        calibration = Calibration(np.array(held["coefficients"]), held["temperature"], held["linear"])
        return Model(array(f"{name}_machine") if held["machine"] else None, calibration)

    groups = tuple(tuple(group) for group in rest["groups"])
    shape = tuple(rest["shape"])
    columns = sparse.csr_matrix(shape, dtype=np.float32)
    # set, not given: the constructor would look at all of them, and so read the files
    columns.data, columns.indices, columns.indptr = array("weights"), array("examples"), array("starts")
    plain = model("plain")
    assert plain is not None
    return Matcher(
        labels=tuple(rest["labels"]),
        label_of=array("label_of"),
        learned=array("learned"),
        same=array("same"),
        same_at=array("same_at"),
        groups=groups,
        folds=folds_of(groups),
        space=Space(array("keys"), array("rarity"), rest["unknown"], rest["typical"], columns, array("lengths")),
        words=array("words"),
        words_from=array("words_from"),
        model=plain,
        encoded=array("encoded") if "fused" in rest["models"] else None,
        fused=model("fused"),
    )


def _models(matcher: Matcher) -> dict[str, Model]:
    return {"plain": matcher.model} | ({"fused": matcher.fused} if matcher.fused else {})


def _arrays(matcher: Matcher) -> dict[str, Any]:
    space = matcher.space
    arrays = {
        "label_of": matcher.label_of,
        "learned": matcher.learned,
        "same": matcher.same,
        "same_at": matcher.same_at,
        "keys": space.keys,
        "rarity": space.rarity,
        "lengths": space.lengths,
        "weights": space.columns.data,
        "examples": space.columns.indices,
        "starts": space.columns.indptr,
        "words": matcher.words,
        "words_from": matcher.words_from,
        "encoded": matcher.encoded,
    } | {f"{name}_machine": model.machine for name, model in _models(matcher).items()}
    return {name: array for name, array in arrays.items() if array is not None}


def _rest(matcher: Matcher) -> dict[str, Any]:
    return {
        "made_by": made_by(),
        "labels": matcher.labels,
        "groups": matcher.groups,
        "unknown": matcher.space.unknown,
        "typical": matcher.space.typical,
        "shape": matcher.space.columns.shape,
        "models": {
            name: {
                "machine": model.machine is not None,
                "coefficients": model.calibration.coefficients.tolist(),
                "temperature": model.calibration.temperature,
                "linear": model.calibration.linear,
            }
            for name, model in _models(matcher).items()
        },
    }


def _readable(path: Path) -> Matcher | None:
    """None also where a file is damaged, or another process has just removed it: it is made again."""
    try:
        return load(path)
    except (OSError, ValueError, KeyError, EOFError):
        return None


def _tidy(folder: Path) -> None:
    """Called under the lock, so what is half made is of a process that died."""
    matchers = [path for path in folder.iterdir() if path.is_dir() and (path / REST).exists() and path.name[0] != "."]
    matchers.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in [*matchers[KEPT:], *folder.glob(".making-*")]:
        shutil.rmtree(path, ignore_errors=True)
