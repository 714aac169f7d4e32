"""Nobody waits long for the inbox on a slow line."""

from __future__ import annotations

import pytest

from bench import bundles


@pytest.mark.skipif(not (bundles.BUILT / "index.html").exists(), reason="the inbox is not built: run make setup")
def test_what_is_loaded_first_stays_small() -> None:
    assert [row for row in bundles.rows() if row[3] and row[1] > row[3][1]] == []
