"""Mail in two windows: a customer's mail program and the inbox; and a mail full of script and trackers."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from bench.stack import Stack
from tests.e2e.windows import Pages, agent, answers, claims, composer, opens, rows, said, thread

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

HOSTILE = """From: "Evil" <evil@x.test>
To: support@shop.example.com
Subject: =?utf-8?B?6K+35Lq65bel?=
Message-ID: <{number}@x.test>
Return-Path: <evil@x.test>
Content-Type: text/html; charset=utf-8

<html><head><script>parent.hacked = 1; fetch("https://evil.test/script")</script><base href="https://evil.test/">
<link rel="stylesheet" href="https://evil.test/a.css"><meta http-equiv="refresh" content="0;url=https://evil.test/meta">
<style>@import "https://evil.test/b.css"; body {{ background: url(https://evil.test/bg.png) }}</style></head>
<body onload="parent.hacked = 2" style="position:fixed;inset:0;z-index:9999;background:url(https://evil.test/style.png)">
<h1 style="background-image:url(https://evil.test/h1.png)">请转人工，谢谢</h1>
<img src="https://tracker.test/open.gif" onerror="parent.hacked = 3"><img srcset="https://tracker.test/set.png 2x">
<img src="x" onerror="parent.hacked = 4"><svg onload="parent.hacked = 5"><image href="https://tracker.test/svg.png"/></svg>
<video poster="https://tracker.test/poster.png" autoplay src="https://tracker.test/v.mp4"></video>
<iframe src="https://evil.test/frame"></iframe><object data="https://evil.test/object"></object>
<form action="https://evil.test/form"><input name="a"><button>go</button></form>
<a href="javascript:parent.hacked = 6">press</a> <a href="https://good.test/page">a link</a>
<div style="width:5000px;margin-left:-3000px">wide</div></body></html>
"""


def writes_mail(page: Page, subject: str, text: str) -> None:
    page.get_by_role("button", name="写邮件").click()
    page.get_by_label("主题").fill(subject)
    page.get_by_label("正文").fill(text)
    page.get_by_role("button", name="发送").click()
    expect(page.get_by_role("article", name="我 的邮件")).to_contain_text(text.splitlines()[0])


def mail_program(pages: Pages, stack: Stack, name: str, **window: Any) -> Page:
    page = pages(**window)
    page.goto(stack.simulator.base.removesuffix("/_sim"))
    page.locator("#users").get_by_role("button", name=name, exact=True).click()
    page.get_by_role("button", name="邮箱", exact=True).click()
    return page


def test_a_customer_writes_a_mail_and_an_agent_answers(pages: Pages, stack: Stack, screen: Any) -> None:
    subject = f"杯子碎了 {time.time_ns()}"
    hong, inbox = mail_program(pages, stack, "小红"), agent(pages, stack)
    writes_mail(hong, subject, "收到的杯子碎了，请转人工")
    row = rows(inbox).filter(has_text=subject)
    expect(row).to_be_visible()  # without a reload
    opens(inbox, row)
    expect(said(inbox, "收到的杯子碎了，请转人工")).to_be_visible()
    claims(inbox)
    expect(composer(inbox)).to_contain_text("收件人 xiaohong@customer.example")
    composer(inbox).locator("textarea").fill("很抱歉！\n\n**马上**给您补发。")
    inbox.keyboard.press("Enter")  # a mail has paragraphs
    inbox.keyboard.press("Control+Enter")
    expect(hong.get_by_role("article").last).to_contain_text("驿站小店")
    frame = hong.get_by_role("article").last.frame_locator("iframe")
    expect(frame.locator("strong").first).to_have_text("马上")
    expect(frame.locator("blockquote")).to_contain_text("收到的杯子碎了")

    hong.get_by_role("button", name="回复", exact=True).click()
    hong.get_by_label("正文").fill("太好了，谢谢")
    hong.get_by_role("button", name="发送").click()
    expect(said(inbox, "太好了，谢谢")).to_be_visible()  # in the same conversation, and without what it quotes
    bubble = thread(inbox).locator(".bubble").last
    expect(bubble).not_to_contain_text("补发")
    bubble.get_by_role("button", name="完整邮件").click()
    expect(bubble.frame_locator("iframe").locator("body")).to_contain_text("补发")
    screen(inbox, "mail")


def test_an_agent_writes_first(pages: Pages, stack: Stack) -> None:
    subject = f"到货通知 {time.time_ns()}"
    hong, inbox = mail_program(pages, stack, "小红"), agent(pages, stack, "mine")
    expect(inbox.get_by_role("button", name="写邮件")).to_be_visible()
    inbox.keyboard.press("c")
    dialog = inbox.get_by_role("dialog")
    dialog.get_by_label("收件人").fill("xiaohong@customer.example")
    dialog.get_by_label("主题").fill(subject)
    dialog.locator("textarea").fill("您要的杯子到货了")
    dialog.get_by_role("button", name="发送").click()
    expect(said(inbox, "您要的杯子到货了")).to_be_visible()
    hong.get_by_role("button", name=subject).click()
    expect(hong.get_by_role("article").frame_locator("iframe").locator("body")).to_contain_text("您要的杯子到货了")


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_of_a_mail_full_of_script_and_trackers_nothing_runs_and_nothing_leaves(
    pages: Pages, stack: Stack, screen: Any, width: int, height: int
) -> None:
    raw = HOSTILE.format(number=time.time_ns()).replace("\n", "\r\n").encode()
    requests.post(f"{stack.simulator.base}/mail/raw", data=raw, timeout=30).raise_for_status()
    inbox = agent(pages, stack, width=width, height=height)
    left: list[str] = []
    inbox.context.on("request", lambda request: left.append(request.url))
    opens(inbox, rows(inbox).filter(has_text="Evil"))
    bubble = thread(inbox).locator(".bubble").first
    bubble.get_by_role("button", name="完整邮件").click()
    frame = bubble.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="请转人工，谢谢")).to_be_visible()
    expect(bubble.get_by_text("外部图片未加载")).to_be_visible()
    inbox.wait_for_timeout(1500)  # whatever would run or load has had its time
    screen(inbox, f"hostile-mail-{width}")

    assert [url for url in left if not url.startswith((stack.hub, "data:", "blob:"))] == []
    assert inbox.evaluate("window.hacked") is None
    assert inbox.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the layout holds"
    assert frame.locator("script, iframe, object, form, svg, video, link, base, meta[http-equiv]").count() == 0
    assert frame.locator("[onload], [onerror], a[href^='javascript']").count() == 0
    expect(thread(inbox).get_by_role("button", name="显示图片")).to_be_visible()
    with inbox.expect_response(lambda answer: "images=1" in answer.url) as shown:
        bubble.get_by_role("button", name="显示图片").click()
    assert shown.value.ok  # the hub asks for them itself, as far as it may
    inbox.wait_for_timeout(500)
    assert [url for url in left if not url.startswith((stack.hub, "data:", "blob:"))] == []


def test_what_a_person_did_not_write_is_folded(pages: Pages, stack: Stack) -> None:
    subject = f"请转人工 {time.time_ns()}"
    hong, inbox = mail_program(pages, stack, "小红"), agent(pages, stack)
    writes_mail(hong, subject, "请转人工")
    opens(inbox, rows(inbox).filter(has_text=subject))
    claims(inbox)
    answers(inbox, "您好")
    mails = stack.simulator.get("/mail/people/xiaohong@customer.example/mails")["items"]
    answer_of_ours = next(each for each in reversed(mails) if not each["own"])
    away = {"text": "我在休假，下周回复。", "auto_reply": True, "in_reply_to": answer_of_ours["message_id"]}
    stack.simulator.post("/mail/people/xiaohong@customer.example/mails", away)
    folded = thread(inbox).get_by_text("自动回复")
    expect(folded.first).to_be_visible()
