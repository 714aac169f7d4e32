"""Customers of three WeChat accounts, and what each account lets the shop do: played in two windows."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Page, expect

from bench.stack import APP_ID, REPOSITORY, Client, Stack
from hub.settings import DEMO_ENVIRONMENT
from tests.e2e.windows import (
    POST,
    SERVICE,
    SHOP,
    Newcomer,
    Pages,
    agent,
    answers,
    chat,
    claims,
    composer,
    customer,
    opens,
    person,
    reads,
    rows,
    said,
    switches_to,
    thread,
    writes,
)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

DAYS = 24 * 3600
HANDED_OVER = "正在为您转接人工客服，请稍候。"
ASKS_FOR_ORDER = "请发送您的订单号，我来帮您查询。 Please send your order number."
GREETING = "您好，欢迎光临驿站小店！请直接输入您的问题，随时可以回复“转人工”。"
UNANSWERED = "该公众号暂时无法提供服务"  # what WeChat says when a push stays unanswered
THREE_TRIES = 30_000  # milliseconds; of a push that nobody answers, five seconds each


@pytest.fixture
def backend(stack: Stack) -> Iterator[str]:
    """The mini program's backend of the examples, between this WeChat and this hub."""
    environment = {
        "PATH": os.environ["PATH"],
        "PORT": "0",
        "MP_APP_ID": APP_ID,
        "MP_APP_SECRET": DEMO_ENVIRONMENT["DEMO_APP_SECRET"],
        "HUB_LINK_SECRET": DEMO_ENVIRONMENT["DEMO_LINK_SECRET"],
        "WECHAT_API_BASE": stack.simulator.base.removesuffix("/_sim"),
        "HUB_URL": stack.hub,
    }
    command = [sys.executable, "-B", str(REPOSITORY / "examples" / "miniprogram" / "backend.py")]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    assert process.stdout
    yield process.stdout.readline().removeprefix("listening on ").strip()
    process.terminate()
    process.communicate(timeout=10)


def openid(wechat: Client, account: str, name: str) -> str:
    users = wechat.get(f"/accounts/{account}/users")["items"]
    return next(str(user["openid"]) for user in users if user["name"] == name)


def in_conversation(pages: Pages, stack: Stack, name: str, account: str) -> tuple[Page, Page]:
    """Their two windows, once an agent has taken the conversation over from the bot."""
    phone, inbox = customer(pages, stack, name, account), agent(pages, stack, "all")
    writes(phone, "转人工")
    reads(phone, "转人工", HANDED_OVER)
    opens(inbox)
    claims(inbox)
    return phone, inbox


# one person


def test_one_person_on_two_accounts(pages: Pages, stack: Stack, newcomer: Newcomer, backend: str) -> None:
    name = newcomer()
    phone, inbox = customer(pages, stack, name, SHOP), agent(pages, stack, "all")
    writes(phone, "转人工")
    reads(phone, "转人工", HANDED_OVER)
    switches_to(phone, SERVICE)
    writes(phone, "我在服务号")
    expect(rows(inbox)).to_have_count(2)

    # the service account's profile has the unionid by now, or soon; the mini program's comes with a login
    code = stack.simulator.post(f"/users/{openid(stack.simulator, SHOP, name)}/login")["code"]
    assert requests.post(f"{backend}/login", json={"code": code}, timeout=10).json() == {"linked": True}
    expect(rows(inbox)).to_have_count(1)
    opens(inbox)
    expect(thread(inbox).get_by_text("转人工", exact=True)).to_be_visible()
    expect(thread(inbox).get_by_text("我在服务号", exact=True)).to_be_visible()
    expect(said(inbox, "转人工")).to_contain_text("驿站小店")
    expect(said(inbox, "我在服务号")).to_contain_text("驿站服务号")
    for account in ("驿站小店", "驿站服务号", "微信 UnionID"):
        expect(person(inbox).get_by_text(account, exact=True)).to_be_visible()

    claims(inbox)
    answers(inbox, "在服务号回答您")
    expect(chat(phone).get_by_text("在服务号回答您")).to_be_visible()
    switches_to(phone, SHOP)
    writes(phone, "现在我在小程序")
    expect(thread(inbox).get_by_text("现在我在小程序", exact=True)).to_be_visible()
    answers(inbox, "那就在小程序回答")
    reads(phone, "转人工", HANDED_OVER, "现在我在小程序", "那就在小程序回答")
    switches_to(phone, SERVICE)
    expect(chat(phone).get_by_text("在服务号回答您")).to_be_visible()
    expect(chat(phone).get_by_text("那就在小程序回答")).to_have_count(0)

    person(inbox).get_by_role("button", name="撤销与").click()
    inbox.get_by_role("button", name="撤销合并").click()
    expect(rows(inbox)).to_have_count(2)
    expect(thread(inbox).get_by_text("客户合并已撤销")).to_be_visible()
    expect(thread(inbox).get_by_text("现在我在小程序", exact=True)).to_be_visible()
    expect(thread(inbox).get_by_text("我在服务号", exact=True)).to_have_count(0)
    opens(inbox, rows(inbox).filter(has_text="驿站服务号"))
    expect(thread(inbox).get_by_text("我在服务号", exact=True)).to_be_visible()
    expect(thread(inbox).get_by_text("现在我在小程序", exact=True)).to_have_count(0)


