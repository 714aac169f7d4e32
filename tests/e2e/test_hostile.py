"""Whatever a customer sends: nothing runs, nothing calls home, the layout holds, and the next message shows."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from bench.stack import Stack
from tests.e2e.hostile import (
    ADDRESS,
    FILES,
    HOSTILE_PAGE,
    LINES,
    NAMES,
    PAGE,
    PICTURE,
    SVG,
    WORDS,
    WRONG_FIELDS,
)
from tests.e2e.windows import SERVICE, Pages, agent, claims, composer, opens, rows, thread
from tests.pictures import png

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

WIDTHS = (1440, 390, 320)
AXE = Path(__file__).parents[2] / "inbox/node_modules/axe-core/axe.min.js"
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    # takes the initials in the picture of a person for what a button says
    "rules": {"label-content-name-mismatch": {"enabled": False}},
}
BROKEN = "rules => axe.run(rules).then(found => found.violations.map(each => [each.id, each.nodes[0].html]))"
SIDEWAYS = """() => {
  const inside = document.querySelectorAll(`html, body, #app, main, #list, [role=log], .list__scroll, .log__scroll,
    .search__scroll, .aside, .drawer, .contact, .jobpanel, .thread__head`)
  const named = (each) => `${each.tagName}.${each.className}`
  const wide = [...inside].filter((each) => each.clientWidth && each.scrollWidth > each.clientWidth + 1).map(named)
  const placed = document.querySelectorAll('.bubble, .bubble__body, .attachment, .contact, .hit, .job, [data-row]')
  const outside = [...placed].filter((each) => {
    const { left, right, width } = each.getBoundingClientRect()
    return width && (left < -1 || right > innerWidth + 1)
  }).map(named)
  const culprits = wide.length ? [...document.querySelectorAll('main *:not(.log__scroll *)')].filter((each) => {
    const { right, width } = each.getBoundingClientRect()
    return width > 1 && right > innerWidth + 1
  }).map((each) => `${named(each)}: ${each.textContent.slice(0, 40)}`) : []
  const heights = new Set([...document.querySelectorAll('[data-row]')].map((each) => each.offsetHeight))
  return [...wide, ...culprits, ...outside, ...(heights.size > 1 ? [`rows ${[...heights]}`] : [])]
}"""


@dataclass
class Watch:
    """What a page did that it should not."""

    page: Page
    stack: Stack
    seen: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("dialog", lambda dialog: (self.seen.append(f"dialog {dialog.message}"), dialog.dismiss()))
        self.page.on("pageerror", lambda error: self.seen.append(f"error {error}"))
        self.page.on("console", lambda line: line.type == "error" and self.seen.append(f"console {line.text}"))
        self.page.context.on("request", lambda request: self._asked(request.url))
        self.page.context.on("page", lambda page: self.seen.append(f"window {page.url}"))

    def _asked(self, url: str) -> None:
        if not url.startswith((self.stack.hub, "data:", "blob:")):
            self.seen.append(f"request {url}")

    def stands(self, *widths: int) -> None:
        """Nothing sticks out, and every row of the list is as high as the others."""
        for width in widths or WIDTHS:
            self.page.set_viewport_size({"width": width, "height": 844})
            self.page.wait_for_timeout(150)
            self.seen += [f"{self.page.url} at {width}: {each}" for each in self.page.evaluate(SIDEWAYS)]

    def saw_nothing(self) -> None:
        assert not self.seen, "\n".join(dict.fromkeys(self.seen))
        assert self.page.evaluate("window.hacked") is None


def person_in_wechat(stack: Stack, name: str) -> Callable[..., None]:
    """says(type, ...): what that person's phone sends; says(image=(name, bytes)): a file."""
    openid = stack.simulator.post(f"/accounts/{SERVICE}/users", {"name": name})["openid"]

    def says(type: str = "text", **fields: Any) -> None:
        address = f"{stack.simulator.base}/users/{openid}/messages"
        files = {medium: fields.pop(medium) for medium in ("image", "voice", "video") if medium in fields}
        body: dict[str, Any] = {"files": files} if files else {"json": {"type": type, **fields}}
        requests.post(address, timeout=60, **body).raise_for_status()

    return says


def mails(
    stack: Stack, name: str, subject: str, text: str, html: str = "", files: dict[str, bytes] | None = None
) -> str:
    """Its sender's address."""
    mail = EmailMessage()
    address = f"m{time.time_ns()}@x.test"
    # encoded by hand: what a header must not hold is refused otherwise
    mail["From"], mail["To"], mail["Subject"] = (
        f"=?utf-8?q?{quoted(name)}?= <{address}>",
        "support@shop.example.com",
        "S",
    )
    mail["Message-ID"] = f"<{address}>"
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    for file, content in (files or {}).items():
        mail.add_attachment(content, "image", "png", filename=file)  # whatever it is
    raw = mail.as_bytes().replace(b"Subject: S\n", f"Subject: =?utf-8?q?{quoted(subject)}?=\n".encode())
    sent = requests.post(f"{stack.simulator.base}/mail/raw", data=raw.replace(b"\n", b"\r\n"), timeout=60)
    sent.raise_for_status()
    return address


def quoted(words: str) -> str:
    return "".join(f"={byte:02X}" for byte in words.encode())


def newest_shows(page: Page, text: str) -> None:
    expect(thread(page).locator(".bubble").filter(has_text=text).last).to_be_visible()


