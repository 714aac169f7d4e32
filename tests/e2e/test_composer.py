"""What agents write with: ready-made texts at the caret, macros, gaps, pinyin, files."""

from __future__ import annotations

import base64
import json
import re
import time
from hashlib import sha256
from hmac import new as hmac
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from bench.stack import Stack
from hub.settings import DEMO_ENVIRONMENT
from tests.e2e.test_story import png
from tests.e2e.windows import Pages, agent, chat, claims, composer, customer, opens, rows, said, thread, writes

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
NAME = "小明"


@pytest.fixture
def windows(pages: Pages, stack: Stack) -> tuple[Page, Page]:
    """A customer who asked for a person, and the agent who took them."""
    ming, inbox = customer(pages, stack, NAME), agent(pages, stack)
    writes(ming, "转人工")
    expect(rows(inbox)).to_have_count(1)
    opens(inbox)
    claims(inbox)
    [conversation] = stack.api().get("/conversations", status="open")["items"]
    contact = stack.api().get(f"/contacts/{conversation['contact']['id']}")
    told = [{"scheme": each["scheme"], "value": each["value"]} for each in contact["identities"]]
    body = json.dumps({"addresses": [*told, {"scheme": "union", "value": "composer"}], "name": NAME}).encode()
    at = str(int(time.time()))
    seal = hmac(DEMO_ENVIRONMENT["DEMO_LINK_SECRET"].encode(), f"{at}.".encode() + body, sha256).hexdigest()
    headers = {"X-Yizhan-Timestamp": at, "X-Yizhan-Signature": seal}
    assert requests.post(f"{stack.hub}/api/v1/contacts/link", data=body, headers=headers, timeout=30).ok
    return ming, inbox


def box(page: Page) -> Any:
    return composer(page).locator("textarea")


def options(page: Page) -> Any:
    return composer(page).locator(".completion").get_by_role("option")


def test_ready_made_texts_at_the_caret(windows: tuple[Page, Page], screen: Any) -> None:
    ming, inbox = windows
    number = inbox.url.rpartition("/")[2]
    box(inbox).click()
    inbox.keyboard.type("您好，/tk")
    expect(options(inbox).first).to_contain_text("退款时效")
    expect(box(inbox)).to_have_attribute("aria-activedescendant", options(inbox).first.get_attribute("id") or "-")
    expect(composer(inbox).locator(".ready__text").first).to_contain_text("1–3 个工作日")
    screen(inbox, "composer-canned")
    inbox.keyboard.press("ArrowDown")
    inbox.keyboard.press("Enter")  # 退款已提交, whose order nobody knows
    promise = f"的退款已经提交，会话编号 {number}，有进展会第一时间告诉您。"
    expect(box(inbox)).to_have_value(f"您好，订单 {{context.order}} {promise}")
    inbox.keyboard.press("Enter")
    expect(composer(inbox).get_by_text("还有空缺")).to_be_visible()
    expect(chat(ming)).not_to_contain_text("退款已经提交")
    inbox.keyboard.type("XC20260002")  # the gap is selected
    inbox.keyboard.press("End")
    inbox.keyboard.type("/jsy")
    expect(options(inbox)).to_have_count(1)
    inbox.keyboard.press("Enter")  # another one in the same message
    whole = f"您好，订单 XC20260002 {promise}感谢您的咨询，祝您生活愉快，再见！"
    expect(box(inbox)).to_have_value(whole)
    inbox.keyboard.press("Enter")
    expect(chat(ming).get_by_text(whole)).to_be_visible()
    inbox.keyboard.type("/")
    expect(options(inbox).first).to_be_visible()
    inbox.keyboard.press("Escape")
    expect(options(inbox)).to_have_count(0)
    expect(box(inbox)).to_be_focused()


def test_what_goes_out_in_parts_says_so_before_it_goes(windows: tuple[Page, Page]) -> None:
    _, inbox = windows
    cost = composer(inbox).locator(".cost--over")
    box(inbox).fill("长" * 700)  # 2,100 of 1,800 bytes
    expect(cost).to_have_text("2100 / 1800 字节，将分 2 条发送")
    box(inbox).fill("长" * 3_600)
    expect(cost).to_have_text(re.compile("10800 / 1800 字节：要分 6 条，只剩 [45] 条可发，请精简"))


def test_a_macro_answers_and_resolves(windows: tuple[Page, Page]) -> None:
    ming, inbox = windows
    box(inbox).click()
    inbox.keyboard.type("/zxbjj")
    expect(composer(inbox).get_by_text("解决", exact=True)).to_be_visible()
    inbox.keyboard.press("Enter")
    expect(chat(ming).get_by_text("感谢您的咨询，祝您生活愉快！")).to_be_visible()
    expect(inbox.get_by_text("已执行“致谢并解决”")).to_be_visible()
    expect(rows(inbox)).to_have_count(0)


def test_enter_during_pinyin_sends_nothing(windows: tuple[Page, Page]) -> None:
    ming, inbox = windows
    box(inbox).click()
    typing = inbox.context.new_cdp_session(inbox)
    typing.send("Input.imeSetComposition", {"text": "nihao", "selectionStart": 5, "selectionEnd": 5})
    inbox.keyboard.press("Enter")  # a real input method would end the composition with it
    assert box(inbox).input_value().startswith("nihao")
    box(inbox).fill("你好")
    inbox.keyboard.press("Enter")
    expect(chat(ming).get_by_text("你好", exact=True)).to_be_visible()
    expect(chat(ming)).not_to_contain_text("nihao")
    inbox.keyboard.type("/")
    typing.send("Input.imeSetComposition", {"text": "tksx", "selectionStart": 4, "selectionEnd": 4})
    expect(options(inbox).first).to_contain_text("退款时效")
    inbox.keyboard.press("Enter")  # the input method's, not the list's
    assert "个工作日" not in box(inbox).input_value()
    box(inbox).fill("")
    inbox.keyboard.type("/tksx")
    expect(options(inbox)).to_have_count(1)
    inbox.keyboard.press("Enter")
    expect(box(inbox)).to_have_value("您好，退款审核通过后 1–3 个工作日原路退回，请您留意账户。")


