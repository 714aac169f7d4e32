"""Ten conversations are put in order by keyboard alone, at a desk; and what a phone has instead of keys."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from bench.stack import APP_ID, Stack, wait_until
from tests.e2e.windows import Pages, agent, rows

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def ten_wait(stack: Stack) -> list[int]:
    """Customers who want a person; their conversations, the newest first."""
    for number in range(10):
        person = stack.simulator.post(f"/accounts/{APP_ID}/users", {"name": f"客户{number}"})
        stack.simulator.post(f"/users/{person['openid']}/messages", {"type": "text", "content": "转人工"})
    wait_until(lambda: len(waiting(stack)) == 10, "ten who wait", 30)
    return [row["id"] for row in waiting(stack)]


def waiting(stack: Stack) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = stack.api().get("/conversations", status="waiting,open", limit=50)["items"]
    return items


def shown(stack: Stack, number: int) -> dict[str, Any]:
    row: dict[str, Any] = stack.api().get(f"/conversations/{number}")
    return row


def standing(page: Page) -> int:
    return int(page.url.partition("?")[0].rpartition("/")[2])


def chosen(page: Page, words: str) -> None:
    """Written into the dialog that is open, and taken."""
    expect(page.get_by_role("dialog").get_by_role("combobox")).to_be_focused()
    page.keyboard.type(words)
    page.keyboard.press("Enter")


def test_triage_by_keyboard_alone(pages: Pages, stack: Stack, screen: Any) -> None:
    inbox = agent(pages, stack, "all")
    ten_wait(stack)
    expect(rows(inbox)).to_have_count(10)
    inbox.keyboard.press("j")
    expect(inbox.locator("#composer")).to_be_visible()

    first = standing(inbox)
    inbox.keyboard.press("l")
    chosen(inbox, "退款")
    expect(inbox.get_by_role("option", name="退款")).to_have_attribute("aria-selected", "true")
    inbox.keyboard.press("Escape")
    inbox.keyboard.press("y")
    chosen(inbox, "紧急")
    expect(inbox.locator(f"[data-row='{first}']").get_by_text("紧急")).to_be_visible()
    row = shown(stack, first)
    assert (row["labels"], row["priority"]) == (["refund"], 3)
    assert row["last_message"]["payload"].get("event") != "labelled"

    inbox.keyboard.press("j")
    second = standing(inbox)
    inbox.keyboard.press("z")
    chosen(inbox, "明天")
    expect(inbox.locator(f"[data-row='{second}']").get_by_text("暂缓至").last).to_be_visible()

    inbox.keyboard.press("j")
    third = standing(inbox)
    inbox.keyboard.press("a")
    chosen(inbox, "小李")
    inbox.keyboard.type("客户很急")
    inbox.keyboard.press("Enter")
    expect(inbox.get_by_role("log").get_by_text("会话分配给了 小李")).to_be_visible()
    expect(inbox.get_by_role("log").get_by_text("客户很急")).to_be_visible()
    assert shown(stack, third)["assignee"]["name"] == "小李"

    inbox.keyboard.press("j")
    fourth = standing(inbox)
    inbox.keyboard.press("Shift+E")
    expect(rows(inbox)).to_have_count(9)
    assert shown(stack, fourth)["status"] == "resolved"
    assert standing(inbox) != fourth  # it went on to the next

    inbox.keyboard.press("g")
    inbox.keyboard.press("u")
    expect(rows(inbox)).to_have_count(7)
    expect(rows(inbox).first).to_have_attribute("data-row", str(first))  # the urgent one
    for key in "jxkk":  # it stands where it stood before, on the last one
        inbox.keyboard.press(key)
    inbox.keyboard.press("Shift+X")
    expect(inbox.get_by_text("已选 3 个")).to_be_visible()
    screen(inbox, "triage")
    inbox.keyboard.press("e")
    chosen(inbox, "已解决")
    expect(rows(inbox)).to_have_count(4)
    expect(inbox.get_by_text("全部完成：3 个")).to_be_visible()

    inbox.keyboard.press("g")
    inbox.keyboard.press("z")
    expect(rows(inbox)).to_have_count(1)
    expect(inbox.locator(f"[data-row='{second}']")).to_be_visible()


def test_what_fails_for_one_is_told_and_the_rest_is_done(pages: Pages, stack: Stack) -> None:
    inbox = agent(pages, stack, "all")
    numbers = ten_wait(stack)
    expect(rows(inbox)).to_have_count(10)
    inbox.keyboard.press("j")
    inbox.keyboard.press("x")
    inbox.get_by_role("button", name="全选列表中的 10 个").click()
    stack.api().post(f"/conversations/{numbers[0]}/resolve")
    inbox.get_by_role("region", name="批量操作").get_by_role("button", name="暂缓").click()
    chosen(inbox, "直到客户来信")
    expect(inbox.get_by_text("完成 9 个，1 个没有成功")).to_be_visible()
    assert {row["status"] for row in stack.api().get("/conversations", status="snoozed", limit=50)["items"]} == {
        "snoozed"
    }


def test_what_is_not_on_the_screen_is_not_drawn(pages: Pages, stack: Stack) -> None:
    ten_wait(stack)
    inbox = agent(pages, stack, "all", height=320)
    expect(rows(inbox).first).to_be_visible()
    inbox.locator("#list").evaluate("list => (list.scrollTop = list.scrollHeight)")
    expect(inbox.locator("[aria-posinset='10']")).to_be_visible()
    expect(inbox.locator("[aria-posinset='2']")).to_have_count(0)
    # as little when the list is there before the page is
    inbox.get_by_role("link", name="搜索").click()
    expect(rows(inbox)).to_have_count(0)
    inbox.get_by_role("link", name="收件箱").click()
    expect(rows(inbox).first).to_be_visible()
    expect(inbox.locator("[aria-posinset='10']")).to_have_count(0)


@pytest.mark.parametrize("width", [390, 320])
def test_on_a_phone_all_of_it_is_in_one_sheet(pages: Pages, stack: Stack, screen: Any, width: int) -> None:
    inbox = agent(pages, stack, "all", width=width, height=760)
    ten_wait(stack)
    expect(rows(inbox)).to_have_count(10)
    rows(inbox).first.click()
    number = standing(inbox)
    header = inbox.locator(".thread__head")
    assert header.locator(".actions button:visible").count() <= 2
    header.get_by_role("button", name="更多操作").click()
    screen(inbox, f"sheet-{width}")
    for box in (each.bounding_box() for each in inbox.locator(".sheet__item").all()):
        assert box is not None and box["height"] >= 44 and box["x"] >= 0 and box["x"] + box["width"] <= width
    inbox.get_by_role("dialog").get_by_role("button", name="标签").click()
    inbox.get_by_role("option", name="物流").click()
    expect(inbox.get_by_role("option", name="物流")).to_have_attribute("aria-selected", "true")
    inbox.get_by_role("button", name="关闭").click()
    assert shown(stack, number)["labels"] == ["delivery"]
    assert inbox.evaluate("document.documentElement.scrollWidth") <= width
