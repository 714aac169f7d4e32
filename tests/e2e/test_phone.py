"""Texts and calls, played in windows: a customer with a phone, an agent whose browser is one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from bench.stack import Stack
from tests.e2e.phoning import PHONES, Telephone
from tests.e2e.windows import Pages, agent, answers, composer, customer, opens, rows, said, thread

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@pytest.fixture
def telephone(stack: Stack) -> Iterator[Telephone]:
    telephone = Telephone(stack, pace=2)
    telephone.everybody_is_free()
    yield telephone
    telephone.everybody_is_free()
    assert telephone.errors() == []


def with_phone(pages: Pages, stack: Stack, name: str, **window: Any) -> Page:
    page = customer(pages, stack, name, **window)
    page.locator("#accounts").get_by_role("button", name="手机").click()
    return page


def texts(page: Page, text: str) -> None:
    page.get_by_label("短信内容").fill(text)
    page.keyboard.press("Enter")


def test_texts_to_and_from_hong_kong(pages: Pages, stack: Stack, telephone: Telephone, screen: Any) -> None:
    phone, inbox = with_phone(pages, stack, "小明"), agent(pages, stack, view="all")
    phone.get_by_text("+85230001000").click()
    texts(phone, "你们的门店在哪里")
    opens(inbox, rows(inbox).first)
    expect(said(inbox, "你们的门店在哪里")).to_be_visible()
    composer(inbox).locator("textarea").fill("您好")
    expect(composer(inbox).get_by_text("1 条短信 · UCS-2 · 末条余 68")).to_be_visible()
    answers(inbox, "在弥敦道一号")
    expect(phone.get_by_text("在弥敦道一号").last).to_be_visible()
    expect(said(inbox, "在弥敦道一号").get_by_text("送达")).to_be_visible()
    screen(inbox, "sms-inbox")
    screen(phone, "sms-phone")

    texts(phone, "退订")
    expect(thread(inbox).get_by_text("客户退订了消息")).to_be_visible()
    expect(composer(inbox).get_by_text("客户已退订")).to_be_visible()


def test_an_approved_text_to_the_mainland(pages: Pages, stack: Stack, telephone: Telephone, screen: Any) -> None:
    telephone.stack.simulator.post("/phones/%2B8613800138002/texts", {"to": "10690000123", "text": "我的快递呢"})
    inbox = agent(pages, stack)
    opens(inbox, rows(inbox).first)
    expect(said(inbox, "我的快递呢")).to_be_visible()
    fields = composer(inbox).locator(".template__field")
    fields.nth(0).fill("88001234")
    fields.nth(1).fill("SF99")
    expect(composer(inbox).get_by_text("【驿站小店】您的订单88001234已发货，快递单号SF99。")).to_be_visible()
    screen(inbox, "template")
    fields.nth(1).press("Enter")
    sent = said(inbox, "【驿站小店】您的订单88001234已发货，快递单号SF99。")
    expect(sent.get_by_text("送达")).to_be_visible()
    expect(sent.get_by_text("模板 shipped")).to_be_visible()
    expect(fields.nth(0)).to_have_value("")
    phone = telephone.stack.simulator.get("/phones/%2B8613800138002/texts")["items"]
    assert [each["text"] for each in phone if each["from"] != "customer"] == [
        "【驿站小店】您的订单88001234已发货，快递单号SF99。"
    ]


def test_a_call_from_the_first_ring_to_its_recording(
    pages: Pages, stack: Stack, telephone: Telephone, screen: Any
) -> None:
    for number in PHONES.values():
        telephone.phone(number, {"reject": True})
    inbox = agent(pages, stack, view="all")
    inbox.context.grant_permissions(["microphone"])
    inbox.locator(".account").click()
    inbox.get_by_role("menuitemradio", name="用这个浏览器").click()
    expect(inbox.get_by_role("menuitemradio", name="用这个浏览器")).to_be_checked()
    inbox.keyboard.press("Escape")
    inbox.mouse.move(1, 1)  # the list stands still under a mouse

    phone = with_phone(pages, stack, "Alex")
    phone.set_viewport_size({"width": 390, "height": 844})
    phone.get_by_role("button", name="电话", exact=True).click()
    phone.get_by_role("button", name="呼叫").click()
    expect(phone.get_by_text("人工服务，请按零。")).to_be_visible()
    phone.get_by_label("说点什么").fill("怎么退款")
    phone.keyboard.press("Enter")
    expect(phone.get_by_text("签收后七天内")).to_be_visible()
    opens(inbox, rows(inbox).first)
    card = thread(inbox).locator(".call")
    expect(card.get_by_text("机器人接待中")).to_be_visible()
    expect(said(inbox, "怎么退款").get_by_text("电话中所说")).to_be_visible()

    expect(phone.get_by_text("请问还有什么可以帮您？")).to_be_visible()
    phone.get_by_role("button", name="0", exact=True).click()
    bar = inbox.locator(".callbar")
    expect(bar.get_by_text("来电，等你接听")).to_be_visible()
    expect(card.get_by_text("排队等待人工")).to_be_visible()
    screen(inbox, "call-rings")
    bar.get_by_role("button", name="接听").click()
    expect(card.get_by_text("通话中")).to_be_visible()
    expect(phone.get_by_text("正在接通，请稍候。")).to_be_visible()
    screen(inbox, "call-talking")
    screen(phone, "call-phone")

    bar.get_by_role("button", name="保持", exact=True).click()
    expect(bar.get_by_text("保持中")).to_be_visible()
    inbox.keyboard.press("h")
    expect(bar.get_by_role("button", name="保持", exact=True)).to_be_visible()
    answers(inbox, "稍后发资料给您")  # nothing can be read out now: it goes as a text
    expect(said(inbox, "稍后发资料给您")).to_be_visible()

    phone.get_by_role("button", name="挂断").click()
    expect(card.get_by_text("已接听")).to_be_visible()
    expect(card.get_by_text("通话 0:")).to_be_visible()
    expect(card.locator("audio")).to_be_attached()
    expect(bar).to_have_count(0)
    screen(inbox, "call-ended")


def test_an_agent_calls_back(pages: Pages, stack: Stack, telephone: Telephone, screen: Any) -> None:
    telephone.phone(
        PHONES["agent@example.com"], {"answer": 0.5}, {"hear": "按一呼叫"}, {"press": "1"}, {"hung_up": True}
    )
    telephone.stack.simulator.post("/phones/%2B85251230001/texts", {"to": "+85230001000", "text": "START"})
    telephone.stack.simulator.post(
        "/phones/%2B85251230001/texts", {"to": "+85230001000", "text": "请给我回电话，转人工"}
    )
    phone, inbox = (
        with_phone(pages, stack, "小明"),
        agent(pages, stack, view="all", width=390, height=844, language="en-US"),
    )
    opens(inbox, rows(inbox).first)
    inbox.get_by_role("button", name="More actions").click()
    inbox.get_by_role("dialog").get_by_role("button", name="Call the customer").click()
    expect(inbox.get_by_text("Your phone rings in a moment")).to_be_visible()
    phone.get_by_role("button", name="接听").click()
    expect(phone.get_by_text("客服来电，请稍候。")).to_be_visible()
    expect(inbox.locator(".callbar").get_by_text("Talking")).to_be_visible()
    screen(inbox, "call-out-phone-width")
    inbox.locator(".callbar").get_by_role("button", name="Hang up").click()
    expect(thread(inbox).locator(".call").get_by_text("Answered")).to_be_visible()


def test_how_it_was_is_asked_when_the_agent_has_hung_up(
    pages: Pages, stack: Stack, telephone: Telephone, screen: Any
) -> None:
    by = "+85251239966"
    telephone.phone(
        PHONES["agent@example.com"],
        {"answer": 0.5},
        {"hear": "按一接听"},
        {"press": "1"},
        {"wait": 2},
        {"hang_up": True},
    )
    sid = telephone.call(
        *({"hear": "人工服务"}, {"press": "0"}, {"hear": "正在接通"}, {"hear": "这次服务您还满意吗"}, {"press": "4"}),
        *({"hear": "谢谢您的评价"}, {"hung_up": True}),
        by=by,
    )
    telephone.over(sid)
    inbox = agent(pages, stack, view="all")
    opens(inbox, rows(inbox).first)
    expect(thread(inbox).get_by_text("客户评价")).to_be_visible()
    screen(inbox, "call-rated")
    telephone.ended(by, "answered")
