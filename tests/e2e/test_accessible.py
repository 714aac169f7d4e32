"""Every page, in both languages and themes, at three widths: nothing that axe finds, nothing cut, covered or too small.

A page is looked at whole in the light; in the dark only colours can differ, so only they are looked at again.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from bench.stack import AGENT, Stack, running
from tests.e2e.conftest import PATIENCE
from tests.e2e.seeding import Seeded, seed

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

INBOX = Path(__file__).parents[2] / "inbox"
AXE = INBOX / "node_modules/axe-core/axe.min.js"
BARS = Path(__file__).with_name("bars.js")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
LANGUAGES = ("zh-CN", "en")
WIDTHS = {1440: 900, 820: 1180, 390: 844}
NARROWEST = 320
VIEWS = ("mine", "waiting", "all", "mentions", "followed", "snoozed", "bot", "resolved")
PAGES = (
    *(f"/inbox/{view}" for view in VIEWS),
    "/inbox/mine/{thread}",
    "/inbox/all/{mail}",
    "/inbox/waiting/{waiting}",
    "/contacts/{contact}",
    "/search",
    "/search?q=退款",
    *(f"/bot/{tab}" for tab in ("questions", "proposals", "knowledge", "state")),
    "/channels",
    "/channels/service",
    "/failed",
    "/failed/{failed}",
    "/setup",
    *(f"/settings/{tab}" for tab in ("me", "agents", "teams", "canned", "labels", "views", "files", "audit")),
)
# what lies over a page: where, and the key or the button that opens it
OVERLAYS: dict[str, tuple[str, str]] = {
    "help": ("/inbox/mine/{thread}", "?"),
    "new mail": ("/inbox/mine", "c"),
    "palette": ("/inbox/mine/{thread}", "Control+k"),
    "assign": ("/inbox/mine/{thread}", "a"),
    "label": ("/inbox/mine/{thread}", "l"),
    "snooze": ("/inbox/mine/{thread}", "z"),
    "priority": ("/inbox/mine/{thread}", "y"),
    "filter": ("/inbox/mine", ".filter [aria-haspopup=dialog]"),
    "views": ("/inbox/mine", ".views"),
    "bell": ("/inbox/mine", ".bell"),
    "account": ("/inbox/mine", ".account"),
    "more": ("/inbox/mine/{thread}", ".actions [aria-haspopup]"),
    "failed": ("/failed/{failed}", ".jobpanel .button:not(.button--icon)"),
    "view": ("/settings/views", ".kept__one button"),
}
SETTLED = """() => document.querySelector('h1') && !document.querySelector('[aria-busy=true]:empty, .bone, .spinner')"""
Fault = tuple[str, ...]


@pytest.fixture(scope="module")
def full(browser: Browser) -> Iterator[Stack]:
    """Its own: what happened here would stand in the way of other stories."""
    with running() as stack:
        yield stack


@pytest.fixture(scope="module")
def seeded(full: Stack, tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    return seed(full, tmp_path_factory.mktemp("seed"))


@contextmanager
def window(browser: Browser, stack: Stack, language: str, faults: list[Fault]) -> Iterator[Page]:
    """Signed in, with everything noted that it says to its console and asks of others."""
    context = browser.new_context(locale=language, reduced_motion="reduce", bypass_csp=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.on("console", lambda said: faults.append((page.url, "console", said.text)) if said.type == "error" else None)
    page.on("pageerror", lambda error: faults.append((page.url, "error", str(error))))

    def asks(request: Any) -> None:
        if not request.url.startswith((stack.hub, "data:", "blob:")):
            faults.append((page.url, "stranger", request.url))

    page.on("request", asks)
    yield page
    context.close()


def sign_in(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.hub}/login")
    page.locator("input[autocomplete=username]").fill(AGENT["email"])
    page.locator("input[type=password]").fill(AGENT["password"])
    page.locator("form button[type=submit]").click()
    expect(page.locator("#list")).to_be_visible()


def look(
    page: Page, where: str, language: str, widths: dict[int, int] = WIDTHS, narrowest: bool = True
) -> Iterator[Fault]:
    """One page as it stands."""
    page.evaluate("window.axe || 0") or page.evaluate(AXE.read_text())
    page.evaluate("window.bars ? 1 : 0") or page.evaluate(BARS.read_text())
    for width, height in widths.items():
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("document.documentElement.dataset.theme = 'light'")
        page.wait_for_function(SETTLED)
        for found in page.evaluate("([t, l, p]) => bars.whole(t, l, p)", [TAGS, language, width < 820]):
            yield where, language, "light", str(width), *found
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
        for found in page.evaluate("bars.colours()"):
            yield where, language, "dark", str(width), *found
    if not narrowest:
        return
    page.set_viewport_size({"width": NARROWEST, "height": 640})
    for found in page.evaluate("bars.sideways()"):
        yield where, language, "", str(NARROWEST), *found


def opened(page: Page, by: str) -> None:
    page.keyboard.press(by) if by[0] not in "." else page.locator(by).first.click()
    expect(page.locator("[role=dialog], [role=alertdialog], [role=menu]").last).to_be_visible()


def goes(page: Page, path: str) -> None:
    """Without a reload, as a link does it."""
    page.evaluate("path => (history.pushState({}, '', path), dispatchEvent(new PopStateEvent('popstate')))", path)
    page.wait_for_function(SETTLED)


def told(faults: list[Fault]) -> str:
    return "\n".join(" | ".join(fault) for fault in faults)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page(browser: Browser, full: Stack, seeded: Seeded, language: str) -> None:
    faults: list[Fault] = []
    with window(browser, full, language, faults) as page:
        page.goto(f"{full.hub}/login")
        faults += look(page, "/login", language)
        sign_in(page, full)
        for path in PAGES:
            goes(page, path.format(**vars(seeded)))
            faults += look(page, path, language)
    assert not faults, told(faults)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_lies_over_a_page(browser: Browser, full: Stack, seeded: Seeded, language: str) -> None:
    faults: list[Fault] = []
    with window(browser, full, language, faults) as page:
        sign_in(page, full)
        for width, height in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": height})
            for name, (path, by) in OVERLAYS.items():
                goes(page, path.format(**vars(seeded)))
                opened(page, by)
                faults += look(page, name, language, {width: height}, narrowest=False)
                page.keyboard.press("Escape")
    assert not faults, told(faults)


@pytest.fixture(scope="module")
def longer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The inbox with words that are longer than English ones."""
    built = tmp_path_factory.mktemp("pseudo")
    npm = shutil.which("npm", path=f"{os.environ['PATH']}:{Path(sys.executable).parent}")
    if npm is None:
        pytest.skip("no npm on this machine: run make setup")
    command = [npm, "--prefix", INBOX, "run", "build", "--", "--mode", "pseudo", "--outDir", built]
    subprocess.run(command, check=True, capture_output=True)
    return built


def test_longer_words_break_nothing(browser: Browser, full: Stack, seeded: Seeded, longer: Path) -> None:
    faults: list[Fault] = []

    def instead(route: Route) -> None:
        path = longer / route.request.url.removeprefix(f"{full.hub}/").partition("?")[0]
        route.fulfill(path=path if path.is_file() else longer / "index.html")

    with window(browser, full, "en", faults) as page:
        page.route(re.compile(f"^{re.escape(full.hub)}/(?!api/|hooks/)"), instead)
        sign_in(page, full)
        expect(page.locator("h1").first).to_have_text("Inbóóx")
        page.evaluate(BARS.read_text())
        for path in PAGES:
            goes(page, path.format(**vars(seeded)))
            for width in (1440, 390):
                page.set_viewport_size({"width": width, "height": WIDTHS[width]})
                page.wait_for_function(SETTLED)
                found = page.evaluate("bars.layout(innerWidth < 820)")
                faults += [(path, "en-XA", "light", str(width), *each) for each in found]
    assert not faults, told(faults)
