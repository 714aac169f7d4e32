"""A view is kept from a filter, and put in order in the settings."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from bench.stack import Stack, wait_until
from tests.e2e.windows import SHOP, Pages, agent, rows

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def dialog(page: Page) -> Any:
    return page.get_by_role("dialog")


def test_a_view_is_kept_renamed_shared_and_deleted(pages: Pages, stack: Stack, screen: Any) -> None:
    inbox = agent(pages, stack, "all?labels=refund")
    inbox.get_by_role("button", name="保存为视图").click()
    inbox.get_by_label("名称").fill("退款")
    inbox.get_by_role("button", name="保存", exact=True).click()
    expect(inbox.get_by_role("button", name="更多视图，当前：退款")).to_be_visible()

    inbox.goto(f"{stack.hub}/settings/views")
    view = inbox.locator(".kept__one")
    expect(view).to_have_count(1)
    expect(view.get_by_role("list").get_by_role("listitem")).to_have_text(["未解决", "退款"])
    expect(view).to_contain_text("仅自己可见")

    view.get_by_role("button", name="修改").press("Enter")
    dialog(inbox).get_by_label("名称").fill("退款（小组）")
    dialog(inbox).get_by_label("同事也能看到").check()
    dialog(inbox).get_by_label("名称").press("Enter")
    expect(view).to_contain_text("退款（小组）")
    expect(view).to_contain_text("我共享的")
    expect(view.get_by_role("button", name="修改")).to_be_focused()
    [kept] = stack.api().get("/views")["items"]
    assert (kept["name"], kept["shared"], kept["filter"]["labels"]) == ("退款（小组）", True, ["refund"])
    screen(inbox, "settings-views")

    view.get_by_role("link", name="打开").click()
    expect(inbox.get_by_role("button", name="更多视图，当前：退款（小组）")).to_be_visible()
    inbox.goto(f"{stack.hub}/settings/views")
    view.get_by_role("button", name="删除").click()
    dialog(inbox).get_by_role("button", name="删除").click()
    expect(inbox.get_by_text("还没有保存的视图")).to_be_visible()
    assert stack.api().get("/views")["items"] == []
    inbox.goto(f"{stack.hub}/inbox/saved:{kept['id']}")  # a link that somebody kept
    expect(inbox.get_by_role("button", name="更多视图，当前：视图已删除")).to_be_visible()


def test_a_label_leads_to_what_carries_it(pages: Pages, stack: Stack, screen: Any) -> None:
    openid = stack.simulator.post(f"/accounts/{SHOP}/users", {"name": "要发票的客户"})["openid"]
    stack.simulator.post(f"/users/{openid}/messages", {"type": "text", "content": "转人工"})
    hub = stack.api()
    wait_until(lambda: hub.get("/conversations", status="waiting")["items"], "one who waits", 30)
    [waiting] = hub.get("/conversations", status="waiting")["items"]
    hub.post("/conversations/bulk", {"ids": [waiting["id"]], "action": "label", "labels": ["invoice"]})

    inbox = agent(pages, stack, "all")
    inbox.goto(f"{stack.hub}/settings/labels")
    label = inbox.get_by_role("row", name="发票")
    expect(label.get_by_role("button", name="config/work.toml:")).to_be_visible()
    screen(inbox, "settings-labels")
    label.get_by_role("link", name="1 个会话").click()
    expect(inbox.locator(".chip")).to_have_text("发票")
    expect(rows(inbox)).to_have_count(1)
