"""One real stack for all fault tests; each brings its own customers."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from bench.stack import REPOSITORY, run_file, running
from channels.wechat.pauses import LOOK_AGAIN
from tests.faults.shop import Inbox, Shop

CLAIM_EXPIRES = "12s"  # longer than a send may take, as it must be
QUESTIONS = 4  # as many as the bot may answer: of five answers the last is for a person

BOT = 'patience = "0s"\n\n[[engines]]\nengine = "keywords"\n' + "".join(
    f'[[engines.rules]]\nwhen = ["q{number}"]\nsay = "a{number}"\n' for number in range(1, QUESTIONS + 1)
)


@pytest.fixture(scope="session")
def open_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    config = tmp_path_factory.mktemp("faults") / "config"
    shutil.copytree(REPOSITORY / "config", config)
    (config / "bots" / "frontdesk.toml").write_text(BOT)
    shutil.rmtree(config / "tests", ignore_errors=True)  # of another bot
    _replace(config / "hub.toml", r'claim_expires = "\w+"', f'claim_expires = "{CLAIM_EXPIRES}"')
    _replace(config / "channels" / "phone.toml", r'waits_for = "\w+"', 'waits_for = "8s"')
    with running(config) as stack:
        shop = Shop(stack, stack.simulator, stack.api())
        yield shop
        shop.api.session.close()
        shop.simulator.session.close()


@pytest.fixture
def shop(open_shop: Shop) -> Iterator[Shop]:
    """At rest before and after; not reset between, for that would also revoke the token and forget the customers."""
    open_shop.simulator.delete("/faults")
    yield open_shop
    open_shop.comes_to_rest()
    states = {(channel["state"], channel["reason"]) for channel in open_shop.api.get("/channels")["items"]}
    assert states == {("ok", "")}
    _end_pauses(open_shop)


def _end_pauses(shop: Shop) -> None:
    """What the provider asked one test to wait for is not the next one's matter."""
    with Redis.from_url(run_file(shop.stack)["redis_url"]) as redis:
        if pauses := redis.keys("wechat:pause:*"):
            redis.delete(*pauses)
            time.sleep(LOOK_AGAIN + 1)


@pytest.fixture
def inbox(shop: Shop) -> Iterator[Inbox]:
    inbox = Inbox(shop)
    yield inbox
    inbox.close()


def _replace(path: Path, pattern: str, replacement: str) -> None:
    text, count = re.subn(pattern, replacement, path.read_text())
    assert count == 1, f"{pattern} is not in {path}"
    path.write_text(text)
