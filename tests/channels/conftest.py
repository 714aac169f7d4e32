"""The secrets that the accounts under test name."""

from __future__ import annotations

import pytest

from tests.channels.accounts import SECRETS


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
