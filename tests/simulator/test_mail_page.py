"""The customer's mail program, in a real browser and on a narrow phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import browser_type_launch_args  # noqa: F401  a fixture
from tests.simulator.mailing import HONG, MING, SUPPORT, MailWorld, text_of

pytestmark = pytest.mark.browser

HOSTILE = (
    '<h2>您好</h2><script>document.title = "hacked"</script><img src="/_sim/accounts" onerror="parent.x = 1">'
    '<p style="width:900px">很宽</p>'
)


@pytest.fixture
def phone(page: Page, mail: MailWorld) -> Page:
    page.set_viewport_size({"width": 360, "height": 700})
    page.goto(mail.simulator.url)
    page.get_by_role("button", name="邮箱").click()
    expect(page.get_by_text("还没有邮件")).to_be_visible()
    return page


@pytest.fixture
def browser_context_args() -> dict[str, str]:
    return {"locale": "zh-CN"}


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_a_customer_writes_and_answers(phone: Page, mail: MailWorld) -> None:
    phone.get_by_role("button", name="写邮件").click()
    phone.get_by_label("主题").fill("询价")
    phone.get_by_label("正文").fill("T恤多少钱？")
    phone.get_by_text("添加附件").locator("input").set_input_files(
        {"name": "照片 说明.txt", "mimeType": "text/plain", "buffer": b"red"}
    )
    assert fits(phone)
    phone.get_by_role("button", name="发送").click()
    expect(phone.get_by_role("article", name="我 的邮件")).to_contain_text("T恤多少钱？")
    [file] = mail.newest().iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("照片 说明.txt", "red")

    mail.send(
        MING, subject="Re: 询价", In_Reply_To=str(mail.newest()["Message-ID"]), Reply_To="support+x@shop.example.com"
    )
    expect(phone.get_by_role("article")).to_have_count(2)
    phone.get_by_role("button", name="回复", exact=True).click()
    expect(phone.get_by_label("收件人")).to_have_value("support+x@shop.example.com")
    phone.get_by_label("正文").fill("要两件")
    phone.get_by_label("用什么写").select_option("163")
    mail.send(MING, subject="别的")  # what is being written stays
    phone.get_by_role("button", name="发送").click()
    expect(phone.get_by_role("article")).to_have_count(3)
    got = mail.newest(2)
    assert (got["Delivered-To"], got["Subject"]) == ("support+x@shop.example.com", "Re:询价")
    assert text_of(got).startswith("要两件\n")
    phone.get_by_role("button", name="返回").click()
    expect(phone.locator(".mail-row")).to_have_count(2)
    expect(phone.locator(".mail-unread")).to_have_count(1)


def test_a_strangers_page_is_shown_and_does_nothing(phone: Page, mail: MailWorld) -> None:
    mail.writes(HONG, to=[MING], html=HOSTILE, subject="页面")
    phone.get_by_role("button", name="页面").click()
    frame = phone.get_by_role("article").frame_locator("iframe")
    expect(frame.get_by_role("heading", name="您好")).to_be_visible()
    assert fits(phone)
    assert phone.evaluate("window.x") is None
    assert "hacked" not in phone.title()
    with phone.expect_popup() as opened:  # links lead away, not into the frame
        frame.locator("body").evaluate(
            "body => body.insertAdjacentHTML('beforeend', '<a href=\"about:blank#x\">x</a>')"
        )
        frame.get_by_role("link", name="x").click()
    assert opened.value.url == "about:blank#x"


def test_a_person_has_their_own_mail(phone: Page, mail: MailWorld) -> None:
    mail.send(MING, subject="给小明")
    expect(phone.get_by_role("button", name="给小明")).to_be_visible()
    phone.locator("#open-panel").click()
    phone.locator("#users").get_by_role("button", name="小红").click()
    phone.locator("#close-panel").click()
    expect(phone.get_by_text("xiaohong@customer.example").first).to_be_visible()
    expect(phone.get_by_text("还没有邮件")).to_be_visible()
    phone.get_by_role("button", name="写邮件").click()
    expect(phone.get_by_label("收件人")).to_have_value(SUPPORT)
