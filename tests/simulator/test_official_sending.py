"""What official accounts of each kind may send and upload, and what the customer then sees."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.media import voice_narrow
from tests.simulator.driving import DEMO, FOLLOWER, HONG, POST, READER, SERVICE, Hub, Simulator, service_account

JPEG = b"\xff\xd8\xff" + b"0" * 32
MP4 = b"\0\0\0\x18ftypisom" + b"0" * 32


def send(simulator: Simulator, kind: str, content: dict[str, Any], app_id: str = SERVICE, **more: Any) -> int:
    to = more.pop("to", READER if app_id == POST else FOLLOWER)
    body = {"touser": to, "msgtype": kind, kind: content, **more}
    return int(simulator.call("message/custom/send", body, app_id)["errcode"])


def test_every_type_as_the_customer_sees_it(simulator: Simulator) -> None:
    simulator.say(type="text", content="在吗")
    simulator.say(type="text", content="在吗", choice="1")
    image = simulator.upload("a.jpg", JPEG, "image")["media_id"]
    voice = simulator.upload("a.amr", voice_narrow(), "voice")["media_id"]
    video = simulator.upload("a.mp4", MP4, "video")["media_id"]
    thumb = simulator.upload("a.jpg", JPEG, "thumb")["thumb_media_id"]
    article = {"title": "t", "description": "d", "url": "https://a.example/x", "picurl": "https://a.example/p.jpg"}
    choices = [{"id": "101", "content": "满意"}, {"id": "102", "content": "不满意"}]
    music = {"title": "t", "description": "d", "musicurl": "https://a.example/m", "hqmusicurl": "https://a.example/h"}
    card = {"title": "t", "appid": DEMO, "pagepath": "pages/i?x=1", "thumb_media_id": image}
    assert [
        send(simulator, "image", {"media_id": image}),
        send(simulator, "voice", {"media_id": voice}),
        send(simulator, "video", {"media_id": video, "thumb_media_id": thumb, "title": "t", "description": "d"}),
        send(simulator, "music", {**music, "thumb_media_id": thumb}),
        send(simulator, "news", {"articles": [article]}),
        send(simulator, "msgmenu", {"head_content": "满意吗？", "list": choices, "tail_content": "再见"}),
        send(simulator, "miniprogrampage", card),
        send(simulator, "text", {"content": "您好"}, customservice={"kf_account": "lin@shop"}),
    ] == [0] * 8
    common = {"from": "account", "ai": False}
    cover = f"/_sim/media/{thumb}"
    assert simulator.shown() == [
        {**common, "type": "image", "image_url": f"/_sim/media/{image}"},
        {**common, "type": "voice", "voice": {"url": f"/_sim/media/{voice}", "seconds": 3.0}},
        {
            **common,
            "type": "video",
            "video": {"url": f"/_sim/media/{video}", "cover_url": cover, "title": "t", "description": "d"},
        },
        {**common, "type": "music", "music": {**music, "cover_url": cover}},
        {**common, "type": "news", "articles": [article]},
        {
            **common,
            "type": "msgmenu",
            "menu": {
                "head": "满意吗？",
                "choices": [{"id": "101", "text": "满意"}, {"id": "102", "text": "不满意"}],
                "tail": "再见",
            },
        },
        {
            **common,
            "type": "miniprogrampage",
            "card": {
                "title": "t",
                "page_path": "pages/i?x=1",
                "app_id": DEMO,
                "cover_url": f"/_sim/media/{image}",
            },
        },
        {**common, "type": "text", "text": "您好", "kf": {"account": "lin@shop", "nick": "小林"}},
    ]


@pytest.mark.parametrize(
    ("kind", "content", "more", "errcode"),
    [
        ("link", {"title": "t", "url": "https://a.example"}, {}, 40008),
        ("text", {"content": ""}, {}, 44004),
        ("text", {"content": "字" * 683}, {}, 45002),
        ("voice", {"media_id": "unknown"}, {}, 40007),
        ("news", {"articles": []}, {}, 44003),
        ("news", {"articles": [{"title": "1"}, {"title": "2"}]}, {}, 45008),
        ("msgmenu", {"head_content": "?", "list": []}, {}, 44004),
        ("miniprogrampage", {"title": "t", "pagepath": "p", "appid": "wx0000000000000000"}, {}, 40013),
        ("text", {"content": "您好"}, {"customservice": {"kf_account": "nobody@shop"}}, 65401),
        ("text", {"content": "您好"}, {"to": HONG}, 40003),
    ],
)
def test_what_is_refused(
    simulator: Simulator, kind: str, content: dict[str, Any], more: dict[str, Any], errcode: int
) -> None:
    simulator.say(type="text", content="在吗")
    assert send(simulator, kind, content, **more) == errcode


def test_a_medium_is_not_another(simulator: Simulator) -> None:
    simulator.say(type="text", content="在吗")
    image = simulator.upload("a.jpg", JPEG, "image")["media_id"]
    assert send(simulator, "voice", {"media_id": image}) == 40007


@pytest.mark.parametrize("kind", ["service", "subscription"])
def test_without_verification_an_account_may_only_answer_within_the_push(
    simulator: Simulator, hub: Hub, kind: str
) -> None:
    simulator.post("/_sim/accounts", service_account(hub.url, kind=kind, verified=False))
    simulator.say(type="text", content="在吗")
    template = {"touser": FOLLOWER, "template_id": "x", "data": {}}
    assert send(simulator, "nonsense", {}) == 48001
    assert send(simulator, "text", {"content": "您好"}, to="nobody") == 40003
    assert [
        simulator.call("message/custom/typing", {"touser": FOLLOWER, "command": "Typing"})["errcode"],
        simulator.call("message/template/send", template)["errcode"],
        simulator.call("message/subscribe/bizsend", template)["errcode"],
        simulator.ask("customservice/getkflist")["errcode"],
        simulator.ask("user/info", openid=FOLLOWER)["errcode"],
    ] == [48001] * 5


def test_a_blocked_account_cannot_write(simulator: Simulator) -> None:
    simulator.say(type="text", content="在吗")
    simulator.post(f"/_sim/users/{FOLLOWER}/block", {"blocked": True})
    assert send(simulator, "text", {"content": "您好"}) == 45015
    simulator.post(f"/_sim/users/{FOLLOWER}/block", {"blocked": False})
    assert send(simulator, "text", {"content": "您好"}) == 0


@pytest.mark.parametrize(
    ("name", "size", "medium", "errcode"),
    [
        ("a.bmp", 9, "image", 40005),
        ("a.wav", 9, "voice", 40005),
        ("a.amr", 2 * 1024 * 1024 + 1, "voice", 45001),
        ("a.mov", 9, "video", 40005),
        ("a.mp4", 10 * 1024 * 1024 + 1, "video", 45001),
        ("a.png", 9, "thumb", 40005),
        ("a.jpg", 64 * 1024 + 1, "thumb", 45001),
        ("a.pdf", 9, "file", 40004),
    ],
)
def test_uploads_are_checked(simulator: Simulator, name: str, size: int, medium: str, errcode: int) -> None:
    assert simulator.upload(name, b"0" * size, medium)["errcode"] == errcode


def test_a_voice_plays_a_minute_at_most(simulator: Simulator) -> None:
    frames = voice_narrow()[6:]
    assert "media_id" in simulator.upload("a.amr", b"#!AMR\n" + frames * 20, "voice")
    assert simulator.upload("a.amr", b"#!AMR\n" + frames * 21, "voice")["errcode"] == 45007


def test_the_agents_of_an_account(simulator: Simulator) -> None:
    simulator.post(f"/_sim/accounts/{SERVICE}/kf", {"kf_account": "new@shop", "nick": "新人"})
    known = [(kf["kf_account"], kf["kf_nick"]) for kf in simulator.ask("customservice/getkflist")["kf_list"]]
    assert known == [("lin@shop", "小林"), ("li@shop", "小李"), ("new@shop", "新人")]
