"""The live stream at the browser: killed and missed, and one for all tabs."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from playwright.sync_api import BrowserContext, Page, Route, expect

from bench.stack import REPOSITORY, Stack, free_ports, run_file, wait_until
from hub.settings import DEMO_ENVIRONMENT
from tests.e2e.windows import Pages, agent, claims, customer, opens, rows, said, writes

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


class Streaming:
    """`yizhan stream` beside the stack, and a proxy's rule in the browser that sends the stream there."""

    def __init__(self, stack: Stack):
        self.port = free_ports()
        noted = run_file(stack)
        stores = {"DATABASE_URL": noted["database_url"], "REDIS_URL": noted["redis_url"]}
        config = {"YIZHAN_CONFIG": str(REPOSITORY / "config"), "YIZHAN_DEMO": str(stack.port)}
        self._environment = {**os.environ, **DEMO_ENVIRONMENT, **stores, **config}
        self.asked: list[str] = []
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "workers", "stream", "--host", "127.0.0.1", "--port", str(self.port)]
        self._process = subprocess.Popen(command, cwd=REPOSITORY, env=self._environment, start_new_session=True)
        wait_until(self._answers, "the stream answers", 40)

    def kill(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def route(self, context: BrowserContext) -> None:
        def send(route: Route) -> None:
            self.asked.append(route.request.url)
            route.continue_(url=re.sub(r"//[^/]+/", f"//127.0.0.1:{self.port}/", route.request.url))

        context.route(re.compile(r"/api/v1/stream"), send)

    def _answers(self) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/healthz", timeout=5).ok
        except requests.ConnectionError:
            return False


@pytest.fixture
def streaming(stack: Stack) -> Iterator[Streaming]:
    started = Streaming(stack)
    yield started
    started.kill()


def test_what_was_missed_is_there_once_after_the_stream_was_killed(
    pages: Pages, stack: Stack, streaming: Streaming, screen: Any
) -> None:
    def routed(**window: Any) -> Page:
        page = pages(**window)
        streaming.route(page.context)
        return page

    ming, inbox = customer(pages, stack, "小明"), agent(routed, stack)
    writes(ming, "转人工")
    opens(inbox)
    claims(inbox)
    writes(ming, "第一句")
    expect(said(inbox, "第一句")).to_have_count(1)
    streaming.kill()
    expect(inbox.get_by_text(re.compile(r"\d+ 秒后"))).not_to_have_count(0)  # it is said, and when it tries again
    screen(inbox, "stream-lost")
    for number in range(5):
        writes(ming, f"没人听见 {number}")
    wait_until(lambda: _last(stack) == "没人听见 4", "the hub has them", 20)
    streaming.start()
    for number in range(5):
        expect(said(inbox, f"没人听见 {number}")).to_have_count(1)
    assert any("after=" in url for url in streaming.asked)
    writes(ming, "又听见了")
    expect(said(inbox, "又听见了")).to_have_count(1)
    texts = inbox.get_by_role("log").locator(".bubble").all_inner_texts()
    assert sum("没人听见" in text for text in texts) == 5


def test_eight_tabs_share_one_connection(pages: Pages, stack: Stack, streaming: Streaming) -> None:
    first = pages()
    streaming.route(first.context)
    agent(lambda **_: first, stack)
    tabs = [first]
    for _ in range(7):
        page = first.context.new_page()
        page.goto(f"{stack.hub}/inbox/waiting")
        expect(page.locator("#list")).to_be_visible()
        tabs.append(page)
    assert len(streaming.asked) == 1
    ming = customer(pages, stack, "小明")
    writes(ming, "转人工")
    for page in tabs:
        expect(rows(page)).to_have_count(1)
    assert len(streaming.asked) == 1
    first.close()  # it led
    writes(ming, "第二句")
    for page in tabs[1:]:
        expect(rows(page).first).to_contain_text("第二句")
    assert len(streaming.asked) == 2


def _last(stack: Stack) -> str:
    [row] = stack.api().get("/conversations", status="open")["items"]
    text: str = row["last_message"]["text"]
    return text
