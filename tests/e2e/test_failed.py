"""What did not arrive: an agent finds it with its reason, and decides."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from bench.stack import Stack
from tests.e2e import windows


def fails(stack: Stack, times: int = 1) -> None:
    """WeChat's content check refuses what comes next."""
    stack.simulator.post("/faults", {"endpoint": "custom/send", "kind": "errcode", "errcode": 87014, "times": times})


def test_what_failed_is_found_tried_again_and_discarded(
    stack: Stack, pages: Any, screen: Any, newcomer: windows.Newcomer
) -> None:
    customer = windows.customer(pages, stack, newcomer())
    windows.writes(customer, "转人工")
    windows.reads(customer, "转人工", "正在为您转接人工客服，请稍候。")
    agent = windows.agent(pages, stack)
    windows.opens(agent)
    fails(stack, 2)
    for text in ("第一条 13812345678", "第二条"):
        windows.answers(agent, text)
        expect(windows.said(agent, text).get_by_text("微信内容安全检查未通过", exact=False)).to_be_visible()
    agent.keyboard.press("Escape")
    agent.goto(f"{stack.hub}/failed")
    rows = agent.locator(".job__link")
    expect(rows).to_have_count(2)
    expect(rows.last).to_contain_text("138***78")
    rows.last.click()
    expect(agent.get_by_text("微信内容安全检查未通过").last).to_be_visible()
    screen(agent, "failed")
    agent.locator(".jobpanel").get_by_role("button", name="重试").click()
    agent.get_by_role("dialog").get_by_role("button", name="重试").click()
    windows.reads(customer, "第一条 13812345678")
    expect(rows).to_have_count(1)
    rows.first.click()
    agent.locator(".jobpanel").get_by_role("button", name="丢弃").click()
    agent.get_by_role("dialog").get_by_label("原因").fill("已电话告知")
    agent.get_by_role("dialog").get_by_role("button", name="丢弃").click()
    expect(agent.get_by_text("没有失败的消息")).to_be_visible()
    screen(agent, "failed-none")


def test_a_channel_is_examined_paused_and_resumed(stack: Stack, pages: Any, screen: Any) -> None:
    agent = windows.agent(pages, stack, width=390, height=844, language="en")
    agent.goto(f"{stack.hub}/channels/shop")
    agent.get_by_role("button", name="Self-test").click()
    expect(agent.locator(".channel__findings li").first).to_be_visible()
    agent.get_by_role("button", name="Pause sending").click()
    agent.get_by_label("Reason (colleagues see it)").fill("they are moving")
    agent.get_by_role("dialog").get_by_role("button", name="Pause sending").click()
    expect(agent.locator(".channel__sign").get_by_text("they are moving")).to_be_visible()
    screen(agent, "channel-paused")
    agent.get_by_role("button", name="Resume").click()
    expect(agent.get_by_text("It receives and sends as it should.")).to_be_visible()
