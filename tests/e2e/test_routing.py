"""Two agents: one is away, so the other is given who writes, and reads why."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from bench.stack import AGENT, REPOSITORY, Stack, running
from tests.e2e.windows import Pages, agent, customer, opens, rows, thread, writes

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
LI = {**AGENT, "email": "li@example.com"}


@pytest.fixture
def routed(browser: Browser, tmp_path: Path) -> Iterator[Stack]:
    """The demo, whose team is given conversations."""
    config = Path(shutil.copytree(REPOSITORY / "config", tmp_path / "config"))
    rules = (config / "routing.toml").read_text()
    assert '# strategy = "least_busy"' in rules
    (config / "routing.toml").write_text(rules.replace('# strategy = "least_busy"', 'strategy = "least_busy"'))
    with running(config) as stack:
        yield stack


def is_away(page: Page) -> None:
    """By keyboard alone."""
    account = page.locator(".account")
    expect(account).to_have_attribute("aria-label", re.compile("在线$"))
    account.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitemradio", name="在线")).to_be_checked()
    page.get_by_role("menuitemradio", name="在线").focus()
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    expect(page.get_by_role("menuitemradio", name="离开")).to_be_checked()
    page.keyboard.press("Escape")
    expect(account).to_have_attribute("aria-label", re.compile("离开$"))


def test_who_is_away_is_given_nothing_and_the_other_reads_why(pages: Pages, routed: Stack, screen: Any) -> None:
    lin, li = agent(pages, routed, "mine", AGENT), agent(pages, routed, "mine", LI)
    is_away(lin)
    ming = customer(pages, routed, "小明")
    writes(ming, "转人工")

    expect(rows(li)).to_have_count(1)  # in "mine", without a reload
    opens(li)
    li.get_by_role("button", name="为什么分给我？").click()
    expect(thread(li).get_by_text("小林：离开")).to_be_visible()
    expect(thread(li).get_by_text("有空的人里手上会话最少")).to_be_visible()
    screen(li, "routed-why")
    expect(rows(lin)).to_have_count(0)

    li.keyboard.press("a")
    expect(li.get_by_role("option", name="小林")).to_contain_text("离开")
    screen(li, "assign-dialog")
    li.keyboard.press("Escape")
