"""Answers within a push: what the customer then sees, what is none, and what WeChat says instead."""

from __future__ import annotations

import time
from typing import Any

import pytest

from simulator import crypto
from tests.simulator.driving import FOLLOWER, MING, READER, Hub, Simulator, demo_account, post_account, wait_until

TOKEN, AES_KEY, APP_ID = "demopost2026", "PostPostPostPostPostPostPostPostPostPostPo2", "wx5ub5c21b71000002"
NOTICE = {
    "from": "wechat",
    "type": "notice",
    "ai": False,
    "text": "该公众号暂时无法提供服务，请稍后再试",
}


def reply(kind: str = "text", content: str = "<Content>您好</Content>", **changed: str) -> str:
    fields = {"ToUserName": READER, "FromUserName": "gh_5ub5c21b7102", "CreateTime": "1764000001", "MsgType": kind}
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in (fields | changed).items())
    return f"<xml>{inner}{content}</xml>"


def sealed(clear: str, token: str = TOKEN, app_id: str = APP_ID) -> str:
    encrypted = crypto.encrypt(AES_KEY, app_id, clear)
    signature = crypto.signature(token, "1764000001", "42", encrypted)
    return (
        f"<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt><MsgSignature><![CDATA[{signature}]]></MsgSignature>"
        "<TimeStamp>1764000001</TimeStamp><Nonce><![CDATA[42]]></Nonce></xml>"
    )


def ask(simulator: Simulator, hub: Hub, *answers: str, **account: Any) -> Any:
    simulator.post("/_sim/accounts", post_account(hub.url, **{"push_tries": 1, **account}))
    hub.answers = [(200, answer) for answer in answers]
    return simulator.say(by=READER, type="text", content="在吗")["push"]


def test_a_text_is_shown_like_any_answer(simulator: Simulator, hub: Hub) -> None:
    push = ask(simulator, hub, reply(content="<Content><![CDATA[您好 <b>]]></Content>"))
    assert (push["outcome"], push["reply"], push["reason"]) == ("delivered", "text", None)
    shown = {"from": "account", "type": "text", "ai": False, "via": "reply", "text": "您好 <b>"}
    assert simulator.shown(READER) == [shown]


@pytest.mark.parametrize("mode", ["safe", "compatible"])
def test_an_encrypted_reply_is_opened(simulator: Simulator, hub: Hub, mode: str) -> None:
    ask(simulator, hub, sealed(reply()), mode=mode)
    assert [item["text"] for item in simulator.shown(READER)] == ["您好"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (reply(), "the body is neither success nor empty"),
        (sealed(reply(), token="wrong"), "the reply cannot be opened: bad_signature"),
        (sealed(reply(), app_id="wx0ff1c1a1acc00001"), "the reply cannot be opened: bad_appid"),
        (sealed("{}"), "the body is neither success nor empty"),
    ],
)
def test_in_safe_mode_a_reply_must_be_sealed(simulator: Simulator, hub: Hub, answer: str, reason: str) -> None:
    assert ask(simulator, hub, answer, mode="safe")["reason"] == reason
    assert simulator.shown(READER) == [NOTICE]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ('{"errcode":0}', "the body is neither success nor empty"),
        ("<html><body>500</body></html>", "the body is neither success nor empty"),
        ("<xml><MsgType>", "the body is neither success nor empty"),
        (
            "<!DOCTYPE x [<!ENTITY e 'x'>]><xml><MsgType>&e;</MsgType></xml>",
            "the body is neither success nor empty",
        ),
        (reply(ToUserName="gh_5ub5c21b7102"), "ToUserName and FromUserName are not the push's, swapped"),
        (reply(FromUserName=READER), "ToUserName and FromUserName are not the push's, swapped"),
        (reply(CreateTime="now"), "CreateTime is no number"),
        (reply(kind="msgmenu"), "no answer can be of type 'msgmenu'"),
        (reply(content="<Content></Content>"), "text: content is empty"),
        (reply(content=f"<Content>{'字' * 683}</Content>"), "text: 2049 bytes of text"),
        (reply("image", "<Image><MediaId>unknown</MediaId></Image>"), "image: invalid media_id"),
        (
            reply("news", "<ArticleCount>2</ArticleCount><Articles><item><Title>t</Title></item></Articles>"),
            "news: ArticleCount is not the number of articles",
        ),
    ],
)
def test_an_answer_that_is_none_shows_that_the_account_is_out_of_service(
    simulator: Simulator, hub: Hub, answer: str, reason: str
) -> None:
    push = ask(simulator, hub, answer)
    assert (push["outcome"], push["reason"], push["reply"]) == ("failed", reason, None)
    assert simulator.shown(READER) == [NOTICE]


@pytest.mark.parametrize("answer", ["success", ""])
def test_nothing_to_say_shows_nothing(simulator: Simulator, hub: Hub, answer: str) -> None:
    assert ask(simulator, hub, answer)["outcome"] == "delivered"
    assert simulator.shown(READER) == []


def test_the_notice_comes_after_three_tries(simulator: Simulator, hub: Hub) -> None:
    hub.answers = [(500, "")] * 2 + [(200, "oops")]
    push = simulator.say(by=READER, type="text", content="在吗")["push"]
    assert (push["outcome"], push["tries"], simulator.shown(READER)) == ("failed", 3, [NOTICE])


