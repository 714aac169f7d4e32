"""What people do in their windows: a customer on the simulator's page, an agent in the inbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from playwright.sync_api import Locator, Page, expect

from bench.stack import AGENT, Stack

Pages = Callable[..., Page]
Newcomer = Callable[[], str]
SHOP, SERVICE, POST = "wx5a1e0de30c0ffee0", "wx0ff1c1a1acc00001", "wx5ub5c21b71000002"
LABELS = {SHOP: "驿站小店", SERVICE: "驿站服务号", POST: "驿站订阅号"}


# a customer


def customer(pages: Pages, stack: Stack, name: str, account: str = SHOP, **window: Any) -> Page:
    page = pages(**window)
    page.goto(stack.simulator.base.removesuffix("/_sim"))
    page.locator("#users").get_by_role("button", name=name, exact=True).click()
    switches_to(page, account)
    return page


def switches_to(page: Page, account: str) -> None:
    """The same person, on another account."""
    page.locator(f"#accounts [title='{LABELS[account]}']").click()
    expect(page.locator("#title")).to_have_text(LABELS[account])


def writes(page: Page, text: str) -> None:
    page.locator("#text").fill(text)
    page.locator("#send").click()


def chat(page: Page) -> Locator:
    return page.locator("#chat")


def reads(page: Page, *lines: str) -> None:
    """These lines, of the chat's bubbles the last ones, in this order."""
    bubbles = chat(page).locator(".bubble")
    expect(bubbles.nth(len(lines) - 1)).to_be_visible()
    expect(bubbles.last).to_have_text(lines[-1])
    assert bubbles.all_inner_texts()[-len(lines) :] == list(lines)


# an agent


def agent(pages: Pages, stack: Stack, view: str = "waiting", who: Mapping[str, str] = AGENT, **window: Any) -> Page:
    """With the mouse off the list, which stands still under it."""
    page = pages(**window)
    page.goto(f"{stack.hub}/inbox/{view}")
    page.locator("input[autocomplete=username]").fill(who["email"])
    page.locator("input[type=password]").fill(who["password"])
    page.locator("form button[type=submit]").click()
    expect(page.locator("#list")).to_be_visible()
    page.mouse.move(1, 1)
    return page


def rows(page: Page) -> Locator:
    return page.locator("[data-row]")


def opens(page: Page, row: Locator | None = None) -> None:
    """And takes the mouse off the list again."""
    (row or rows(page).first).click()
    expect(composer(page)).to_be_visible()
    page.mouse.move(1, 1)


def claims(page: Page) -> None:
    page.get_by_role("button", name="接手").click()
    expect(thread(page).get_by_text("小林 接手了会话")).to_be_visible()


def thread(page: Page) -> Locator:
    return page.get_by_role("log")


def said(page: Page, text: str) -> Locator:
    """The bubble that says this."""
    return thread(page).locator(".bubble", has=page.get_by_text(text, exact=True))


def composer(page: Page) -> Locator:
    return page.locator("#composer")


def answers(page: Page, text: str) -> None:
    composer(page).locator("textarea").fill(text)
    composer(page).get_by_role("button", name="发送", exact=True).click()


def person(page: Page) -> Locator:
    """The panel about the customer."""
    return page.locator(".contact")
