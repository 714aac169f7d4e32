"""A hub where something of everything has happened, made through the doors that people use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests

from bench.stack import Client, Stack, wait_until
from tests.e2e.test_story import png
from tests.e2e.windows import SERVICE, SHOP

SECONDS = 30.0
LONG = "订单还没有到，" * 90 + "W" * 300
QUOTED = (
    "<p>杯子碎了，请转人工</p><p>Please see <a href='https://shop.example.com/a'>the order</a>.</p>"
    "<blockquote type='cite'><p>On Monday you wrote:</p><p>Your order is on its way.</p></blockquote>"
)


@dataclass
class Seeded:
    """The addresses of what came to be."""

    thread: int
    contact: int
    mail: int
    failed: str
    waiting: int


def seed(stack: Stack, folder: Any) -> Seeded:
    hub, wechat = stack.api(), stack.simulator
    everything = _customer(stack, SERVICE, "包罗万象", "转人工")
    for said in (
        {"type": "text", "content": "多谢 /::) [微笑] https://shop.example.com/orders?id=1 13812345678"},
        {"type": "text", "content": LONG},
        {"type": "voice", "recognition": "我的退款到了吗"},
        {"type": "video"},
        {"type": "location", "label": "广州市海珠区新港中路"},
        {"type": "link", "title": "一篇文章", "description": "讲退款", "url": "https://shop.example.com/article"},
        {"type": "sticker", "fields": {"Emoji": "1"}},
    ):
        wechat.post(f"/users/{everything}/messages", said)
    picture = png(folder / "receipt.png", (200, 60, 60)).read_bytes()
    posted = requests.post(
        f"{wechat.base}/users/{everything}/messages", files={"image": ("receipt.png", picture)}, timeout=30
    )
    posted.raise_for_status()
    thread = _came(hub, "service", 10)
    hub.post(f"/conversations/{thread}/claim")
    _say(hub, thread, text="您好，正在为您查询。Hello, I am looking into it.")
    li = next(agent for agent in hub.get("/agents")["items"] if agent["email"] == "li@example.com")
    _say(hub, thread, note=True, text=f"@{li['name']} 财务说今天到账", mentions=[li["id"]])
    failed = _failing(hub, wechat, thread)

    people = f"{wechat.base}/mail/people"
    named = {"address": "long@customer.example", "name": "一位名字特别特别长的客户 with a very long name indeed"}
    mail = {"subject": "杯子碎了 broken cup", "text": "杯子碎了，请转人工", "html": QUOTED}
    for path, body in (("", named), ("/long@customer.example/mails", mail)):
        requests.post(people + path, json=body, timeout=30).raise_for_status()
    mailed = _came(hub, "support", 1)

    card = _customer(stack, SHOP, "卡片", "转人工")
    wechat.post(
        f"/users/{card}/messages", {"type": "miniprogrampage", "title": "订单详情", "page_path": "pages/order/1"}
    )
    waiting = _came(hub, "shop", 3)
    _customer(stack, SHOP, "无解", "量子纠缠怎么退换")
    hub.post("/views", {"name": "紧急退款", "filter": {"labels": ["refund"], "priority": [3]}, "shared": True})
    contact = hub.get(f"/conversations/{thread}")["contact"]["id"]
    return Seeded(thread, contact, mailed, failed, waiting)


def _customer(stack: Stack, account: str, name: str, text: str) -> str:
    openid: str = stack.simulator.post(f"/accounts/{account}/users", {"name": name})["openid"]
    stack.simulator.post(f"/users/{openid}/messages", {"type": "text", "content": text})
    return openid


def _came(hub: Client, channel: str, messages: int) -> int:
    """The newest conversation of the channel, once it has so many messages."""
    found: list[int] = []

    def came() -> bool:
        rows = hub.get("/conversations", status="bot,waiting,open", channel=channel)["items"]
        found[:] = [max(row["id"] for row in rows)] if rows else []
        return bool(found) and len(hub.get(f"/conversations/{found[0]}/messages")["items"]) >= messages

    wait_until(came, f"{messages} messages by {channel}", SECONDS)
    return found[0]


def _say(hub: Client, conversation: int, **message: Any) -> Any:
    return hub.post(f"/conversations/{conversation}/messages", message, **{"Idempotency-Key": str(hash(str(message)))})


def _failing(hub: Client, wechat: Client, conversation: int) -> str:
    """What WeChat's content check refuses."""
    wechat.post("/faults", {"endpoint": "custom/send", "kind": "errcode", "errcode": 87014, "times": 1})
    _say(hub, conversation, text="这条发不出去")
    wait_until(lambda: hub.get("/jobs", state="failed,uncertain,retrying")["items"], "a failed message", SECONDS)
    failed: str = hub.get("/jobs", state="failed,uncertain,retrying")["items"][0]["id"]
    return failed
