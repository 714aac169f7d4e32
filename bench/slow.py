"""How long one waits for the inbox behind a slow line, at a slow computer, when nothing of it is there yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Page

LINE = {"latency": 150, "downloadThroughput": 1_600_000 / 8, "uploadThroughput": 750_000 / 8, "offline": False}
SLOWER = 4
TURNS = 5  # the best counts: whatever else the machine does only adds to it, four times
LOGIN = "document.querySelector('input[autocomplete=username]')"
INBOX = (
    "document.querySelector('[data-row]') && "
    "document.querySelector('#thread .bubble')?.checkVisibility({ visibilityProperty: true })"
)
# as it came through the line, heads included
LOADED = "performance.getEntries().reduce((sum, { transferSize }) => sum + (transferSize ?? 0), 0) / 1024"


def rows(page: Page, hub: str, address: str) -> Iterator[tuple[str, float, str, tuple[str, float] | None]]:
    """What, value, unit, goal: as bench.__main__.Row takes them. The page is signed in."""
    session = page.context.storage_state()
    for what, state, path, shown, most in (
        ("login", None, "/login", LOGIN, 2.5),
        ("inbox with a conversation", session, address, INBOX, 4.0),
    ):
        took, loaded = zip(*(_opened(page, state, hub + path, shown) for _ in range(TURNS)), strict=True)
        yield f"{what}, at 1.6 Mbit/s, 150 ms and {SLOWER} times slower", min(took), " s", ("≤", most)
        yield "  loaded by then", min(loaded), " KB", None


def _opened(page: Page, session: Any, address: str, shown: str) -> tuple[float, float]:
    """In a browser that was never here."""
    assert page.context.browser
    context = page.context.browser.new_context(
        storage_state=session, service_workers="block", viewport=page.viewport_size
    )
    visitor = context.new_page()
    devtools = context.new_cdp_session(visitor)
    devtools.send("Network.enable")
    devtools.send("Network.emulateNetworkConditions", LINE)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    visitor.goto(address, wait_until="commit")
    at = visitor.wait_for_function(f"() => {shown} && performance.now()").json_value()
    loaded = visitor.evaluate(LOADED)
    context.close()
    return at / 1000, loaded
