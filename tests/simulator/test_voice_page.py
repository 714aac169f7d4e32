"""A phone on a page, in a real browser and on a narrow screen: it calls, and it rings."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import browser_type_launch_args  # noqa: F401  a fixture
from tests.simulator.driving import wait_until
from tests.simulator.phoning import AGENT, MING, OURS, Line, response, telephone

pytestmark = pytest.mark.browser

LISTENS = '<Gather input="dtmf speech" numDigits="1" speechTimeout="auto" action="/turn" timeout="60">{prompt}</Gather>'


@pytest.fixture
def line() -> Iterator[Line]:
    with telephone(factor=3) as standing:
        yield standing


@pytest.fixture
def phone(page: Page, line: Line) -> Page:
    page.set_viewport_size({"width": 360, "height": 640})
    page.goto(f"{line.url}/page/handset.html?number={AGENT}")
    return page


@pytest.fixture
def browser_context_args() -> dict[str, str]:
    return {"locale": "zh-CN"}


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_calling(phone: Page, line: Line) -> None:
    line.says(response(LISTENS.format(prompt='<Say language="zh-CN">您好，请说</Say>')))
    line.says(response(LISTENS.format(prompt='<Say language="zh-CN">好的，转人工请按零</Say>')), "/turn")
    phone.get_by_role("button", name=f"呼叫 {OURS}").click()
    expect(phone.get_by_text("您好，请说")).to_be_visible()
    phone.get_by_label("说点什么").fill("我要退货")
    phone.keyboard.press("Enter")
    expect(phone.get_by_text("好的，转人工请按零")).to_be_visible()
    assert line.hub.asked("/turn")[0]["SpeechResult"] == "我要退货"
    line.says(response("<Say>Thank you</Say>", '<Pause length="60"/>'), "/turn")
    phone.get_by_role("button", name="0", exact=True).click()
    expect(phone.get_by_text("Thank you")).to_be_visible()
    assert line.hub.asked("/turn")[1]["Digits"] == "0"
    assert fits(phone)
    phone.get_by_role("button", name="挂断").click()
    expect(phone.get_by_text("通话已结束")).to_be_visible()
    expect(phone.get_by_role("button", name=f"呼叫 {OURS}")).to_be_visible()


def test_ringing(phone: Page, line: Line) -> None:
    line.says(response('<Gather numDigits="1" action="/pressed" timeout="60"><Say>press one</Say></Gather>'), "/agent")
    line.says(response("<Say>Connected</Say>", "<Hangup/>"), "/pressed")
    form = {"To": AGENT, "From": OURS, "Url": f"{line.hub.url}/agent", "Timeout": "60"}
    first = line.rest("POST", "Calls.json", **form).json()["sid"]
    expect(phone.get_by_text("来电", exact=True)).to_be_visible()
    phone.get_by_role("button", name="拒接").click()
    assert line.over(first)["status"] == "busy"
    expect(phone.get_by_text("对方正忙")).to_be_visible()

    second = line.rest("POST", "Calls.json", **form).json()["sid"]
    phone.get_by_role("button", name="接听").click()
    expect(phone.get_by_text("press one")).to_be_visible()
    phone.get_by_role("button", name="1", exact=True).click()
    expect(phone.get_by_text("Connected")).to_be_visible()
    assert line.over(second)["status"] == "completed"
    assert fits(phone)


def test_two_phones_talk(phone: Page, line: Line) -> None:
    line.says(response(f"<Dial><Number>{AGENT}</Number></Dial>"))
    other = phone.context.new_page()
    other.goto(f"{line.url}/page/handset.html?number={MING}")
    other.get_by_role("button", name=f"呼叫 {OURS}").click()
    phone.get_by_role("button", name="接听").click()
    expect(other.get_by_text(f"已接通 {AGENT}")).to_be_visible()
    other.get_by_label("说点什么").fill("在吗")
    other.keyboard.press("Enter")
    expect(phone.get_by_text("在吗")).to_be_visible()
    phone.get_by_role("button", name="English").click()  # the call goes on
    expect(phone.get_by_text(f"Connected with {MING}")).to_be_visible()
    phone.get_by_role("button", name="Hang up").click()
    expect(other.get_by_text("通话已结束")).to_be_visible()
    wait_until(lambda: line.errors() == [])
