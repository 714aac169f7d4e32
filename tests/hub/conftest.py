"""Who is there, and what waits for them, in stories of several agents."""

from __future__ import annotations

import pytest

from tests.stage import Person, Stage, written


@pytest.fixture
def anna(stage: Stage) -> Person:
    return stage.agent()


@pytest.fixture
def bo(stage: Stage) -> Person:
    return stage.agent("Bo")


@pytest.fixture
def talk(stage: Stage) -> int:
    """A conversation that waits."""
    stage.page(written("help", number=1))
    stage.work()
    return stage.conversation().id