def test_the_first_good_answer_in_time_counts(simulator: Simulator, hub: Hub) -> None:
    hub.answers = [(502, ""), (200, reply())]
    started = time.monotonic()
    push = simulator.say(by=READER, type="text", content="在吗")["push"]
    assert (push["tries"], push["reply"]) == (2, "text")
    assert time.monotonic() - started >= 0.3
    assert [item["text"] for item in simulator.shown(READER)] == ["您好"]


def test_an_answer_too_late_is_not_read(simulator: Simulator, hub: Hub) -> None:
    hub.slow = 0.5
    assert ask(simulator, hub, reply())["reason"] == "timeout"
    assert simulator.shown(READER) == [NOTICE]


def test_of_the_answers_to_a_duplicated_push_one_is_shown(simulator: Simulator, hub: Hub) -> None:
    simulator.post("/_sim/faults", {"endpoint": "push", "kind": "duplicate"})
    ask(simulator, hub, reply(), reply())
    assert [item["type"] for item in simulator.shown(READER)] == ["text"]


def test_every_type_of_reply(simulator: Simulator, hub: Hub) -> None:
    image = simulator.upload("a.png", b"\x89PNG\r\n\x1a\n", "image", APP_ID)["media_id"]
    voice = simulator.upload("a.amr", b"#!AMR\n", "voice", APP_ID)["media_id"]
    video = simulator.upload("a.mp4", b"....ftyp", "video", APP_ID)["media_id"]
    thumb = simulator.upload("a.jpg", b"\xff\xd8\xff", "thumb", APP_ID)["thumb_media_id"]
    item = "<item><Title>t</Title><Description>d</Description><PicUrl>p</PicUrl><Url>u</Url></item>"
    music = "<Title>t</Title><Description>d</Description><MusicUrl>m</MusicUrl><HQMusicUrl>h</HQMusicUrl>"
    for each in (
        reply("image", f"<Image><MediaId>{image}</MediaId></Image>"),
        reply("voice", f"<Voice><MediaId>{voice}</MediaId></Voice>"),
        reply("video", f"<Video><MediaId>{video}</MediaId><Title>t</Title><Description>d</Description></Video>"),
        reply("music", f"<Music>{music}<ThumbMediaId>{thumb}</ThumbMediaId></Music>"),
        reply("news", f"<ArticleCount>2</ArticleCount><Articles>{item * 2}</Articles>"),
    ):
        ask(simulator, hub, each)
    hidden = ("from", "ai", "via")
    shown = [{name: value for name, value in line.items() if name not in hidden} for line in simulator.shown(READER)]
    article = {"title": "t", "description": "d", "url": "u", "picurl": "p"}
    assert shown == [
        {"type": "image", "image_url": f"/_sim/media/{image}"},
        {"type": "voice", "voice": {"url": f"/_sim/media/{voice}", "seconds": 0.0}},
        {
            "type": "video",
            "video": {"url": f"/_sim/media/{video}", "cover_url": "", "title": "t", "description": "d"},
        },
        {
            "type": "music",
            "music": {
                "title": "t",
                "description": "d",
                "musicurl": "m",
                "hqmusicurl": "h",
                "cover_url": f"/_sim/media/{thumb}",
            },
        },
        {"type": "news", "articles": [article]},  # to a message WeChat shows one
    ]


def test_an_event_can_be_answered_too_but_not_every_one(simulator: Simulator, hub: Hub) -> None:
    hub.answers = [(200, reply())] * 3
    simulator.act("menu", by=READER, key="MENU_ORDERS")
    simulator.act("menu", by=READER, type="VIEW", key="https://a.example")
    simulator.act("unfollow", by=READER)
    assert [item["text"] for item in simulator.shown(READER)] == ["您好"]


def test_a_reply_costs_nothing(simulator: Simulator, hub: Hub) -> None:
    ask(simulator, hub, reply())
    assert simulator.chat(READER)["allowances"][0]["left"] == 5


def test_a_transfer_gives_the_user_to_the_agent_named(simulator: Simulator, hub: Hub) -> None:
    to = {"ToUserName": FOLLOWER, "FromUserName": "gh_0ff1c1a1acc1"}
    info = "<TransInfo><KfAccount>lin@shop</KfAccount></TransInfo>"
    hub.answers = [(200, reply("transfer_customer_service", "", **to)), (200, "")]
    simulator.say(type="text", content="转人工")
    assert simulator.chat()["held_by"] == ""  # in the queue: messages still come to us
    hub.answers = [(200, reply("transfer_customer_service", info, **to))]
    simulator.say(type="text", content="转人工")
    wait_until(lambda: len(hub.told) == 3)
    assert (hub.told[2]["Event"], simulator.chat()["held_by"]) == ("kf_create_session", "lin@shop")


def test_a_mini_program_has_no_reply_but_the_transfer(simulator: Simulator, hub: Hub) -> None:
    simulator.post("/_sim/accounts", demo_account(hub.url, push_tries=1, format="xml"))
    to = {"ToUserName": MING, "FromUserName": "gh_5a1e0de3c0ff"}
    hub.answers = [(200, reply(**to)), (200, reply("transfer_customer_service", "", **to))]
    told = [simulator.write()["push"]["outcome"] for _ in range(2)]
    assert (told, simulator.shown(MING)) == (["failed", "delivered"], [])
