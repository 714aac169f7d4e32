"""The spool: on the disk when acknowledged, stored once or twice but never lost."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from hub.spool import Spool


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def lines(folder: Path) -> list[str]:
    return [line for path in sorted(folder.glob("*")) for line in path.read_text().splitlines()]


def test_what_was_appended_is_drained_once_in_order(folder: Path) -> None:
    spool = Spool(folder)
    assert spool.is_empty()
    for number in range(450):
        spool.append([f"{number}a", f"{number}b"])
    assert not spool.is_empty()
    stored: list[list[str]] = []
    assert spool.drain(stored.append) == 900
    assert [line for batch in stored for line in batch] == [f"{number}{part}" for number in range(450) for part in "ab"]
    assert max(map(len, stored)) == 200
    assert spool.is_empty()
    assert spool.drain(stored.append) == 0


def test_a_line_torn_by_a_crash_is_ignored(folder: Path) -> None:
    folder.mkdir()
    (folder / "1-a.jsonl").write_bytes(b'{"one": 1}\n{"two": 2}\n{"thr' + "驿".encode()[:2])
    stored: list[str] = []
    assert Spool(folder).drain(stored.extend) == 2
    assert stored == ['{"one": 1}', '{"two": 2}']


def test_what_could_not_be_stored_stays(folder: Path) -> None:
    spool = Spool(folder)
    spool.append(["one"])

    def refuse(_: list[str]) -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        spool.drain(refuse)
    assert not spool.is_empty()
    spool.append(["two"])
    stored: list[str] = []
    assert spool.drain(stored.extend) == 2
    assert sorted(stored) == ["one", "two"]


def test_a_crash_between_store_and_unlink_stores_twice_which_is_harmless(folder: Path) -> None:
    """The second copy is dropped by its key; here we see that it is there at all."""
    spool = Spool(folder)
    spool.append(["one"])
    [path] = folder.glob("*.jsonl")
    content = path.read_bytes()
    stored: list[str] = []
    spool.drain(stored.extend)
    path.write_bytes(content)
    Spool(folder).drain(stored.extend)
    assert stored == ["one", "one"]


def test_the_file_of_a_living_process_is_its_own(folder: Path) -> None:
    writer, other = Spool(folder), Spool(folder)
    writer.append(["one"])
    stored: list[str] = []
    assert other.drain(stored.extend) == 0
    assert not other.is_empty()
    assert writer.drain(stored.extend) == 1
    assert stored == ["one"]


def test_what_a_killed_process_left_is_drained_by_another(folder: Path) -> None:
    code = """
        import os, sys
        from pathlib import Path
        from hub.spool import Spool
        Spool(Path(sys.argv[1])).append(["one", "two"])
        os.kill(os.getpid(), 9)
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(code), str(folder)], cwd=Path(__file__).parents[2])
    assert ended.returncode == -9
    assert lines(folder) == ["one", "two"]
    stored: list[str] = []
    assert Spool(folder).drain(stored.extend) == 2
    assert stored == ["one", "two"]
