"""Keys of our own: made once, kept in files that nobody else may read, the same for every process beside them."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

BYTES = 32
SETUP_TOKEN = "setup-token"  # the file in the data directory that opens the first run


def key(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    draft.touch(0o600)
    draft.write_bytes(secrets.token_bytes(BYTES))
    try:
        os.link(draft, path)  # of two processes one wins, and the other reads what it wrote
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_bytes()
