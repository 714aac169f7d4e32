"""How it was: from the agent who resolves, over five stars on the mini program, to the page that takes a few words."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from bench.stack import Stack
from tests.e2e.windows import Pages, agent, answers, chat, claims, customer, opens, person, thread, writes

AXE = Path(__file__).parents[2] / "inbox/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
BROKEN = "rules => axe.run({ runOnly: rules }).then(found => found.violations.map(each => each.id))"
SMALL = """
    [...document.querySelectorAll("label.choice, button, a, textarea")]
      .filter(each => each.getBoundingClientRect().height < 44).map(each => each.className)
"""

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


def test_from_resolved_to_five_stars(pages: Pages, stack: Stack, screen: Any) -> None:
    ming, inbox = customer(pages, stack, "小红"), agent(pages, stack)
    writes(ming, "转人工")
    opens(inbox)
    claims(inbox)
    expect(inbox.get_by_role("list", name="服务承诺").get_by_text("首响")).to_be_visible()
    answers(inbox, "已经为您加急处理。")
    expect(chat(ming).get_by_text("已经为您加急处理。")).to_be_visible()
    expect(inbox.get_by_text("首响达标")).to_be_visible()
    inbox.get_by_role("button", name="解决").first.click()
    expect(chat(ming).get_by_text("请回复数字")).to_be_visible(timeout=90_000)
    address = re.search(r"http\S+/s/\S+", chat(ming).inner_text())
    assert address

    writes(ming, "5")
    expect(chat(ming).get_by_text("谢谢您的评价！")).to_be_visible()
    expect(thread(inbox).get_by_text("客户评价：5 星")).to_be_visible()
    expect(person(inbox).get_by_text("★★★★★")).to_be_visible()
    screen(inbox, "rated")

    page = pages(width=320, height=640)
    page.goto(address[0])
    page.locator("textarea").fill("小林很耐心")
    page.get_by_role("button", name="修改评价").click()
    expect(page.get_by_text("您的评价：非常满意")).to_be_visible()
    expect(person(inbox).get_by_text("“小林很耐心”")).to_be_visible()
    for language in ("zh-CN", "en"):
        for theme in ("light", "dark"):
            looked_at(page, f"{address[0]}?lang={language}", theme)
            screen(page, f"survey-{language}-{theme}")


def looked_at(page: Page, address: str, theme: Any) -> None:
    """Nothing that axe knows of, nothing beside the screen, nothing too small for a finger."""
    page.emulate_media(color_scheme=theme)
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.evaluate(AXE.read_text())
    assert page.evaluate(BROKEN, RULES) == []
    assert page.evaluate(SMALL) == []
