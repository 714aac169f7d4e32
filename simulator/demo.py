"""The demo's accounts, its people and their notification forms: config/channels/ names the same ones."""

from __future__ import annotations

import os

from simulator.accounts import Account, Template, World
from simulator.aliyun.accounts import Account as AliyunAccount
from simulator.aliyun.pushing import Aliyun
from simulator.mail.post import CUSTOMERS, Post
from simulator.twilio import world as telephone

# who -> unionid, language, then the end of the openid in each account, the name before the @ of the mail address, phone
PEOPLE = {
    "小明": ("uDemoXiaoMing000000000000001", "zh_CN", "XiaoMing0000001", "xiaoming", "+85251230001"),
    "小红": ("uDemoXiaoHong000000000000002", "zh_CN", "XiaoHong0000002", "xiaohong", "+8613800138002"),
    "Alex": ("uDemoAlex0000000000000000003", "en", "Alex00000000003", "alex", "+14155550123"),
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


SIDS = (f"{kind}5a1e0de30c0ffee00000000000000001" for kind in ("AC", "SK", "AP", "PN", "EH"))
TWILIO, API_KEY, TWIML_APP, PHONE_SID, APOLOGY = SIDS
PHONE, SENDER = "+85230001000", "10690000123"
SMS_TEMPLATES = {
    "SMS_10001": "您的订单${order}已发货，快递单号${tracking}。",
    "SMS_10002": "您好，客服${agent}已回复您的问题，请打开小程序查看。",
}


def secret(name: str, default: str) -> str:
    return os.environ.get(name, default)


def _accounts(hub: str) -> list[Account]:
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
        for name, (unionid, language, ends, *_) in PEOPLE.items():
            world.add_user(account, name, OPENID_BEGINS[account.app_id] + ends, unionid, language=language)


def furnish_post(post: Post) -> None:
    for name, (unionid, language, _, local, _) in PEOPLE.items():
        post.add_person(name, f"{local}@{CUSTOMERS}", unionid, language)


def furnish_phones(network: telephone.World, aliyun: Aliyun, hub: str) -> None:
    """A number for texts and calls, a sender of texts to the mainland, and everybody's phone."""
    token = secret("DEMO_TWILIO_AUTH_TOKEN", "demo-twilio-auth-token")
    api_secret = secret("DEMO_TWILIO_API_SECRET", "demo-twilio-api-secret-of-the-simulator")
    account = network.accounts[TWILIO] = telephone.Account(TWILIO, token, {API_KEY: api_secret}, "驿站小店")
    account.bins[APOLOGY] = "<Response><Say language='cmn-CN'>系统正忙，请稍后再拨。</Say></Response>"
    network.numbers[PHONE] = telephone.Number(
        sid=PHONE_SID,
        number=PHONE,
        account=account,
        name="驿站小店",
        sms_url=f"{hub}/hooks/sms",
        voice_url=f"{hub}/hooks/phone",
        voice_fallback_url=f"{network.own_url}{telephone.BINS}/{APOLOGY}",
        status_callback=f"{hub}/hooks/phone?on=status",
    )
    network.applications[TWIML_APP] = telephone.Application(TWIML_APP, account, f"{hub}/hooks/phone", "驿站小店")
    hook_secret = secret("DEMO_ALIYUN_HOOK_SECRET", "demo-aliyun-hook-secret-0001")
    sender = AliyunAccount(
        key_id="LTAI5tDemoOfTheSimulator",
        secret=secret("DEMO_ALIYUN_SECRET", "demo-aliyun-access-key-secret"),
        push_url=f"{hub}/hooks/duanxin?secret={hook_secret}",
        signs=("驿站小店",),
        templates=dict(SMS_TEMPLATES),
        sender=SENDER,
        name="驿站小店",
    )
    aliyun.accounts[sender.key_id] = sender
    for name, (unionid, language, _, _, number) in PEOPLE.items():
        network.add_person(name, number, unionid, language)
