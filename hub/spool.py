"""Where pushes wait while PostgreSQL is away: files of JSON lines, each line on the disk before it is acknowledged."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from io import FileIO
from pathlib import Path
from threading import Lock
from uuid import uuid4

LINES_AT_ONCE = 200


class Spool:
    """A folder of files. Each process writes its own, locked; what a dead process left belongs to whoever finds it."""

    def __init__(self, folder: Path):
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._file: FileIO | None = None
        self._lock = Lock()

    def append(self, lines: list[str]) -> None:
        """On the disk when it returns."""
        with self._lock:
            if self._file is None:
                self._file = self._new_file()
            self._file.write("".join(f"{line}\n" for line in lines).encode())
            os.fsync(self._file.fileno())

    def is_empty(self) -> bool:
        return next(self._folder.glob("*.jsonl"), None) is None

    def drain(self, store: Callable[[list[str]], None]) -> int:
        """Hand everything to `store`, file by file; a file goes once all of it is stored."""
        with self._lock:
            if self._file:
                self._file.close()
                self._file = None
        return sum(self._drain(path, store) for path in sorted(self._folder.glob("*.jsonl")))

    def _drain(self, path: Path, store: Callable[[list[str]], None]) -> int:
        try:
            file = path.open("rb")
        except FileNotFoundError:  # another process was faster
            return 0
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:  # its writer lives and will drain it
                return 0
            # a last line without its end was never acknowledged
            lines = [line.decode() for line in file.read().split(b"\n")[:-1]]
            for batch in _batches(lines):
                store(batch)
            path.unlink(missing_ok=True)
        return len(lines)

    def _new_file(self) -> FileIO:
        file = FileIO(self._folder / f"{os.getpid()}-{uuid4().hex}.jsonl", "xb")
        fcntl.flock(file, fcntl.LOCK_EX)
        folder = os.open(self._folder, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        return file


def _batches(lines: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(lines), LINES_AT_ONCE):
        yield lines[start : start + LINES_AT_ONCE]
