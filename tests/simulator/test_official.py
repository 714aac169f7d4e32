"""Official accounts: what customers do there, as it is pushed, and what each of it allows the account to send."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.simulator.driving import (
    DEMO,
    FOLLOWER,
    MING,
    MING_EVERYWHERE,
    POST,
    READER,
    SERVICE,
    Hub,
    Simulator,
    service_account,
)


def sent(simulator: Simulator, times: int = 1, to: str = FOLLOWER) -> list[int]:
    body = {"touser": to, "msgtype": "text", "text": {"content": "您好"}}
    return [simulator.call("message/custom/send", body)["errcode"] for _ in range(times)]


def test_the_three_demo_accounts_share_their_people(simulator: Simulator) -> None:
    accounts = {account["app_id"]: account for account in simulator.get("/_sim/accounts")["items"]}
    assert list(accounts) == [DEMO, SERVICE, POST]
    told = {app_id: (a["kind"], a["verified"], a["format"], a["original_id"]) for app_id, a in accounts.items()}
    assert told == {
        DEMO: ("mp", True, "json", "gh_5a1e0de3c0ff"),
        SERVICE: ("service", True, "xml", "gh_0ff1c1a1acc1"),
        POST: ("subscription", False, "xml", "gh_5ub5c21b7102"),
    }
    ming = [simulator.get(f"/_sim/accounts/{app_id}/users")["items"][0] for app_id in accounts]
    assert [user["openid"] for user in ming] == [MING, FOLLOWER, READER]
    assert {(user["name"], user["unionid"], user["follows"]) for user in ming} == {("小明", MING_EVERYWHERE, True)}


def test_an_official_account_pushes_xml_only(simulator: Simulator, hub: Hub) -> None:
    answer = requests.post(f"{simulator.url}/_sim/accounts", json=service_account(hub.url, format="json"), timeout=5)
    assert answer.status_code == 400


def test_every_message_of_a_customer(simulator: Simulator, hub: Hub) -> None:
    simulator.say(type="text", content="在吗]]>😭")
    simulator.say(type="text", content="满意", choice="101")
    simulator.say(type="voice")
    simulator.say(type="video")
    simulator.say(type="shortvideo")
    simulator.say(type="location", latitude=23.134521, longitude=113.358803, scale=20, label="广州市海珠区")
    simulator.say(type="link", title="退换货说明", description="七天无理由", url="https://mp.weixin.qq.com/s/xyz")
    simulator.say(type="sticker", fields={"MediaId": "s1"})
    text, choice, voice, video, short, place, link, odd = hub.told
    assert text == {"MsgType": "text", "Content": "在吗]]>😭"}
    assert choice == {"MsgType": "text", "Content": "满意", "bizmsgmenuid": "101"}
    assert sorted(voice) == ["Format", "MediaId", "MediaId16K", "MsgType", "Recognition"]
    assert (voice["Format"], voice["Recognition"]) == ("amr", "")
    assert [sorted(each) for each in (video, short)] == [["MediaId", "MsgType", "ThumbMediaId"]] * 2
    assert [video["MsgType"], short["MsgType"]] == ["video", "shortvideo"]
    assert place == {
        "MsgType": "location",
        "Location_X": "23.134521",
        "Location_Y": "113.358803",
        "Scale": "20",
        "Label": "广州市海珠区",
    }
    assert link == {
        "MsgType": "link",
        "Title": "退换货说明",
        "Description": "七天无理由",
        "Url": "https://mp.weixin.qq.com/s/xyz",
    }
    assert odd == {"MsgType": "sticker", "MediaId": "s1"}
    types = ["text", "text", "voice", "video", "shortvideo", "location", "link", "sticker"]
    assert [item["type"] for item in simulator.seen(FOLLOWER)] == types


def test_a_voice_comes_in_two_qualities_and_a_video_as_an_address(simulator: Simulator, hub: Hub) -> None:
    simulator.say(type="voice")
    simulator.say(type="video")
    voice, video = hub.told

    def fetched(media_id: str) -> requests.Response:
        query = {"access_token": simulator.token(appid=SERVICE), "media_id": media_id}
        return requests.get(f"{simulator.url}/cgi-bin/media/get", params=query, timeout=5)

    narrow, wide = fetched(voice["MediaId"]), fetched(voice["MediaId16K"])
    assert (narrow.content[:6], narrow.headers["Content-Type"]) == (b"#!AMR\n", "audio/amr")
    assert len(narrow.content) == 6 + 150 * 32  # three seconds of frames of 12.2 kbit/s
    assert (wide.content[:9], wide.headers["Content-Type"]) == (b"#!AMR-WB\n", "audio/amr-wb")
    assert simulator.seen(FOLLOWER)[0]["voice"]["seconds"] == 3.0
    address = fetched(video["MediaId"]).json()["video_url"]
    clip = requests.get(address, timeout=5)
    assert (clip.headers["Content-Type"], clip.content[4:8]) == ("video/mp4", b"ftyp")
    assert fetched(video["ThumbMediaId"]).headers["Content-Type"] == "image/png"


def test_files_of_the_customers_own(simulator: Simulator, hub: Hub) -> None:
    path = f"{simulator.url}/_sim/users/{FOLLOWER}/messages"
    requests.post(path, params={"wait": 1}, files={"voice": ("a.mp3", b"ID3...")}, timeout=5)
    requests.post(path, params={"wait": 1, "short": 1}, files={"video": ("a.mp4", b"....ftyp")}, timeout=5)
    assert [(told["MsgType"], told.get("Format")) for told in hub.told] == [("voice", "mp3"), ("shortvideo", None)]
    refused = requests.post(
        f"{simulator.url}/_sim/users/{MING}/messages", files={"voice": ("a.mp3", b"ID3...")}, timeout=5
    )
    assert refused.status_code == 409


@pytest.mark.parametrize(
    ("act", "body", "event", "left"),
    [
        ("scan", {"scene": "order_991"}, {"Event": "SCAN", "EventKey": "order_991"}, 3),
        ("menu", {"key": "MENU_ORDERS"}, {"Event": "CLICK", "EventKey": "MENU_ORDERS"}, 3),
        (
            "menu",
            {"type": "VIEW", "key": "https://a.example/x"},
            {"Event": "VIEW", "EventKey": "https://a.example/x", "MenuId": "425617"},
            0,
        ),
        (
            "menu",
            {"type": "scancode_waitmsg", "key": "k", "scanned": "SF123"},
            {
                "Event": "scancode_waitmsg",
                "EventKey": "k",
                "ScanCodeInfo": {"ScanType": "qrcode", "ScanResult": "SF123"},
            },
            3,
        ),
        ("menu", {"type": "pic_weixin", "key": "k"}, {"Event": "pic_weixin", "EventKey": "k"}, 0),
        (
            "position",
            {"latitude": 23.5, "longitude": 113.5, "precision": 10},
            {"Event": "LOCATION", "Latitude": "23.5", "Longitude": "113.5", "Precision": "10.0"},
            0,
        ),
        ("event", {"event": "debug_demo", "fields": {"debug_str": "x"}}, {"Event": "debug_demo", "debug_str": "x"}, 0),
    ],
)
def test_what_a_customer_does_beside_writing(
    simulator: Simulator, hub: Hub, act: str, body: dict[str, Any], event: dict[str, Any], left: int
) -> None:
    simulator.act(act, **body)
    (told,) = hub.told
    assert told["MsgType"] == "event"
    assert {name: told[name] for name in event} == event
    assert sent(simulator, 4) == ([0, 0, 0, 45047] if left else [45015] * 4)
    simulator.advance(61)
    assert sent(simulator) == [45015]


def test_following_and_leaving(simulator: Simulator, hub: Hub) -> None:
    simulator.say(type="text", content="在吗")
    simulator.act("unfollow")
    assert sent(simulator) == [45015]
    assert simulator.act("unfollow") == {"error": "the user does not follow the account"}
    assert simulator.say(type="text", content="在吗") == {"error": "the user does not follow the account"}
    simulator.act("scan", scene="order_991")
    assert sent(simulator, 4) == [0, 0, 0, 45047]
    assert simulator.act("follow") == {"error": "the user follows the account already"}
    simulator.act("unfollow")
    simulator.act("follow")
    _, left, by_code, _, again = hub.told
    assert left == {"MsgType": "event", "Event": "unsubscribe", "EventKey": ""}
    assert (by_code["Event"], by_code["EventKey"]) == ("subscribe", "qrscene_order_991")
    assert by_code["Ticket"].startswith("gQ")
    assert again == {"MsgType": "event", "Event": "subscribe", "EventKey": ""}


def test_a_tap_on_a_menu_message_counts_as_a_menu(simulator: Simulator) -> None:
    simulator.say(type="text", content="满意", choice="101")
    assert sent(simulator, 4) == [0, 0, 0, 45047]
    simulator.say(type="text", content="满意")
    assert sent(simulator, 6) == [0, 0, 0, 0, 0, 45047]


def test_a_mini_program_has_no_followers(simulator: Simulator) -> None:
    refused = requests.post(f"{simulator.url}/_sim/users/{MING}/follow", json={}, timeout=5)
    assert (refused.status_code, "error" in refused.json()) == (409, True)
    assert requests.post(f"{simulator.url}/_sim/users/{MING}/fly", json={}, timeout=5).status_code == 404


def test_what_is_revoked_names_the_user_in_its_own_field(simulator: Simulator, hub: Hub) -> None:
    simulator.act("authorization", what="revoke", codes="201,202")
    simulator.act("authorization", by=MING, what="cancellation", codes="1")
    assert hub.told == [
        {
            "MsgType": "event",
            "Event": "user_authorization_revoke",
            "OpenID": FOLLOWER,
            "AppID": SERVICE,
            "RevokeInfo": "201,202",
            "UnionID": MING_EVERYWHERE,
        },
        {
            "MsgType": "event",
            "Event": "user_authorization_cancellation",
            "OpenID": MING,
            "AppID": DEMO,
            "RevokeInfo": "1",
        },
    ]
    assert {request.query["openid"] for request in hub.received} == {"oWeChatItself000000000000000"}


def test_messages_stop_while_wechats_own_agent_has_the_user(simulator: Simulator, hub: Hub) -> None:
    simulator.act("hold", kf_account="lin@shop")
    held = simulator.say(type="text", content="在吗")
    assert (held["push"]["outcome"], held["push"]["tries"]) == ("held", 0)
    assert simulator.chat()["held_by"] == "lin@shop"
    simulator.act("menu", key="MENU_ORDERS")
    simulator.act("release")
    simulator.say(type="text", content="还在吗")
    told = [each.get("Event") or each["Content"] for each in hub.told]
    assert told == ["kf_create_session", "CLICK", "kf_close_session", "还在吗"]
    assert hub.told[0]["KfAccount"] == "lin@shop"
    simulator.act("hold", kf_account="lin@shop")
    simulator.advance(1801)
    assert simulator.say(type="text", content="半小时后")["push"]["outcome"] == "delivered"
