"""The demo's accounts, its people and their notification forms: config/channels/ names the same ones."""

from __future__ import annotations

import os

from simulator.accounts import Account, Template, World
from simulator.mail.post import CUSTOMERS, Post

# who -> unionid, language, then the end of the openid in each account, and the name before the @ of the mail address
PEOPLE = {
    "小明": ("uDemoXiaoMing000000000000001", "zh_CN", "XiaoMing0000001", "xiaoming"),
    "小红": ("uDemoXiaoHong000000000000002", "zh_CN", "XiaoHong0000002", "xiaohong"),
    "Alex": ("uDemoAlex0000000000000000003", "en", "Alex00000000003", "alex"),
}
SHOP, SERVICE, POST = "wx5a1e0de30c0ffee0", "wx0ff1c1a1acc00001", "wx5ub5c21b71000002"
OPENID_BEGINS = {SHOP: "oDemo5a1e0de3", SERVICE: "oServ0ff1c1a1", POST: "oPost5ub5c21b"}
KF_ACCOUNTS = {"lin@shop": "小林", "li@shop": "小李"}
MENU = [
    {"type": "CLICK", "name": "我的订单", "key": "MENU_ORDERS"},
    {"type": "VIEW", "name": "进入商城", "key": "https://shop.example.com/"},
    {"type": "CLICK", "name": "人工客服", "key": "MENU_AGENT"},
]
REPLY_BY_KEYWORDS = {"keyword1": "回复内容", "keyword2": "客服", "keyword3": "回复时间"}
REPLY_BY_THINGS = {"thing1": "回复内容", "thing2": "客服", "time3": "回复时间"}
TEMPLATES = {
    SHOP: [Template("Demo-reply-of-the-shop-000000000000000000001", "客服回复通知", REPLY_BY_THINGS, "subscribe/send")],
    SERVICE: [
        Template("Demo-reply-of-the-service-000000000000000001", "客服回复通知", REPLY_BY_KEYWORDS, "template/send"),
        Template("Demo-notice-of-the-service-00000000000000001", "客服回复提醒", REPLY_BY_THINGS, "subscribe/bizsend"),
    ],
    POST: [],
}


def _accounts(hub: str) -> list[Account]:
    def secret(name: str, default: str) -> str:
        return os.environ.get(name, default)

    return [
        Account(
            app_id=SHOP,
            secret=secret("DEMO_APP_SECRET", "demo-app-secret-of-the-simulator"),
            token=secret("DEMO_TOKEN", "demotoken2026"),
            aes_key=secret("DEMO_AES_KEY", "DemoDemoDemoDemoDemoDemoDemoDemoDemoDemo012"),
            push_url=f"{hub}/hooks/shop",
            original_id="gh_5a1e0de3c0ff",
            name="驿站小店",
        ),
        Account(
            app_id=SERVICE,
            secret=secret("DEMO_SERVICE_APP_SECRET", "demo-app-secret-of-the-service-account"),
            token=secret("DEMO_SERVICE_TOKEN", "demoservice2026"),
            aes_key=secret("DEMO_SERVICE_AES_KEY", "ServiceServiceServiceServiceServiceService0"),
            push_url=f"{hub}/hooks/service",
            original_id="gh_0ff1c1a1acc1",
            name="驿站服务号",
            kind="service",
            format="xml",
            kf_accounts=dict(KF_ACCOUNTS),
            menu=list(MENU),
        ),
        Account(
            app_id=POST,
            secret=secret("DEMO_POST_APP_SECRET", "demo-app-secret-of-the-subscription-account"),
            token=secret("DEMO_POST_TOKEN", "demopost2026"),
            aes_key=secret("DEMO_POST_AES_KEY", "PostPostPostPostPostPostPostPostPostPostPo2"),
            push_url=f"{hub}/hooks/post",
            original_id="gh_5ub5c21b7102",
            name="驿站订阅号",
            kind="subscription",
            verified=False,
            format="xml",
            menu=list(MENU),
        ),
    ]


def furnish(world: World) -> None:
    """Everybody follows both official accounts already."""
    for account in _accounts(world.hub):
        account.templates = {template.id: template for template in TEMPLATES[account.app_id]}
        world.accounts[account.app_id] = account
        for name, (unionid, language, ends, _) in PEOPLE.items():
            world.add_user(account, name, OPENID_BEGINS[account.app_id] + ends, unionid, language=language)


def furnish_post(post: Post) -> None:
    for name, (unionid, language, _, local) in PEOPLE.items():
        post.add_person(name, f"{local}@{CUSTOMERS}", unionid, language)
