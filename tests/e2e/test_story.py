"""The main job, played by two people in two windows: a customer, the bot, an agent."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from bench.stack import AGENT, Stack
from tests.e2e.windows import Newcomer, Pages, agent, customer, writes

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


def png(path: Path, colour: tuple[int, int, int], side: int = 120) -> Path:
    """A plain square."""
    rows = b"".join(b"\0" + bytes(colour) * side for _ in range(side))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )
    return path


def test_a_customer_the_bot_and_an_agent(
    pages: Pages, stack: Stack, newcomer: Newcomer, tmp_path: Path, screen: Any
) -> None:
    ming, inbox = customer(pages, stack, newcomer()), agent(pages, stack)
    chat = ming.locator("#chat")
    expect(inbox.get_by_text("没有客户在等待")).to_be_visible()

    writes(ming, "怎么退款")
    expect(chat.get_by_text("申请退款")).to_be_visible()

    writes(ming, "转人工")
    expect(chat.get_by_text("正在为您转接人工客服")).to_be_visible()
    row = inbox.locator("[data-row]").first
    expect(row).to_be_visible()  # without a reload
    row.click()
    thread = inbox.get_by_role("log")
    expect(thread.get_by_text("怎么退款", exact=True)).to_be_visible()
    inbox.get_by_role("button", name="接手").click()
    expect(thread.get_by_text("小林 接手了会话")).to_be_visible()

    composer = inbox.locator("#composer")
    composer.locator("textarea").fill("您好，我来帮您看看退款。")
    composer.get_by_role("button", name="发送", exact=True).click()
    expect(chat.get_by_text("您好，我来帮您看看退款。")).to_be_visible()
    answer = thread.locator(".bubble", has_text="我来帮您看看退款")
    expect(answer.get_by_text("已发")).to_be_attached()

    ming.locator("#image").set_input_files(png(tmp_path / "receipt.png", (200, 60, 60)))
    expect(thread.locator("img[src*='/api/v1/attachments/']")).to_have_count(1)
    composer.locator("input[type=file]").set_input_files(png(tmp_path / "guide.png", (60, 120, 200)))
    composer.get_by_role("button", name="发送", exact=True).click()
    expect(thread.locator("img[src*='/api/v1/attachments/']")).to_have_count(2)
    expect(chat.locator("img[src*='/']")).not_to_have_count(0)
    screen(inbox, "inbox-thread")
    screen(ming, "customer-chat")

    writes(ming, "好的，谢谢")
    expect(thread.get_by_text("好的，谢谢")).to_be_visible()
    # a person has the conversation: the bot, which knows an answer to thanks, stays silent
    inbox.get_by_role("button", name="解决").first.click()
    expect(thread.get_by_text("解决了会话")).to_be_visible()


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (900, 1100), (390, 844), (320, 640)])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_width_and_language(
    pages: Pages, stack: Stack, screen: Any, width: int, height: int, language: str
) -> None:
    """Nothing scrolls sideways and no other host is asked for anything."""
    page = pages(width=width, height=height, language=language)
    strangers: list[str] = []
    page.on("request", lambda request: strangers.append(request.url) if stack.hub not in request.url else None)
    page.goto(f"{stack.hub}/inbox/all")
    page.locator("input[autocomplete=username]").fill(AGENT["email"])
    page.locator("input[type=password]").fill(AGENT["password"])
    screen(page, f"login-{width}-{language}")
    page.locator("form button[type=submit]").click()
    expect(page.locator("#list")).to_be_visible()
    screen(page, f"inbox-{width}-{language}")
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0
    assert [url for url in strangers if not url.startswith(("data:", "blob:"))] == []
