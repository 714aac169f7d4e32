"""message/custom/send: the order of its checks, what it costs, and what the customer then sees."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from tests.simulator.driving import DEMO, HONG, MING, Simulator, demo_account

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 32


def upload(simulator: Simulator, data: bytes = PNG, name: str = "a.png", kind: str = "image") -> dict[str, Any]:
    answer: dict[str, Any] = requests.post(
        f"{simulator.url}/cgi-bin/media/upload",
        params={"access_token": simulator.token(), "type": kind},
        files={"media": (name, data)},
        timeout=10,
    ).json()
    return answer


def message(to: str = MING, kind: str = "text", **content: Any) -> dict[str, Any]:
    return {"touser": to, "msgtype": kind, kind: content}


def shown(simulator: Simulator) -> list[dict[str, Any]]:
    hidden = ("n", "at", "rev")
    lines = [item for item in simulator.seen() if item["from"] == "account"]
    return [{name: value for name, value in item.items() if name not in hidden} for item in lines]


def test_the_earlier_check_decides(simulator: Simulator) -> None:
    """Each request has every fault of the ones below it, so a wrong order shows."""
    path, token = "/cgi-bin/message/custom/send", simulator.token()
    wrong_type, empty = message(kind="news"), message(content=" ")
    asked = [
        simulator.raw(path, b"{", access_token="")["errcode"],
        simulator.get(path, access_token=token)["errcode"],
        simulator.raw(path, b"", access_token=token)["errcode"],
        simulator.raw(path, b'{"touser":', access_token=token)["errcode"],
        simulator.send(wrong_type | {"touser": "nobody"}),
        simulator.send(wrong_type),
        simulator.send(message(kind="nonsense")),
        simulator.send(message(kind="msgmenu")),
        simulator.send(empty),
        simulator.text("no window yet"),
    ]
    assert asked == [41001, 43002, 44002, 47001, 40003, 45162, 40008, 40200, 44004, 45015]


def test_another_accounts_user_is_unknown(simulator: Simulator) -> None:
    other = demo_account("http://127.0.0.1:9/", app_id="wx0000000000000001", secret="other-secret")
    simulator.post("/_sim/accounts", other)
    stranger = simulator.post("/_sim/accounts/wx0000000000000001/users", {"name": "路人"})["openid"]
    simulator.write(by=stranger)
    assert simulator.text(to=stranger) == 40003


def test_a_message_allows_five_for_two_days(simulator: Simulator) -> None:
    simulator.write()
    assert [simulator.text() for _ in range(6)] == [0, 0, 0, 0, 0, 45047]
    simulator.write()
    assert [simulator.text() for _ in range(2)] == [0, 0]
    simulator.write()  # set again, not added
    assert [simulator.text() for _ in range(6)] == [0, 0, 0, 0, 0, 45047]


def test_the_window_closes_after_two_days(simulator: Simulator) -> None:
    simulator.write()
    simulator.advance(48 * 3600 - 5)
    assert simulator.text() == 0
    simulator.advance(6)
    assert simulator.text() == 45015
    assert "the last window ended" in simulator.get("/_sim/log", endpoint="custom/send")["items"][-1]["why"]


def test_entering_allows_two_for_a_minute(simulator: Simulator) -> None:
    simulator.post(f"/_sim/users/{MING}/enter", {"session_from": "order:991"}, wait=1)
    assert [simulator.text() for _ in range(3)] == [0, 0, 45047]
    simulator.advance(61)
    assert simulator.text() == 45015


def test_what_entering_allows_is_spent_first(simulator: Simulator) -> None:
    simulator.write()
    simulator.post(f"/_sim/users/{MING}/enter", {}, wait=1)
    assert [simulator.text() for _ in range(2)] == [0, 0]
    simulator.advance(61)
    assert [simulator.text() for _ in range(6)] == [0, 0, 0, 0, 0, 45047]


def test_a_refused_message_costs_nothing(simulator: Simulator) -> None:
    simulator.write()
    assert [simulator.send(message(content="")) for _ in range(5)] == [44004] * 5
    assert [simulator.text() for _ in range(6)] == [0, 0, 0, 0, 0, 45047]


def test_text_may_have_2048_bytes(simulator: Simulator) -> None:
    simulator.write()
    assert [simulator.text("字" * 682 + "ab"), simulator.text("字" * 683)] == [0, 45002]


def test_every_type_as_the_customer_sees_it(simulator: Simulator) -> None:
    simulator.write()
    media = upload(simulator)["media_id"]
    link = {
        "title": "退换货",
        "description": "七天",
        "url": "https://a.example/x",
        "thumb_url": "https://a.example/p.jpg",
    }
    sent = [
        message(content="您好😭") | {"aimsgcontext": {"is_ai_msg": 1}},
        message(kind="image", media_id=media),
        message(kind="link", **link),
        message(kind="miniprogrampage", title="订单", pagepath="pages/i?x=1", thumb_media_id=media),
    ]
    assert [simulator.send(each) for each in sent] == [0, 0, 0, 0]
    assert shown(simulator) == [
        {"from": "account", "type": "text", "ai": True, "text": "您好😭"},
        {"from": "account", "type": "image", "ai": False, "image_url": f"/_sim/media/{media}"},
        {"from": "account", "type": "link", "ai": False, "link": link},
        {
            "from": "account",
            "type": "miniprogrampage",
            "ai": False,
            "card": {"title": "订单", "page_path": "pages/i?x=1", "cover_url": f"/_sim/media/{media}"},
        },
    ]


def test_escaped_characters_are_shown_as_they_were_sent(simulator: Simulator) -> None:
    simulator.write()
    body = json.dumps(message(content='你\n"\\u4f60"\u0007'), ensure_ascii=True).encode()
    assert simulator.raw("/cgi-bin/message/custom/send", body, access_token=simulator.token())["errcode"] == 0
    assert shown(simulator)[0]["text"] == '\\u4f60\n"\\u4f60"\u0007'


def test_media_is_the_accounts_own_and_lives_three_days(simulator: Simulator) -> None:
    simulator.post("/_sim/accounts", demo_account("http://127.0.0.1:9/", app_id="wx0000000000000001"))
    media, stranger = (
        upload(simulator)["media_id"],
        simulator.post("/_sim/accounts/wx0000000000000001/users", {"name": "路人"})["openid"],
    )
    simulator.write(by=stranger)
    others_token = simulator.token(appid="wx0000000000000001")
    assert simulator.send(message(stranger, "image", media_id=media), others_token) == 40007
    simulator.write()
    assert simulator.send(message(kind="image", media_id="unknown")) == 40007
    simulator.advance(3 * 86400 + 1)
    simulator.write()
    assert simulator.send(message(kind="image", media_id=media)) == 40007


@pytest.mark.parametrize(
    ("data", "name", "kind", "errcode"),
    [
        (PNG, "a.png", "video", 40004),
        (b"", "a.png", "image", 44001),
        (PNG + b"0" * 10 * 1024 * 1024, "a.png", "image", 45001),
        (PNG, "a.pdf", "image", 40005),
    ],
)
def test_uploads_are_checked(simulator: Simulator, data: bytes, name: str, kind: str, errcode: int) -> None:
    assert upload(simulator, data, name, kind)["errcode"] == errcode


def test_media_comes_back_as_it_went_in_and_errors_as_json(simulator: Simulator) -> None:
    media = upload(simulator, name="账单.png")
    asked = {"access_token": simulator.token(), "media_id": media["media_id"]}
    answer = requests.get(f"{simulator.url}/cgi-bin/media/get", params=asked, timeout=10)
    assert (answer.content, answer.headers["Content-Type"]) == (PNG, "image/png")
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    unknown = requests.get(f"{simulator.url}/cgi-bin/media/get", params=asked | {"media_id": "x"}, timeout=10)
    assert (unknown.status_code, unknown.json()["errcode"]) == (200, 40007)


def test_typing_shows_for_fifteen_seconds_or_until_a_message(simulator: Simulator) -> None:
    def typing(command: str, to: str = MING) -> int:
        path = "/cgi-bin/message/custom/typing"
        return int(simulator.post(path, {"touser": to, "command": command}, access_token=simulator.token())["errcode"])

    def is_shown() -> bool:
        return bool(simulator.get(f"/_sim/users/{MING}/messages")["typing"])

    simulator.write()
    assert [typing("Dance"), typing("Typing", HONG)] == [45072, 45080]
    assert [typing("Typing"), is_shown(), typing("Typing")] == [0, True, 45081]
    assert [simulator.text(), is_shown()] == [0, False]
    assert [typing("Typing"), typing("CancelTyping"), is_shown()] == [0, 0, False]
    assert typing("Typing") == 0
    simulator.advance(16)
    assert is_shown() is False
    simulator.advance(20)
    assert typing("Typing") == 45080


def test_unknown_paths_are_refused_like_everything_else(simulator: Simulator) -> None:
    assert simulator.get("/cgi-bin/kf/sync_msg")["errcode"] == 40066
    assert DEMO in [account["app_id"] for account in simulator.get("/_sim/accounts")["items"]]
