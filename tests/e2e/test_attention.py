"""How the browser draws attention: chosen in the settings, and pushed while the inbox is closed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import expect

from bench.stack import Stack, wait_until
from tests.e2e.windows import Pages, agent

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

# what the settings do once the browser's push service has answered, which no test may ask
REGISTER = """async () => {
    const policy = trustedTypes.createPolicy('test', { createScriptURL: (url) => url })
    await navigator.serviceWorker.register(policy.createScriptURL('/sw.js'))
    await navigator.serviceWorker.ready
}"""
SHOWN = """async () => {
    const worker = await navigator.serviceWorker.ready
    return (await worker.getNotifications()).map(({ title, body, tag }) => [title, body, tag])
}"""


def test_what_is_chosen_stays(pages: Pages, stack: Stack, screen: Any) -> None:
    page = agent(pages, stack)
    page.goto(f"{stack.hub}/settings/me")
    quiet, follow = page.get_by_label("免打扰时段"), page.get_by_label("我关注的会话有动态")
    follow.check()
    quiet.check()
    page.get_by_label("从", exact=True).fill("21:30")
    page.get_by_label("从", exact=True).blur()
    wait_until(lambda: _choices(stack)["quiet_from"] == "21:30", "it is kept", 10)
    page.reload()
    expect(follow).to_be_checked()
    expect(page.get_by_label("从", exact=True)).to_have_value("21:30")
    page.locator("#my-notifications").scroll_into_view_if_needed()
    screen(page, "settings-notifications")
    quiet.uncheck()
    follow.uncheck()
    wait_until(lambda: _choices(stack)["quiet_from"] is None, "it is undone", 10)


def test_a_push_is_shown_in_the_agents_language(pages: Pages, stack: Stack) -> None:
    page = agent(pages, stack)
    page.context.grant_permissions(["notifications"], origin=stack.hub)
    page.evaluate(REGISTER)
    browser, known = page.context.new_cdp_session(page), list[Any]()
    browser.on("ServiceWorker.workerRegistrationUpdated", lambda event: known.extend(event["registrations"]))
    browser.send("ServiceWorker.enable")
    while not known:
        page.wait_for_timeout(100)
    words = json.dumps({"about": "mention", "conversation": 3, "language": "zh-CN"})
    pushed = {"origin": f"{stack.hub}/", "registrationId": known[0]["registrationId"], "data": words}
    browser.send("ServiceWorker.deliverPushMessage", pushed)
    while not (shown := page.evaluate(SHOWN)):
        page.wait_for_timeout(100)
    assert shown == [["同事在备注里提到了您", "", "c3"]]


def _choices(stack: Stack) -> Any:
    return stack.api().get("/me/notifications")