# outside of the time to answer


def test_a_service_account_sends_a_template_when_the_window_is_closed(
    pages: Pages, stack: Stack, newcomer: Newcomer
) -> None:
    phone, inbox = in_conversation(pages, stack, newcomer(), SERVICE)
    stack.simulator.post("/clock", {"advance": 2 * DAYS + 60})
    answers(inbox, "您的退款已经办好")

    notice = chat(phone).locator(".card-notice")
    expect(notice).to_contain_text("客服回复通知")
    expect(notice).to_contain_text("您的退款已经办好")
    expect(said(inbox, "您的退款已经办好")).to_contain_text("已改发通知，正文等客户来信时送出")
    expect(composer(inbox).get_by_role("status")).to_contain_text("渠道的回复时限已过")
    answers(inbox, "请查收")
    expect(said(inbox, "请查收")).to_contain_text("等客户下次来信")

    writes(phone, "谢谢，还有一个问题")
    reads(phone, "谢谢，还有一个问题", "您的退款已经办好", "请查收")
    expect(notice).to_have_count(1)
    expect(said(inbox, "您的退款已经办好")).to_contain_text("先发过通知，正文在客户来信时送出")
    expect(composer(inbox).get_by_role("status")).to_have_count(0)
    answers(inbox, "请讲")
    reads(phone, "您的退款已经办好", "请查收", "请讲")


def test_a_mini_program_sends_the_notification_that_was_allowed(pages: Pages, stack: Stack, newcomer: Newcomer) -> None:
    phone, inbox = in_conversation(pages, stack, newcomer(), SHOP)
    phone.get_by_role("button", name="允许订阅消息").click()
    expect(phone.get_by_role("button", name="再允许一次（已有 1 次）")).to_be_visible()
    expect(phone.locator("#pushes li", has_text="订阅消息授权")).to_contain_text("已送达")
    stack.simulator.post("/clock", {"advance": 2 * DAYS + 60})
    answers(inbox, "包裹找到了")

    expect(chat(phone).locator(".card-notice")).to_contain_text("包裹找到了")
    expect(phone.get_by_role("button", name="允许订阅消息")).to_be_visible()  # it was good for one
    expect(said(inbox, "包裹找到了")).to_contain_text("已改发通知，正文等客户来信时送出")
    writes(phone, "太好了")
    reads(phone, "太好了", "包裹找到了")


def test_a_mini_program_that_may_not_notify_waits(pages: Pages, stack: Stack, newcomer: Newcomer) -> None:
    phone, inbox = in_conversation(pages, stack, newcomer(), SHOP)
    stack.simulator.post("/clock", {"advance": 2 * DAYS + 60})
    answers(inbox, "包裹找到了")

    expect(said(inbox, "包裹找到了")).to_contain_text("客户来信时自动送出")
    expect(said(inbox, "包裹找到了")).to_contain_text("等客户下次来信")
    writes(phone, "有消息吗")
    reads(phone, "有消息吗", "包裹找到了")
    expect(chat(phone).locator(".card-notice")).to_have_count(0)
    expect(said(inbox, "包裹找到了")).to_contain_text("已发")


