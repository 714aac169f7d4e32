"""The core tasks of an agent without a mouse: each by keys alone, and whoever has the focus is seen to have it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Locator, Page, expect

from bench.stack import AGENT, Stack, wait_until
from tests.e2e.windows import SERVICE, SHOP, Pages, composer, rows, said, thread

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

POINTED = """
  for (const kind of ['pointerdown', 'mousedown', 'mousemove', 'wheel', 'touchstart'])
    addEventListener(kind, () => sessionStorage.setItem('pointed', kind), true)
"""
# A ring of two pixels around it; the composer has a line of them along its top.
SEEN = """() => {
  const at = document.activeElement
  const { outlineStyle, outlineWidth } = getComputedStyle(at)
  const lined = at.matches('.composer__text') && getComputedStyle(at.closest('form')).boxShadow.includes('2px')
  return at !== document.body && (lined || (outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2))
}"""
HAS_IT = "(it) => it === document.activeElement"
_numbers = count(1)


def presses(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def tabs_to(page: Page, what: Locator, most: int = 60) -> None:
    """By Tab, as many as it takes."""
    for _ in range(most):
        if what.evaluate(HAS_IT):
            return stands_on(page, what)
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not come to {what}")


def stands_on(page: Page, what: Locator) -> None:
    expect(what).to_be_focused()
    page.wait_for_function(SEEN)


def box(page: Page) -> Locator:
    return composer(page).locator("textarea")


def row_of(page: Page, name: str) -> Locator:
    return rows(page).filter(has_text=name)


def asked(page: Page) -> Locator:
    """The field of the dialog that is open."""
    field = page.get_by_role("dialog").get_by_role("combobox")
    stands_on(page, field)
    return field


def names(page: Page) -> list[str]:
    expect(rows(page)).to_have_count(3)
    return rows(page).locator(".row__name").all_inner_texts()


def composes(page: Page, pinyin: str) -> CDPSession:
    """An input method has begun; whoever gets it ends it with the characters."""
    end = len(pinyin)
    method = page.context.new_cdp_session(page)
    method.send("Input.imeSetComposition", {"text": pinyin, "selectionStart": end, "selectionEnd": end})
    return method


def waits(stack: Stack, says: str) -> None:
    """Somebody asks for a person, and says this."""

    def said_last() -> list[str]:
        return [row["last_message"]["text"] for row in stack.api().get("/conversations", status="waiting")["items"]]

    before = len(said_last())
    openid = stack.simulator.post(f"/accounts/{SHOP}/users", {"name": "来客"})["openid"]
    stack.simulator.post(f"/users/{openid}/messages", {"type": "text", "content": "转人工"})
    wait_until(lambda: len(said_last()) > before, "waits", 30)
    stack.simulator.post(f"/users/{openid}/messages", {"type": "text", "content": says})
    wait_until(lambda: says in said_last(), says, 30)


@pytest.fixture
def waiting(stack: Stack) -> None:
    for number in range(3):
        waits(stack, f"我是第 {number} 位")


@pytest.fixture
def inbox(pages: Pages, stack: Stack) -> Iterator[Page]:
    """Signed in by keys; and to the end nobody touched a mouse."""
    page = pages()
    page.add_init_script(POINTED)
    page.goto(f"{stack.hub}/login")
    tabs_to(page, page.locator("input[autocomplete=username]"))
    page.keyboard.type(AGENT["email"])
    tabs_to(page, page.locator("input[type=password]"))
    page.keyboard.type(AGENT["password"])
    page.keyboard.press("Enter")
    expect(page.locator("#list")).to_be_visible()
    yield page
    assert page.evaluate("sessionStorage.getItem('pointed')") is None


@pytest.fixture
def opened(inbox: Page, waiting: None) -> Page:
    """With all conversations in the list, and the first one open."""
    presses(inbox, "g", "a")
    expect(rows(inbox)).to_have_count(3)
    presses(inbox, "j")
    expect(box(inbox)).to_be_visible()
    stands_on(inbox, rows(inbox).first)
    return inbox


def test_sign_in_and_pick_a_view(inbox: Page, waiting: None) -> None:
    presses(inbox, "g", "u")
    expect(rows(inbox)).to_have_count(3)
    views = inbox.get_by_role("navigation", name="会话视图")
    expect(views.locator("[aria-current]")).to_contain_text("等待中")
    tabs_to(inbox, views.get_by_role("link", name="全部"))
    presses(inbox, "Enter")
    expect(views.locator("[aria-current]")).to_contain_text("全部")
    menu = views.get_by_role("button")
    tabs_to(inbox, menu)
    presses(inbox, "Enter")
    stands_on(inbox, inbox.get_by_role("menuitem").first)
    presses(inbox, "ArrowDown", "ArrowDown", "Enter")
    expect(menu).to_have_attribute("aria-current", "page")
    stands_on(inbox, menu)


def test_walk_through_the_list_and_open(inbox: Page, waiting: None) -> None:
    presses(inbox, "g", "u")
    first, second, _ = names(inbox)
    presses(inbox, "j", "j", "k")
    stands_on(inbox, row_of(inbox, first))
    expect(inbox.get_by_role("heading", name=first)).to_be_visible()
    presses(inbox, "ArrowDown")
    stands_on(inbox, row_of(inbox, second))
    expect(inbox.get_by_role("heading", name=first)).to_be_visible()  # the arrows only walk
    presses(inbox, "Enter")
    expect(inbox.get_by_role("heading", name=second)).to_be_visible()
    stands_on(inbox, row_of(inbox, second))
    presses(inbox, "Enter")
    stands_on(inbox, box(inbox))
    presses(inbox, "Escape")
    stands_on(inbox, row_of(inbox, second))
    # In another view it stands on the same one, which is not open there.
    presses(inbox, "g", "a")
    expect(inbox).to_have_url(re.compile("/inbox/all$"))
    stands_on(inbox, row_of(inbox, second))
    presses(inbox, "j")
    expect(inbox.get_by_role("heading", name=second)).to_be_visible()
    presses(inbox, "j")
    after = names(inbox)[names(inbox).index(second) + 1]
    expect(inbox.get_by_role("heading", name=after)).to_be_visible()
    stands_on(inbox, row_of(inbox, after))


def test_claim_and_reply(inbox: Page, waiting: None) -> None:
    presses(inbox, "g", "u")
    first, second, _ = names(inbox)
    presses(inbox, "j")
    expect(box(inbox)).to_be_visible()
    presses(inbox, "i")
    expect(thread(inbox).get_by_text("小林 接手了会话")).to_be_visible()
    expect(row_of(inbox, first)).to_have_count(0)  # it waits no longer
    stands_on(inbox, row_of(inbox, second))
    presses(inbox, "r")
    stands_on(inbox, box(inbox))
    method = composes(inbox, "ninhao")
    presses(inbox, "Enter")  # the input method's
    assert box(inbox).input_value().startswith("ninhao")
    method.send("Input.insertText", {"text": "您好"})
    presses(inbox, "Control+a")
    inbox.keyboard.type("您好，请讲")
    presses(inbox, "Enter")
    expect(said(inbox, "您好，请讲")).to_be_visible()
    expect(box(inbox)).to_have_value("")
    expect(thread(inbox).get_by_text("ninhao")).to_have_count(0)
    stands_on(inbox, box(inbox))


def test_a_note_and_a_ready_made_text(opened: Page) -> None:
    presses(opened, "n")
    stands_on(opened, box(opened))
    opened.keyboard.type("请@xl")
    options = opened.locator(".completion").get_by_role("option")
    expect(options.filter(has_text="小李")).to_be_visible()
    while "小李" not in options.and_(opened.locator("[aria-selected=true]")).inner_text():
        presses(opened, "ArrowDown")
    presses(opened, "Enter")
    opened.keyboard.type("看看")
    presses(opened, "Enter")
    expect(said(opened, "请@小李 看看")).to_be_visible()
    presses(opened, "Escape", "r")
    opened.keyboard.type("/jsy")
    expect(options).to_have_count(1)
    presses(opened, "Enter")
    expect(box(opened)).to_have_value("感谢您的咨询，祝您生活愉快，再见！")
    presses(opened, "Enter")
    expect(said(opened, "感谢您的咨询，祝您生活愉快，再见！")).to_be_visible()
    stands_on(opened, box(opened))


def test_give_it_to_a_colleague(opened: Page) -> None:
    presses(opened, "a")
    asked(opened)
    opened.keyboard.type("小林")  # and on at once, before the hub has answered
    presses(opened, "Enter")
    stands_on(opened, opened.get_by_role("dialog").locator("textarea"))
    expect(opened.get_by_role("dialog").get_by_role("button", name="小林")).to_be_enabled()
    presses(opened, "Shift+Tab", "Control+a")
    opened.keyboard.type("xl")
    expect(opened.get_by_role("option").first).to_contain_text("小李")
    presses(opened, "Enter")
    opened.keyboard.type("客户很急")
    presses(opened, "Enter")
    expect(thread(opened).get_by_text("会话分配给了 小李")).to_be_visible()
    expect(thread(opened).get_by_text("客户很急")).to_be_visible()
    stands_on(opened, row_of(opened, names(opened)[0]))


def test_label_and_snooze(opened: Page) -> None:
    row = row_of(opened, names(opened)[0])
    presses(opened, "l")
    asked(opened)
    opened.keyboard.type("tk")
    presses(opened, "Enter")
    expect(opened.get_by_role("option", name="退款")).to_have_attribute("aria-selected", "true")
    presses(opened, "Escape")
    expect(row).to_contain_text("退款")
    stands_on(opened, row)
    presses(opened, "z")
    asked(opened)
    opened.keyboard.type("明天")
    presses(opened, "Enter")
    expect(row).to_contain_text("暂缓至")
    stands_on(opened, row)
    for keys in ("gz", "h"):
        presses(opened, *keys)
        expect(opened).to_have_url(re.compile("/inbox/snoozed"))
        expect(rows(opened)).to_have_count(1)
        stands_on(opened, row)
        presses(opened, "g", "a")
        expect(rows(opened)).to_have_count(3)


def test_resolve_take_it_back_and_go_on(opened: Page) -> None:
    first, second, third = names(opened)
    presses(opened, "e")
    expect(row_of(opened, first)).to_have_count(0)
    stands_on(opened, row_of(opened, second))
    presses(opened, "Control+z")
    expect(row_of(opened, first)).to_be_visible()
    stands_on(opened, row_of(opened, second))
    expect(opened.get_by_role("heading", name=first)).to_be_visible()
    presses(opened, "Shift+E")
    expect(opened.get_by_role("heading", name=second)).to_be_visible()
    stands_on(opened, row_of(opened, second))
    presses(opened, "e")
    stands_on(opened, row_of(opened, third))
    presses(opened, "j")  # where it stands, not over it
    expect(opened.get_by_role("heading", name=third)).to_be_visible()
    tabs_to(opened, opened.get_by_role("button", name="撤销").last)
    presses(opened, "Enter")
    expect(row_of(opened, second)).to_be_visible()
    opened.wait_for_function(SEEN)  # where it came from


def test_listen_to_a_voice(inbox: Page, stack: Stack) -> None:
    says = f"/users/{stack.simulator.post(f'/accounts/{SERVICE}/users', {'name': '来客'})['openid']}/messages"
    stack.simulator.post(says, {"type": "text", "content": "转人工"})
    presses(inbox, "g", "u")
    expect(rows(inbox)).to_have_count(1)
    presses(inbox, "j")
    expect(said(inbox, "转人工")).to_be_visible()
    presses(inbox, "p")  # nothing to hear yet
    presses(inbox, "?")
    expect(inbox.get_by_role("dialog")).not_to_contain_text("播放")
    presses(inbox, "Escape")
    stack.simulator.post(says, {"type": "voice", "recognition": "我的退款到了吗"})
    for number in range(25):
        stack.simulator.post(says, {"type": "text", "content": f"第 {number} 句"})
    expect(said(inbox, "第 24 句")).to_be_in_viewport()
    voice = thread(inbox).locator(".voice")
    expect(voice).not_to_be_in_viewport()
    presses(inbox, "?")
    expect(inbox.get_by_role("dialog")).to_contain_text("播放")
    presses(inbox, "Escape", "p")
    expect(voice).to_be_in_viewport()
    expect(voice.get_by_role("button", name="暂停")).to_be_visible()
    presses(inbox, "p")
    expect(voice.get_by_role("button", name="播放")).to_be_visible()
    presses(inbox, "Control+k")
    asked(inbox)
    inbox.keyboard.type("bfyy")
    expect(inbox.get_by_role("option").first).to_contain_text("播放或暂停语音")
    presses(inbox, "Enter")
    expect(voice.get_by_role("button", name="暂停")).to_be_visible()


def test_search_and_open_a_hit(inbox: Page, stack: Stack) -> None:
    sought = f"想问琥珀手镯 {next(_numbers)}"
    waits(stack, sought)
    presses(inbox, "/")
    stands_on(inbox, inbox.locator(".search__input"))
    inbox.keyboard.type(sought)
    hit = inbox.locator("[data-hit]", has_text=sought)
    expect(hit).to_have_count(1)
    presses(inbox, "ArrowDown")
    stands_on(inbox, hit)
    presses(inbox, "Enter")
    expect(inbox.locator(".log__item--found")).to_contain_text(sought)
    stands_on(inbox, thread(inbox))
    presses(inbox, "Enter")
    stands_on(inbox, box(inbox))
    inbox.go_back()
    stands_on(inbox, inbox.locator(".search__input"))


def test_palette_and_help(opened: Page, screen: Any) -> None:
    row = row_of(opened, names(opened)[0])
    presses(opened, "?")
    expect(opened.get_by_role("dialog")).to_contain_text("Ctrl + Z")
    opened.wait_for_function(SEEN)
    presses(opened, "Escape")
    stands_on(opened, row)
    presses(opened, "Control+k")
    asked(opened)
    opened.keyboard.type("dark")
    presses(opened, "Enter")
    expect(opened.locator("html")).to_have_attribute("data-theme", "dark")
    stands_on(opened, row)
    presses(opened, "Control+k")
    asked(opened)
    opened.keyboard.type("hfkh")
    expect(opened.get_by_role("option").first).to_contain_text("回复客户")
    screen(opened, "palette")
    presses(opened, "Enter")
    stands_on(opened, box(opened))
    presses(opened, "Control+k")
    asked(opened)
    presses(opened, "Escape")
    stands_on(opened, box(opened))


def test_from_part_to_part_and_from_page_to_page(opened: Page) -> None:
    row = row_of(opened, names(opened)[0])
    expect(thread(opened)).to_be_visible()
    rail = opened.get_by_role("navigation", name="主导航")
    parts = (row, thread(opened), box(opened), opened.locator(".aside"), rail.locator("[aria-current]"))
    for part in (*parts, row):
        stands_on(opened, part)
        presses(opened, "F6")
    stands_on(opened, thread(opened))
    presses(opened, "Shift+F6")
    stands_on(opened, row)
    for keys, path in (("gf", "failed"), ("gb", "bot"), ("gs", "search")):
        presses(opened, *keys)
        expect(opened).to_have_url(re.compile(f"/{path}"))
        opened.wait_for_function(SEEN)
        presses(opened, "Escape", "F6")