def test_what_customers_write(pages: Pages, stack: Stack, screen: Any) -> None:
    says, inbox = person_in_wechat(stack, PICTURE), agent(pages, stack)
    says(content="转人工")
    opens(inbox, rows(inbox).first)
    claims(inbox)
    watch = Watch(inbox, stack)
    for number, (what, words) in enumerate(WORDS.items()):
        says(content=words)
        says("link", title=words, description=words, url=ADDRESS if number % 2 else words)
        says("location", label=words, latitude=31.2, longitude=121.5)
        says("voice", recognition=words[:1000])
        says(content=f"after {what}")
        newest_shows(inbox, f"after {what}")
    for sort, fields in WRONG_FIELDS:
        says(sort, fields=fields)
    says(content="after all of it")
    newest_shows(inbox, "after all of it")
    for width in WIDTHS:
        watch.stands(width)
        scroller = inbox.locator(".log__scroll")
        for _ in range(6):  # further up, where the others are
            scroller.evaluate("each => each.scrollBy(0, -each.clientHeight * 3)")
            watch.stands(width)
        screen(inbox, f"hostile-words-{width}")
        scroller.evaluate("each => each.scrollTo(0, each.scrollHeight)")
    watch.saw_nothing()


def test_files_that_lie(pages: Pages, stack: Stack, screen: Any) -> None:
    says, inbox = person_in_wechat(stack, "files"), agent(pages, stack)
    says(content="转人工")
    opens(inbox, rows(inbox).first)
    claims(inbox)
    watch = Watch(inbox, stack)
    for name, content in FILES.items():
        says(image=(name, content))
    says(voice=("voice.mp3", FILES["both.gif"]))
    says(video=("film.mp4", FILES["film.mp4"]))
    says(content="after the files")
    newest_shows(inbox, "after the files")
    inbox.wait_for_timeout(2_000)  # fetched, shown, and found to be none
    watch.stands()
    screen(inbox, "hostile-files")
    hub = stack.api()
    number = inbox.url.rpartition("/")[2]
    for message in hub.get(f"/conversations/{number}/messages")["items"]:
        for each in message["attachments"]:
            if not each["url"]:
                continue
            served = hub.session.get(stack.hub + each["url"], timeout=30)
            assert served.headers["X-Content-Type-Options"] == "nosniff"
            known = served.headers["Content-Type"].split("/")[0] in ("image", "audio", "video")
            assert "svg" not in served.headers["Content-Type"]
            assert known or served.headers["Content-Disposition"].startswith("attachment"), each
    watch.saw_nothing()


def test_mails_and_their_senders(pages: Pages, stack: Stack, screen: Any) -> None:
    inbox = agent(pages, stack)
    watch = Watch(inbox, stack)
    for what, name in NAMES.items():
        page = HOSTILE_PAGE.format(words=WORDS["entities"], address=ADDRESS, page=PAGE, long="w" * 5000)
        mails(
            stack,
            name,
            f"{name} {what}",
            f"转人工 {what}\n{LINES}\n{'x' * 50_000}",
            page,
            FILES if what == "turned" else {},
        )
    expect(rows(inbox)).to_have_count(len(NAMES))
    watch.stands()
    screen(inbox, "hostile-list-320")
    inbox.set_viewport_size({"width": 1440, "height": 900})
    screen(inbox, "hostile-list")
    addresses = [row.get_attribute("href") for row in rows(inbox).all()]
    for place, address in enumerate(addresses):
        inbox.set_viewport_size({"width": 1440, "height": 900})
        inbox.goto(f"{stack.hub}{address}")
        expect(composer(inbox)).to_be_visible()
        thread(inbox).get_by_role("button", name="完整邮件").first.click()
        expect(thread(inbox).locator("iframe").first).to_be_visible()
        inbox.wait_for_timeout(700)
        watch.stands()
        screen(inbox, f"hostile-mail-{place}")
        inbox.set_viewport_size({"width": 390, "height": 844})
        inbox.get_by_role("button", name="更多操作").click()
        inbox.get_by_role("dialog").get_by_role("button", name="客户资料").click()
        expect(inbox.locator(".drawer .contact")).to_be_visible()
        watch.stands(390, 320)
        inbox.keyboard.press("Escape")
    for words in ("转人工", "turned"):
        inbox.goto(f"{stack.hub}/search?q={words}")
        expect(inbox.locator(".hit").first).to_be_visible()
        watch.stands()
        screen(inbox, f"hostile-search-{words}")
    watch.saw_nothing()


def test_every_sort_of_message_can_be_read_by_everybody(pages: Pages, stack: Stack, screen: Any) -> None:
    says = person_in_wechat(stack, "axe")
    says(content="转人工 https://shop.example.com/a 谢谢[微笑]")
    for sort in ("voice", "video", "location", "link"):
        says(
            sort,
            title="杯子",
            description="白色",
            url="https://shop.example.com/a",
            label="人民路 1 号",
            recognition="你好",
        )
    says(image=("cup.png", png(300, 200)))
    says(image=("drawing.png", SVG))
    says("no_such_type", fields={"A": "b"})
    says(content="line\n" * 40)
    for language in ("zh-CN", "en"):
        inbox = agent(pages, stack, language=language)
        opens(inbox, rows(inbox).first)
        expect(thread(inbox).locator(".place")).to_be_attached()
        inbox.wait_for_timeout(1_000)
        inbox.evaluate(AXE.read_text())
        for width in (1440, 390):
            inbox.set_viewport_size({"width": width, "height": 900})
            for theme in ("light", "dark"):
                inbox.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
                inbox.wait_for_timeout(300)
                screen(inbox, f"sorts-{language}-{width}-{theme}")
                assert inbox.evaluate(BROKEN, RULES) == [], (language, width, theme)
