"""Ports nobody listens on, and directories that vanish afterwards."""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def temporary_data() -> Iterator[Path]:
    """A data directory that PostgreSQL's account can reach when the tests run as root; pytest's own it cannot."""
    directory = Path(tempfile.mkdtemp(prefix="yizhan-"))
    directory.chmod(0o711)
    try:
        yield directory
    finally:
        shutil.rmtree(directory)
