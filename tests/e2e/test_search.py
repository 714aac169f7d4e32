"""Search in a real browser: two Chinese characters by an input method, and a hit that opens deep in a long thread."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from bench.stack import APP_ID, Stack, wait_until
from tests.e2e.windows import Pages, agent, composer, thread

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
LENGTH, DEEP = 500, 120  # messages of the thread, and which of them is looked for
SOUGHT = "我想问一下琉璃花瓶的保修"


@pytest.fixture(scope="module")
def long_thread(open_stack: Stack) -> str:
    """A customer who wrote a lot. Where WeChat's page is."""
    simulator = open_stack.simulator
    openid: str = simulator.post(f"/accounts/{APP_ID}/users", {"name": "话多的客户"})["openid"]
    for number in range(LENGTH):
        text = SOUGHT if number == DEEP else f"第 {number} 句闲话 chat {number}"
        simulator.post(f"/users/{openid}/messages", {"type": "text", "content": text})
    hub = open_stack.api()
    wait_until(lambda: hub.get("/search", q=f"闲话 {LENGTH - 1}", kind="messages")["items"], "all is taken in", 120)
    return openid


def types_by_input_method(page: Page, pinyin: str, characters: str) -> None:
    session = page.context.new_cdp_session(page)
    for end in range(1, len(pinyin) + 1):
        session.send("Input.imeSetComposition", {"text": pinyin[:end], "selectionStart": end, "selectionEnd": end})
    page.keyboard.press("Enter")  # belongs to the input method
    session.send("Input.insertText", {"text": characters})


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_hit_opens_at_its_message(
    pages: Pages, stack: Stack, long_thread: str, screen: Any, width: int, height: int, language: str
) -> None:
    page = agent(pages, stack, "all", width=width, height=height, language=language)
    page.get_by_role("button", name="搜索" if language == "zh-CN" else "Search", exact=True).first.click()
    field = page.locator(".search__input")
    expect(field).to_be_focused()
    screen(page, f"search-empty-{width}-{language}")

    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/v1/search" in request.url else None)
    types_by_input_method(page, "liuli", "琉璃")
    hit = page.locator("[data-hit]", has_text=SOUGHT)
    expect(hit).to_be_visible()
    expect(hit.locator("mark")).to_have_text("琉璃")
    assert all("liu" not in url for url in asked)  # what is not a word yet is not searched for
    assert "q=%E7%90%89%E7%92%83" in page.url
    screen(page, f"search-{width}-{language}")
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0

    page.keyboard.press("ArrowDown")
    expect(hit).to_be_focused()
    page.keyboard.press("Enter")
    said = thread(page).get_by_text(SOUGHT, exact=True)
    expect(said).to_be_in_viewport()
    expect(page.locator(".log__item--found")).to_contain_text(SOUGHT)
    screen(page, f"search-opened-{width}-{language}")
    page.locator(".log__pill").click()
    expect(thread(page).get_by_text(f"第 {LENGTH - 1} 句闲话", exact=False).first).to_be_in_viewport()
    expect(said).to_have_count(0)

    page.go_back()
    expect(page.locator(".search__input")).to_have_value("琉璃")
    expect(page.locator("[data-hit]", has_text=SOUGHT)).to_be_visible()


def test_from_the_keyboard(pages: Pages, stack: Stack, long_thread: str) -> None:
    page = agent(pages, stack, "all")
    page.keyboard.press("/")
    expect(page.locator(".search__input")).to_be_focused()
    page.keyboard.type("闲话")
    expect(page.locator("[data-hit]").nth(2)).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("[data-hit]").nth(0)).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator("[data-hit]").nth(1)).to_be_focused()
    page.keyboard.press("/")
    page.keyboard.press("Escape")
    expect(page.locator(".search__input")).to_have_value("")
    expect(page.get_by_role("button", name="闲话", exact=True)).to_be_visible()  # searched for lately
    page.keyboard.type("🙂")
    expect(page.get_by_role("alert")).to_contain_text("至少输入一个字")
    page.locator(".search__input").fill("不会有人这么说吧啊哦")
    expect(page.get_by_text("没有找到")).to_have_count(2)  # on the page, and for those who listen
    page.keyboard.press("Tab")
    expect(composer(page)).to_have_count(0)