# an account that may only answer the push


@pytest.mark.slow
def test_an_unverified_account_answers_within_the_push_or_with_the_next(
    pages: Pages, stack: Stack, newcomer: Newcomer
) -> None:
    phone, inbox = in_conversation(pages, stack, newcomer(), POST)

    writes(phone, "衣服太小了")
    expect(thread(inbox).get_by_text("衣服太小了", exact=True)).to_be_visible()
    answers(inbox, "可以换大一码")
    expect(chat(phone).get_by_text("可以换大一码", exact=True)).to_be_visible(timeout=THREE_TRIES)

    writes(phone, "怎么换")
    push = phone.locator("#pushes li").first
    expect(push).to_contain_text("已送达", timeout=THREE_TRIES)
    answers(inbox, "请把衣服寄回")
    answers(inbox, "运费我们出")
    expect(said(inbox, "运费我们出")).to_contain_text("等客户下次来信")
    writes(phone, "收到")
    reads(phone, "怎么换", "收到", "请把衣服寄回\n\n运费我们出")
    expect(said(inbox, "运费我们出")).to_contain_text("已发")
    expect(chat(phone).get_by_text(UNANSWERED)).to_have_count(0)


# more than text


def test_an_agent_hears_what_a_customer_said(pages: Pages, stack: Stack, newcomer: Newcomer) -> None:
    phone, inbox = in_conversation(pages, stack, newcomer(), SERVICE)
    phone.locator("#plus").click()
    phone.locator("#tray").get_by_role("button", name="语音").click()
    expect(thread(inbox).get_by_role("button", name="播放语音")).to_be_visible()
    player = thread(inbox).locator("audio")
    seconds = player.evaluate(
        """player => new Promise((done, failed) => {
            player.onerror = () => failed(new Error(player.error.message));
            player.ontimeupdate = () => player.currentTime > 0 && done(player.duration);
            player.play().catch(failed);
        })"""
    )
    assert 0.5 < seconds < 60


def test_the_menu_of_an_account(pages: Pages, stack: Stack, newcomer: Newcomer) -> None:
    phone, inbox = customer(pages, stack, newcomer(), SERVICE), agent(pages, stack)
    phone.locator("#menu").get_by_role("button", name="我的订单").click()
    reads(phone, ASKS_FOR_ORDER)
    phone.locator("#menu").get_by_role("button", name="人工客服").click()
    reads(phone, ASKS_FOR_ORDER, HANDED_OVER)
    opens(inbox)
    expect(thread(inbox).get_by_text("客户点击了菜单“MENU_AGENT”")).to_be_visible()
    expect(thread(inbox).get_by_text("已转人工")).to_be_visible()


def test_whoever_leaves_can_be_erased_and_may_come_back(pages: Pages, stack: Stack, newcomer: Newcomer) -> None:
    phone, inbox = in_conversation(pages, stack, newcomer(), SERVICE)
    writes(phone, "我的电话是 13800000000")
    expect(thread(inbox).get_by_text("我的电话是 13800000000", exact=True)).to_be_visible()
    phone.get_by_role("button", name="取消关注").click()

    expect(thread(inbox).get_by_text("客户取消了关注，暂时联系不到")).to_be_visible()
    thread(inbox).get_by_role("button", name="删除此客户的个人信息").click()
    inbox.get_by_role("button", name="永久删除").click()
    expect(thread(inbox).get_by_text("客户的个人信息已删除")).to_be_visible()
    expect(thread(inbox).get_by_text("内容已删除").first).to_be_visible()
    expect(inbox.get_by_text("13800000000")).to_have_count(0)
    expect(rows(inbox)).to_have_count(0)

    phone.get_by_role("button", name="关注公众号").click()
    expect(chat(phone).locator(".bubble").last).to_have_text(GREETING)
    opens(inbox)
    expect(thread(inbox).get_by_text("客户关注了账号")).to_be_visible()
    expect(said(inbox, GREETING)).to_be_visible()
    expect(inbox.get_by_text("13800000000")).to_have_count(0)
