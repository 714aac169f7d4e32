"""Vectors of a language model beside the matcher's own, which never depends on them: what is not here in time is not.

Those of examples are made beforehand, once, and stay on disk.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Thread

import numpy as np
from numpy.typing import NDArray

from workers.bots.contract import Failed
from workers.bots.outside.encoders import Encoder, Vectors, batches
from workers.bots.outside.wire import Breaker

Vector = NDArray[np.float32]

BATCH_WITHIN = 15.0  # seconds


class Encoding:
    """What the matcher asks. One per process."""

    def __init__(self, encoder: Encoder, folder: Path, timeout: float = 0.3):
        self._encoder, self._timeout = encoder, timeout
        self._path = folder / f"{sha256(encoder.name.encode()).hexdigest()[:16]}.npy"
        self._breaker = Breaker()

    def examples(self, texts: Sequence[str]) -> Vectors | None:
        """None if they cannot be had now; what was already made of them is kept for the next time."""
        hashes = [_hash(each) for each in texts]
        known = _read(self._path)
        missing = {key: text for key, text in zip(hashes, texts, strict=True) if key not in known}
        try:
            for keys in batches(list(missing)):
                made = self._encoder.encode([missing[key] for key in keys], BATCH_WITHIN)
                known.update(zip(keys, made, strict=True))
        except Failed:
            return None
        finally:
            if missing:
                with suppress(OSError):  # a full disk costs the same work next time
                    _write(self._path, known, hashes)
        if len({len(known[key]) for key in hashes}) > 1:  # the model behind the name is another one now
            self._path.unlink(missing_ok=True)
            return None
        return np.stack([known[key] for key in hashes]) if texts else np.zeros((0, 0), np.float32)

    def question(self, text: str) -> Vector | None:
        if not self._breaker.lets_through():
            return None
        vector = _in_time(lambda: self._encoder.encode([text], self._timeout)[0], self._timeout)
        if vector is None:
            self._breaker.failed()
        else:
            self._breaker.answered()
        return vector


def _in_time(make: Callable[[], Vector], within: float) -> Vector | None:
    """A model that computes cannot be stopped: it is left alone."""
    made: Future[Vector] = Future()

    def run() -> None:
        try:
            made.set_result(make())
        except BaseException as error:
            made.set_exception(error)

    Thread(target=run, name="encoding", daemon=True).start()
    with suppress(TimeoutError, Failed):
        return made.result(within)
    return None


def _hash(text: str) -> bytes:
    return sha256(text.encode("utf-8", "replace")).digest()[:16]


def _read(path: Path) -> dict[bytes, Vector]:
    """What is broken is made anew."""
    try:
        rows = np.load(path, allow_pickle=False)
        # NumPy drops zeros at the end of bytes: they are in the hash as they were
        return {bytes(key).ljust(16, b"\0"): vector for key, vector in zip(rows["text"], rows["vector"], strict=True)}
    except (OSError, ValueError, EOFError, IndexError, KeyError):
        return {}


def _write(path: Path, known: dict[bytes, Vector], wanted: Sequence[bytes]) -> None:
    """What other versions of the examples need stays, unless it is most of the file."""
    kept = known if len(known) <= 2 * len(wanted) + 1_000 else {key: known[key] for key in wanted if key in known}
    size = next((len(each) for each in kept.values()), 0)
    rows = [(key, vector) for key, vector in kept.items() if len(vector) == size]
    table = np.array(rows, dtype=[("text", "S16"), ("vector", np.float32, (size,))])
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, suffix=".npy", delete=False) as file:
        try:
            np.save(file, table, allow_pickle=False)
        except OSError:
            os.unlink(file.name)
            raise
    os.replace(file.name, path)
