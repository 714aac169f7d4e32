"""From an empty data directory to the first message; then a sign-in with the code of a phone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect
from pyotp import TOTP

from bench.stack import REPOSITORY, Stack, running
from channels.wechat.crypto import Envelope
from tests.e2e.windows import Pages

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

SECRETS = {
    "ENTRANCE_APP_SECRET": "app-secret-of-the-entrance",
    "ENTRANCE_TOKEN": "entrance2026",
    "ENTRANCE_AES_KEY": "Kx9mQ2vT7bN4pL8wZ3cF6hJ1rS5dG0yUaEiOqWtMnBo",
}
APP_ID = "wx0000000000000009"
SHOP = f"""
kind = "wechat_miniprogram"
label = "驿站小店"

[settings]
app_id = "{APP_ID}"
app_secret = "env:ENTRANCE_APP_SECRET"
token = "env:ENTRANCE_TOKEN"
aes_key = "env:ENTRANCE_AES_KEY"
original_id = "gh_000000000009"
api_base = "http://127.0.0.1:9"
"""
ROOT = {"name": "Root", "email": "root@shop.test", "password": "correct horse battery"}
AXE = REPOSITORY / "inbox/node_modules/axe-core/axe.min.js"
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    # takes the initials in the picture of a person for what a button says
    "rules": {"label-content-name-mismatch": {"enabled": False}},
}


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A real start, on a machine where nothing was before."""
    config: Path = tmp_path_factory.mktemp("entrance") / "config"
    (config / "channels").mkdir(parents=True)
    (config / "hub.toml").write_text('public_url = "http://127.0.0.1:8000"\n')
    (config / "channels/shop.toml").write_text(SHOP)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SECRETS.items():
            patch.setenv(name, value)
        with running(config, demo=False) as stack:
            yield stack


@pytest.fixture(scope="module")
def token(fresh: Stack) -> str:
    """Of the admin that the first test makes, who signs in with a phone by now."""
    command = [sys.executable, "-m", "workers", "token", "create", "--agent", ROOT["email"], "--data", str(fresh.data)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def link(stack: Stack) -> str:
    found = re.search(r"http://\S+/setup\?token=\S+", stack.output())
    assert found, stack.output()
    return found[0]


def arrives(stack: Stack, text: str, number: int) -> None:
    """A customer writes to the shop."""
    body = {"ToUserName": "gh_000000000009", "FromUserName": "oAnna", "CreateTime": int(time.time())}
    sealed = Envelope(SECRETS["ENTRANCE_TOKEN"], SECRETS["ENTRANCE_AES_KEY"], APP_ID).seal(
        json.dumps({**body, "MsgType": "text", "Content": text, "MsgId": number}), str(int(time.time())), "n1"
    )
    query = {"timestamp": str(int(time.time())), "nonce": "n1", "msg_signature": sealed.signature}
    answer = requests.post(
        f"{stack.hub}/hooks/shop", params=query, data=json.dumps({"Encrypt": sealed.ciphertext}), timeout=10
    )
    assert answer.text == "success", answer.text


def is_good(page: Page) -> None:
    """axe objects to nothing in both themes, and nothing scrolls sideways."""
    page.evaluate(AXE.read_text())
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        page.wait_for_timeout(200)  # colours take their time
        found = page.evaluate("options => axe.run(options)", RULES)
        assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def test_from_an_empty_directory_to_a_message_that_arrived(pages: Pages, fresh: Stack, screen: Any) -> None:
    phone = pages(width=390, height=844, language="en")
    phone.goto(f"{fresh.hub}/login")
    expect(phone.get_by_text("There is no admin yet")).to_be_visible()
    is_good(phone)
    phone.goto(f"{fresh.hub}/setup?token=made-up")
    expect(phone.get_by_role("alert")).to_contain_text("This link does not work")
    is_good(phone)

    page = pages(language="zh-CN")
    page.goto(link(fresh))
    expect(page.get_by_role("heading", name="设置驿站")).to_be_visible()
    is_good(page)
    screen(page, "setup-admin")
    page.get_by_label("您的姓名").fill(ROOT["name"])
    page.get_by_label("邮箱").fill(ROOT["email"])
    page.get_by_label("密码", exact=True).fill(ROOT["password"])
    page.get_by_role("button", name="继续").click()

    expect(page.get_by_role("heading", name="驿站小店")).to_be_visible()
    page.get_by_role("button", name="全部自检").click()
    expect(page.get_by_text("项需要处理")).to_be_visible()
    page.get_by_text("平台后台要填写的内容").click()
    expect(page.get_by_text("/hooks/shop").first).to_be_visible()
    is_good(page)
    screen(page, "setup-channels")
    assert "token" not in page.url
    page.get_by_role("button", name="继续").click()

    expect(page.get_by_text("驿站小店：等待第一条消息")).to_be_visible()
    is_good(page)
    arrives(fresh, "你好，第一条", 1)
    expect(page.get_by_text("驿站小店：已收到")).to_be_visible()
    expect(page.get_by_text("你好，第一条")).to_be_visible()
    is_good(page)
    screen(page, "setup-test")
    page.get_by_role("link", name="打开会话").click()
    expect(page.get_by_role("log").get_by_text("你好，第一条")).to_be_visible()

    phone.goto(link(fresh))
    expect(phone.get_by_role("alert")).to_contain_text("set up already")


def test_signing_in_with_the_code_of_a_phone(pages: Pages, fresh: Stack, screen: Any) -> None:
    page = pages(width=390, height=844, language="en")
    sign_in(page, fresh)
    expect(page).to_have_url(re.compile("/inbox/"))
    page.goto(f"{fresh.hub}/settings/me")
    section = page.get_by_role("region", name="Two-step sign-in")
    section.get_by_label("Current password").fill(ROOT["password"])
    section.get_by_role("button", name="Turn on").click()
    expect(section.get_by_role("img")).to_be_visible()
    is_good(page)
    secret = section.locator("code").inner_text().replace(" ", "")
    section.locator("input").fill(TOTP(secret).now())
    screen(page, "totp-enrolling")
    section.get_by_role("button", name="Turn on").click()
    expect(section.get_by_text("Your recovery codes")).to_be_visible()
    codes = section.locator("code").inner_text().split()
    assert len(codes) == 10
    is_good(page)
    section.get_by_role("button", name="I have kept them").click()
    expect(section.get_by_text("10 recovery codes left")).to_be_visible()

    again = pages(width=390, height=844, language="en")
    sign_in(again, fresh)
    code = again.get_by_label("Verification code")
    expect(code).to_be_focused()
    is_good(again)
    screen(again, "login-code")
    code.fill("000000")
    code.press("Enter")
    expect(again.get_by_role("alert")).to_be_focused()
    code.fill(codes[0])
    code.press("Enter")
    expect(again).to_have_url(re.compile("/inbox/"))


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("width", [1440, 820, 390, 320])
def test_the_settings_in_every_width_and_language(
    pages: Pages, fresh: Stack, token: str, language: str, width: int
) -> None:
    page = pages(width=width, height=900, language=language)
    page.set_extra_http_headers({"Authorization": f"Bearer {token}"})
    for tab in ("me", "agents", "teams", "files", "audit"):
        page.goto(f"{fresh.hub}/settings/{tab}")
        expect(page.locator(".settings__column > *").first).to_be_visible()
        expect(page.locator("[aria-busy]")).to_have_count(0)
        is_good(page)


def sign_in(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.hub}/login")
    page.locator("input[autocomplete=username]").fill(ROOT["email"])
    page.locator("input[type=password]").fill(ROOT["password"])
    page.locator("form button[type=submit]").click()
