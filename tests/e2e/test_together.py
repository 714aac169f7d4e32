"""Two agents in two windows at one conversation, and the second device of one of them."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from bench.stack import AGENT, Stack
from tests.e2e.windows import Pages, agent, composer, customer, opens, rows, said, thread, writes

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
LIN, LI = AGENT, {"email": "li@example.com", "password": AGENT["password"]}
PHONE = {"width": 390, "height": 844}


def signs_in(pages: Pages, stack: Stack, who: dict[str, str], **window: Any) -> Page:
    """And hears what happens from here on."""
    page = agent(pages, stack, "all", who, **window)
    expect(page.locator(".link-state--live")).to_be_attached()
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


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "zh-CN",
            {
                "more": "更多操作",
                "quiet": "静默旁观",
                "whisper": "悄悄提醒 小李…",
                "tell": "提醒",
                "take": "接管会话…",
                "taken": "接管",
                "split": "拆分会话…",
                "cut": "拆分",
                "merge": "合并会话…",
                "join": "并入这里",
                "undo": "撤销",
            },
        ),
        (
            "en",
            {
                "more": "More actions",
                "quiet": "Watch quietly",
                "whisper": "Whisper to 小李…",
                "tell": "Whisper",
                "take": "Take over…",
                "taken": "Take over",
                "split": "Split conversation…",
                "cut": "Split",
                "merge": "Merge conversations…",
                "join": "Merge into this one",
                "undo": "Undo",
            },
        ),
    ],
)
@pytest.mark.parametrize("window", [{}, PHONE], ids=["wide", "phone"])
def test_a_lead_whispers_takes_over_splits_and_merges(
    pages: Pages, stack: Stack, screen: Any, window: dict[str, int], language: str, words: dict[str, str]
) -> None:
    ming = customer(pages, stack, "小明")
    writes(ming, "转人工")
    li, lead = signs_in(pages, stack, LI), signs_in(pages, stack, LIN, language=language, **window)
    where = f"{language}-{window.get('width', 1440)}"
    opens(li)
    li.get_by_role("button", name="接手").click()
    opens(lead)
    expect(li.locator(".thread__head .viewers")).to_contain_text("小林")

    def choose(item: str) -> None:
        lead.get_by_role("button", name=words["more"], exact=True).click()
        lead.locator("[role=menuitem], .sheet__item").filter(has_text=item).click()

    lead.get_by_role("button", name=words["more"], exact=True).click()
    screen(lead, f"together-menu-{where}")
    lead.keyboard.press("Escape")
    choose(words["quiet"])
    expect(li.locator(".thread__head .viewers")).to_have_count(0)

    choose(words["whisper"])
    dialog = lead.get_by_role("dialog")
    dialog.locator("textarea").fill("先道歉，再退款")
    screen(lead, f"together-whisper-{where}")
    dialog.get_by_role("button", name=words["tell"], exact=True).click()
    expect(li.locator(".bubble--called").get_by_text("先道歉，再退款")).to_be_visible()
    screen(li, f"together-whispered-{where}")

    choose(words["take"])
    dialog.locator("textarea").fill("客户投诉")
    dialog.get_by_role("button", name=words["taken"], exact=True).click()
    expect(thread(li).get_by_text("小林 从 小李 手中接管了会话：客户投诉")).to_be_visible()

    # one matter more: the tail goes into a conversation of its own
    writes(ming, "还有，我要开发票")
    expect(said(lead, "还有，我要开发票")).to_be_visible()
    choose(words["split"])
    screen(lead, f"together-split-{where}")
    dialog.get_by_role("button", name=words["cut"], exact=True).click()
    expect(dialog).to_have_count(0)
    expect(said(lead, "还有，我要开发票")).to_be_visible()
    expect(thread(lead).locator(".bubble")).to_have_count(1)
    screen(lead, f"together-tail-{where}")
    writes(ming, "公司抬头")
    expect(said(lead, "公司抬头")).to_be_visible()

    # or was it one after all
    choose(words["merge"])
    expect(dialog.locator("input[type=radio]").first).to_be_checked()
    screen(lead, f"together-merge-{where}")
    dialog.get_by_role("button", name=words["join"], exact=True).click()
    expect(said(lead, "先道歉，再退款")).to_be_visible()
    expect(said(li, "公司抬头")).to_be_visible()  # who had the other one open is led here
    screen(lead, f"together-merged-{where}")
    lead.locator(".joined").get_by_role("button", name=words["undo"]).last.click()
    expect(said(lead, "先道歉，再退款")).to_have_count(0)
    expect(said(lead, "公司抬头")).to_be_visible()
    assert lead.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