def test_a_note_calls_a_colleague_and_is_put_right(windows: tuple[Page, Page], stack: Stack) -> None:
    ming, inbox = windows
    inbox.get_by_role("button", name="内部备注").click()
    expect(composer(inbox).get_by_text("仅内部可见")).to_be_visible()
    inbox.keyboard.type("请@xl")
    expect(options(inbox).filter(has_text="小李")).to_be_visible()
    while "小李" not in options(inbox).and_(inbox.locator("[aria-selected=true]")).inner_text():
        inbox.keyboard.press("ArrowDown")
    inbox.keyboard.press("Enter")
    inbox.keyboard.type("查账")
    with inbox.expect_response("**/messages"):
        composer(inbox).get_by_role("button", name="添加备注").click()
    expect(said(inbox, "请@小李 查账")).to_be_visible()
    expect(composer(inbox).locator("textarea")).to_be_focused()
    inbox.keyboard.press("ArrowUp")
    expect(composer(inbox).get_by_role("button", name="保存修改")).to_be_visible()
    inbox.keyboard.press("End")
    inbox.keyboard.type("，今天")
    inbox.keyboard.press("Enter")
    expect(said(inbox, "请@小李 查账，今天")).to_be_visible()
    expect(said(inbox, "请@小李 查账")).to_have_count(0)
    expect(composer(inbox).get_by_role("button", name="添加备注")).to_be_visible()
    expect(chat(ming)).not_to_contain_text("查账")


def test_files_are_pasted_and_dropped(windows: tuple[Page, Page], tmp_path: Path) -> None:
    ming, inbox = windows
    picture = base64.b64encode(png(tmp_path / "shot.png", (60, 120, 200)).read_bytes()).decode()
    give = """(box, [name, type, data, size, how]) => {
        const bytes = data ? Uint8Array.from(atob(data), (one) => one.charCodeAt(0)) : new Uint8Array(size)
        const files = new DataTransfer()
        files.items.add(new File([bytes], name, { type }))
        const usual = { bubbles: true, cancelable: true }
        const given = how === 'paste'
            ? new ClipboardEvent('paste', { ...usual, clipboardData: files })
            : new DragEvent('drop', { ...usual, dataTransfer: files })
        box.dispatchEvent(given)
    }"""
    uploads: list[str] = []
    inbox.on("request", lambda request: uploads.append(request.url) if "/attachments" in request.url else None)
    box(inbox).evaluate(give, ["big.png", "image/png", "", 30_000_000, "drop"])
    expect(inbox.get_by_text("big.png").first).to_be_visible()
    assert uploads == []  # refused before a byte of it travels
    inbox.route("**/api/v1/attachments", lambda route: route.abort(), times=1)
    box(inbox).evaluate(give, ["shot.png", "image/png", picture, 0, "paste"])
    expect(composer(inbox).locator(".uploads__problem")).to_be_visible()
    composer(inbox).get_by_role("button", name="重新上传 shot.png").click()
    expect(composer(inbox).locator(".uploads__size")).to_be_visible()
    composer(inbox).get_by_role("button", name="发送", exact=True).click()
    expect(chat(ming).locator("img")).to_have_count(1)


def test_on_a_phone_in_english(windows: tuple[Page, Page], screen: Any) -> None:
    _, inbox = windows
    inbox.set_viewport_size({"width": 390, "height": 844})
    inbox.evaluate("localStorage.setItem('yizhan.locale', 'en')")
    inbox.reload()
    composer(inbox).get_by_role("button", name="Canned replies and macros").click()
    inbox.keyboard.type("ref")
    expect(options(inbox).first).to_contain_text("Refund")
    screen(inbox, "composer-phone")
    assert inbox.evaluate("document.documentElement.scrollWidth") <= 390
    options(inbox).first.click()
    expect(box(inbox)).not_to_have_value("")
    expect(box(inbox)).not_to_have_value("ref")


def test_settings_keep_what_agents_write(windows: tuple[Page, Page], stack: Stack, screen: Any) -> None:
    _, inbox = windows
    inbox.goto(f"{stack.hub}/settings/canned")
    expect(inbox.get_by_text("config/canned/shop.toml:").first).to_be_visible()
    inbox.get_by_role("button", name="新建快捷回复").click()
    inbox.get_by_label("标题").fill("催单")
    inbox.get_by_label("正文").fill("{customer.name}，")
    inbox.get_by_role("button", name="客服姓名").click()
    expect(inbox.get_by_role("dialog").get_by_text("王小明，")).to_be_visible()
    inbox.get_by_role("button", name="保存").click()
    inbox.get_by_role("searchbox").fill("cd")
    expect(inbox.locator(".kept__one")).to_have_count(1)
    screen(inbox, "settings-canned")
    inbox.get_by_role("button", name="删除").click()
    inbox.get_by_role("dialog").get_by_role("button", name="删除").click()
    expect(inbox.locator(".kept__one")).to_have_count(0)
    expect(thread(inbox)).to_have_count(0)
