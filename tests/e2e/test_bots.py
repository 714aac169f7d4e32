"""What agents see of the bot: why it said something, whether it was right, what it knew, and what it would say."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from bench.stack import Stack
from tests.e2e.windows import Pages, agent, chat, composer, customer, opens, person, rows, said, thread, writes

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

WHY, WRONG, RIGHT = "为什么这样回答", "答得不对", "答得好"
MEANT = "应该怎么答？"


def asks(page: Page, text: str) -> None:
    """And waits for the bot's answer."""
    answered = chat(page).locator(".bubble").count() + 2
    writes(page, text)
    expect(chat(page).locator(".bubble").nth(answered - 1)).to_be_visible()


def test_the_bot_is_seen_through_corrected_and_taken_over(pages: Pages, stack: Stack, screen: Any) -> None:
    ming, inbox = customer(pages, stack, "小明"), agent(pages, stack, view="all")
    asks(ming, "怎么退款")
    asks(ming, "发票怎么弄")
    opens(inbox, rows(inbox).first)

    inbox.get_by_role("button", name=WHY).first.click()
    why = inbox.get_by_role("dialog", name=WHY)
    expect(why.get_by_text("关键词")).to_be_visible()
    expect(why.get_by_text("作了回答")).to_be_visible()
    expect(why.get_by_role("list", name="可能的含义").get_by_text("怎么退款")).to_be_visible()
    expect(why.get_by_text("出处")).to_be_visible()
    screen(inbox, "bot-why")
    inbox.keyboard.press("Escape")
    expect(why).to_have_count(0)
    expect(inbox.get_by_role("button", name=WHY).first).to_be_focused()

    right = inbox.get_by_role("button", name=RIGHT).first
    right.click()
    expect(right).to_have_attribute("aria-pressed", "true")
    right.click()
    expect(right).to_have_attribute("aria-pressed", "false")

    # by keyboard alone: it was wrong, this was meant, and so may be asked for it
    wrong = inbox.get_by_role("button", name=WRONG).last
    wrong.focus()
    inbox.keyboard.press("Enter")
    search = inbox.get_by_role("combobox", name=MEANT)
    expect(search).to_be_focused()
    expect(inbox.get_by_role("option").nth(1)).to_be_visible()
    inbox.keyboard.type("怎么开发票")
    expect(inbox.get_by_role("option", selected=True)).to_contain_text("怎么开发票")
    screen(inbox, "bot-meant")
    inbox.keyboard.press("Enter")
    expect(inbox.get_by_role("button", name="提交建议")).to_be_focused()
    inbox.keyboard.press("Enter")
    expect(inbox.get_by_text("建议已提交，运营审核后生效")).to_be_visible()
    expect(wrong).to_have_attribute("aria-pressed", "true")
    expect(inbox.get_by_role("button", name="应答：怎么开发票")).to_be_visible()

    writes(ming, "转人工")
    expect(thread(inbox).get_by_text("已转人工（客户要求人工）")).to_be_visible()
    told = inbox.get_by_role("region", name="机器人转来的信息")
    expect(told.get_by_text("“怎么退款”")).to_be_visible()
    expect(told.get_by_text("已答：怎么退款")).to_be_visible()

    writes(ming, "退款多久到账")
    suggested = inbox.get_by_role("group", name="建议的回答").get_by_role("button")
    expect(suggested.first).to_contain_text("退款多久到账")
    suggested.first.hover()
    expect(inbox.get_by_role("tooltip").get_by_text("审核通过后")).to_be_attached()
    screen(inbox, "bot-suggests")
    inbox.mouse.move(1, 1)

    draft = composer(inbox).locator("textarea")
    inbox.locator("#thread").focus()
    inbox.keyboard.press("1")
    expect(draft).to_be_focused()
    text = draft.input_value()
    assert text.startswith("审核通过后")
    inbox.keyboard.press("Control+z")
    expect(draft).to_have_value("")
    draft.fill("您好")
    inbox.keyboard.press("Alt+1")
    expect(draft).to_have_value(f"您好\n{text}")
    with inbox.expect_request(lambda request: request.method == "POST" and request.url.endswith("/messages")) as sent:
        inbox.keyboard.press("Enter")
    assert sent.value.post_data_json["suggestion"]["which"] == "refund-time"
    expect(chat(ming).get_by_text("审核通过后").last).to_be_visible()
    expect(said(inbox, f"您好\n{text}")).to_have_count(1)
    expect(suggested).to_have_count(0)  # answered

    tags = person(inbox).get_by_role("textbox", name="添加标签")
    tags.fill("老客户，常退货")
    tags.press("Enter")
    expect(person(inbox).get_by_role("button", name="移除标签 常退货")).to_be_visible()
    person(inbox).get_by_role("button", name="移除标签 常退货").click()
    inbox.reload()
    expect(person(inbox).get_by_text("老客户")).to_be_visible()
    expect(person(inbox).get_by_text("常退货")).to_have_count(0)


def test_what_the_bot_should_learn(pages: Pages, stack: Stack, screen: Any) -> None:
    ming, inbox = customer(pages, stack, "小红"), agent(pages, stack, view="all")
    asks(ming, "开票要什么资料")
    opens(inbox, rows(inbox).first)
    inbox.get_by_role("button", name=WRONG).last.click()
    inbox.get_by_role("option").filter(has_text="怎么开发票").click()
    inbox.get_by_role("button", name="提交建议").click()
    expect(inbox.get_by_text("建议已提交，运营审核后生效")).to_be_visible()

    inbox.keyboard.press("g")
    inbox.keyboard.press("b")
    expect(inbox.get_by_role("heading", name="机器人", level=1)).to_be_visible()
    expect(inbox.get_by_text("没有积压的问题")).to_be_visible()
    inbox.get_by_role("link", name="建议").click()
    inbox.get_by_role("button", name="查看文件改动").first.click()
    expect(inbox.get_by_role("region", name="文件改动").locator(".diff__line--added")).to_contain_text("开票要什么资料")
    screen(inbox, "bot-proposals")
    inbox.get_by_role("button", name="撤回").first.click()
    inbox.get_by_role("dialog").get_by_role("button", name="撤回").click()
    expect(inbox.get_by_text("已撤回")).to_be_visible()
    expect(inbox.get_by_text("开票要什么资料")).to_have_count(0)

    inbox.get_by_role("link", name="知识").click()
    inbox.get_by_role("searchbox").fill("退款")
    expect(inbox.get_by_text("refund-time", exact=True)).to_be_visible()
    inbox.keyboard.press("Escape")
    inbox.get_by_role("link", name="收件箱").click()  # where it was left
    expect(said(inbox, "开票要什么资料")).to_be_visible()


@pytest.mark.parametrize("width", [1440, 390, 320])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_width_and_language(pages: Pages, stack: Stack, screen: Any, width: int, language: str) -> None:
    """Nothing scrolls sideways."""
    page = agent(pages, stack, width=width, height=844, language=language)
    for tab in ("questions", "proposals", "knowledge", "state"):
        page.goto(f"{stack.hub}/bot/{tab}")
        expect(page.locator(".botpage__column > *").first).to_be_visible()
        expect(page.locator(".botpage [aria-busy=true]")).to_have_count(0)
        screen(page, f"bot-{tab}-{width}-{language}")
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
