"""Two agents in two windows at one conversation, and the second device of one of them."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from bench.stack import AGENT, Stack
from tests.e2e.windows import Pages, composer, customer, opens, rows, said, writes

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
LIN, LI = AGENT, {"email": "li@example.com", "password": AGENT["password"]}
PHONE = {"width": 390, "height": 844}


def signs_in(pages: Pages, stack: Stack, who: dict[str, str], **window: Any) -> Page:
    page = pages(**window)
    page.goto(f"{stack.hub}/inbox/all")
    page.locator("input[autocomplete=username]").fill(who["email"])
    page.locator("input[type=password]").fill(who["password"])
    page.locator("form button[type=submit]").click()
    expect(page.locator("#list")).to_be_visible()
    return page


def types(page: Page, text: str) -> None:
    composer(page).locator("textarea").fill(text)


@pytest.mark.parametrize(
    ("language", "viewing", "typing", "faster", "anyway"),
    [
        ("zh-CN", "小林 正在查看", "小林 正在输入", "小林", "仍然发送"),
        ("en", "小林 is viewing", "小林 is typing", "answered", "Send anyway"),
    ],
)
@pytest.mark.parametrize("window", [{}, PHONE], ids=["wide", "phone"])
def test_two_agents_at_one_conversation(
    pages: Pages,
    stack: Stack,
    screen: Any,
    window: dict[str, int],
    language: str,
    viewing: str,
    typing: str,
    faster: str,
    anyway: str,
) -> None:
    ming = customer(pages, stack, "小明")
    writes(ming, "转人工")
    lin, li = signs_in(pages, stack, LIN), signs_in(pages, stack, LI, language=language, **window)
    where = f"{language}-{window.get('width', 1440)}"

    expect(rows(lin)).to_have_count(1)
    opens(lin)
    expect(rows(li).locator(".viewers")).to_be_attached()  # the row tells it before it is opened
    screen(li, f"together-row-{where}")
    opens(li)
    expect(li.locator(".thread__head .viewers")).to_contain_text(viewing)
    types(lin, "您好，我来看看")
    expect(li.locator(".thread__head .viewers")).to_contain_text(typing)
    screen(li, f"together-typing-{where}")

    # what is begun here goes on at the second device, and shows in its list
    types(li, "您好，订单号是多少")
    second = signs_in(pages, stack, LI, language=language)
    expect(rows(second).first.get_by_text("订单号是多少")).to_be_visible()
    opens(second)
    expect(composer(second).locator("textarea")).to_have_value("您好，订单号是多少")
    types(second, "您好，订单号是多少？")
    expect(composer(li).locator("textarea")).to_have_value("您好，订单号是多少？")

    # a colleague is faster
    composer(lin).get_by_role("button", name="发送", exact=True).click()
    expect(said(li, "您好，我来看看")).to_be_visible()
    composer(li).locator("textarea").press("Enter")
    dialog = li.get_by_role("dialog")
    expect(dialog.get_by_text("您好，我来看看")).to_be_visible()
    expect(dialog.get_by_role("heading")).to_contain_text(faster)
    screen(li, f"together-faster-{where}")
    li.keyboard.press("Escape")
    expect(composer(li).locator("textarea")).to_have_value("您好，订单号是多少？")

    # now they know: it goes without a question
    composer(li).locator("textarea").press("Enter")
    expect(said(lin, "您好，订单号是多少？")).to_be_visible()
    expect(composer(second).locator("textarea")).to_have_value("")
    expect(rows(second).first.get_by_text("草稿" if language == "zh-CN" else "Draft")).to_have_count(0)

    # and where the answer is needed all the same, it is sent from the question
    types(li, "还有别的问题吗")
    types(lin, "稍等")
    composer(lin).get_by_role("button", name="发送", exact=True).click()
    expect(said(li, "稍等")).to_be_visible()
    composer(li).locator("textarea").press("Enter")
    dialog.get_by_role("button", name=anyway).click()
    expect(said(lin, "还有别的问题吗")).to_be_visible()
    expect(ming.locator("#chat .bubble").last).to_have_text("还有别的问题吗")
    for page in (li, second):
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
