"""The real stack, a real browser: a customer at the simulator's page, an agent in the inbox."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from bench.stack import Stack, running
from tests.e2e.windows import POST, SERVICE, SHOP, Newcomer

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
QUIET = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]
_numbers = count(1)
PATIENCE = 15_000  # milliseconds, also on a busy machine
AS_ROOT = ["--no-sandbox", "--disable-dev-shm-usage"] if os.geteuid() == 0 else []

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    if CHROMIUM is None:
        reason = "no chromium on this machine: install it (Debian: apt-get install chromium) to run the browser tests"
        if os.environ.get("YIZHAN_REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": [*QUIET, *AS_ROOT]}


@pytest.fixture(scope="session")
def open_stack(browser: Browser) -> Iterator[Stack]:
    """Asked for after the browser, so that a machine without one does not start it in vain."""
    with running() as started:
        yield started


@pytest.fixture
def stack(open_stack: Stack) -> Iterator[Stack]:
    """With nobody left to answer, and with WeChat's clock right."""
    hub, wechat = open_stack.api(), open_stack.simulator
    while left := hub.get("/conversations", status="bot,waiting,open,snoozed")["items"]:
        for conversation in left:
            hub.post(f"/conversations/{conversation['id']}/resolve")
    yield open_stack
    wechat.post("/clock", {"advance": -wechat.get("/clock")["shift"]})


@pytest.fixture
def newcomer(stack: Stack) -> Newcomer:
    """newcomer(): the name of somebody who is on all three accounts and has never written."""

    def come() -> str:
        number = next(_numbers)
        who = {"name": f"客户 {number}", "unionid": f"uBrowser{number}"}
        for account in (SHOP, SERVICE, POST):
            stack.simulator.post(f"/accounts/{account}/users", who)
        return who["name"]

    return come


@pytest.fixture
def screen(request: pytest.FixtureRequest) -> Any:
    """screen(page, name): what the page looked like at that moment, for people to see."""
    folder = Path(request.config.rootpath) / "test-results"
    folder.mkdir(exist_ok=True)

    def shoot(page: Page, name: str) -> None:
        page.screenshot(path=folder / f"{name}.png")

    return shoot


@pytest.fixture
def pages(browser: Browser) -> Iterator[Any]:
    """pages(width, height, language): a window of its own, with cookies of its own."""
    contexts = []

    def open_page(width: int = 1440, height: int = 900, language: str = "zh-CN") -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, locale=language)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        return page

    yield open_page
    for context in contexts:
        context.close()
