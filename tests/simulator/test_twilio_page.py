"""The customer's telephone on the page, in a real browser and on a narrow screen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import browser_type_launch_args  # noqa: F401  a fixture
from tests.simulator.driving import Simulator, wait_until
from tests.simulator.texting import HONG, MING, OURS, PNG, SENDER, Phones, texting

pytestmark = pytest.mark.browser


@pytest.fixture
def phones(simulator: Simulator) -> Iterator[Phones]:
    with texting(simulator) as world:
        yield world


@pytest.fixture
def browser_context_args() -> dict[str, str]:
    return {"locale": "zh-CN"}


@pytest.fixture
def page_of_ming(page: Page, phones: Phones) -> Page:
    page.set_viewport_size({"width": 360, "height": 700})
    page.goto(phones.simulator.url)
    page.get_by_role("button", name="手机", exact=True).click()
    expect(page.get_by_text(MING).first).to_be_visible()
    return page


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_a_customer_texts_and_reads(page_of_ming: Page, phones: Phones) -> None:
    page = page_of_ming
    page.get_by_role("list", name="短信列表").get_by_role("button", name="驿站小店").click()
    phones.hub.slow = 0.3
    page.get_by_label("短信内容").fill("在吗")
    page.get_by_label("短信内容").press("Enter")
    texts = page.get_by_role("log", name="与 驿站小店 的短信")
    expect(texts.get_by_text("发送中")).to_be_visible()
    expect(texts.get_by_text("已送达")).to_be_visible()
    assert phones.hub.posted[0].form["Body"] == "在吗"

    page.get_by_label("短信内容").fill("还没写完")
    phones.create(Body="在的，详见 https://shop.example.com/a")
    expect(texts.get_by_role("link", name="https://shop.example.com/a")).to_be_visible()
    expect(page.get_by_label("短信内容")).to_have_value("还没写完")  # what is being written stays

    page.locator("#handset").get_by_label("发送图片").set_input_files(
        {"name": "a.png", "mimeType": "image/png", "buffer": PNG}
    )
    expect(texts.get_by_role("button", name="查看图片")).to_be_visible()
    wait_until(lambda: phones.hub.posted[-1].form["NumMedia"] == "1")
    assert fits(page)


def test_what_does_not_arrive_is_marked(page_of_ming: Page, phones: Phones) -> None:
    page = page_of_ming
    phones.hub.answers = [(500, "text/html", "")]
    page.get_by_role("button", name="驿站小店").click()
    page.get_by_label("短信内容").fill("在吗")
    page.locator(".phone-only").get_by_role("button", name="发送", exact=True).click()
    expect(page.get_by_text("未送达：HTTP 500")).to_be_visible()


def test_a_customer_of_the_mainland_has_another_number_to_text(page: Page, phones: Phones) -> None:
    phones.hub.answers = [(200, "application/json", '{"code":0}')]
    page.goto(phones.simulator.url)
    page.get_by_role("button", name="手机", exact=True).click()
    page.locator("#users").get_by_role("button", name="小红").click()
    expect(page.locator("#number")).to_have_text(HONG)
    expect(page.get_by_text(OURS)).to_have_count(0)
    page.get_by_role("button", name=SENDER).click()
    expect(page.locator("#handset").get_by_label("发送图片")).to_have_count(0)
    page.get_by_label("短信内容").fill("什么时候到？")
    page.get_by_label("短信内容").press("Enter")
    expect(page.get_by_text("已送达")).to_be_visible()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_label("Text message")).to_be_visible()


def test_unread_texts_are_marked_in_the_list(page_of_ming: Page, phones: Phones) -> None:
    expect(page_of_ming.locator(".mail-unread")).to_have_count(0)
    phones.create(Body="您的订单已发货")
    expect(page_of_ming.locator(".mail-unread")).to_contain_text("您的订单已发货")
    page_of_ming.get_by_role("button", name="驿站小店").click()
    page_of_ming.get_by_role("button", name="返回").click()
    expect(page_of_ming.locator(".mail-unread")).to_have_count(0)


def test_a_call_rings_whatever_is_read(page_of_ming: Page, phones: Phones) -> None:
    page = page_of_ming
    page.get_by_role("button", name="驿站小店").click()
    placed = phones.rest("POST", "Calls.json", To=MING, From=OURS, Twiml="<Response><Say>您好</Say></Response>")
    assert placed.status_code == 201
    page.get_by_role("button", name="接听").click()
    expect(page.get_by_text("您好", exact=True)).to_be_visible()
    page.get_by_role("button", name="返回").click()
    expect(page.get_by_role("list", name="短信列表")).to_be_visible()


def test_the_same_person_has_a_telephone(page: Page, phones: Phones) -> None:
    page.goto(phones.simulator.url)
    page.locator("#users").get_by_role("button", name="Alex").click()
    page.get_by_role("button", name="手机", exact=True).click()
    expect(page.locator("#number")).to_have_text("+14155550123")
    page.get_by_role("button", name="电话", exact=True).click()
    expect(page.get_by_role("button", name=f"呼叫 {OURS}")).to_be_visible()
