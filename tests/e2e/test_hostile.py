"""Whatever a customer sends: nothing runs, nothing calls home, the layout holds, and the next message shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from bench.stack import Stack
from tests.e2e.hostile import (
    ADDRESS,
    PICTURE,
    SVG,
    WORDS,
    WRONG_FIELDS,
    png,
)
from tests.e2e.windows import SERVICE, Pages, agent, claims, opens, rows, thread

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
