"""Who a user is: followers' profiles, and the code a mini program exchanges."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.driving import (
    DEMO,
    FOLLOWER,
    MING,
    MING_EVERYWHERE,
    SECRET,
    SERVICE,
    SERVICE_SECRET,
    Simulator,
)

ALEX = "oServ0ff1c1a1Alex00000000003"


def profile(simulator: Simulator, openid: str = FOLLOWER) -> Any:
    return simulator.ask("user/info", openid=openid, lang="zh_CN")


def test_a_followers_profile_has_a_unionid_and_no_name(simulator: Simulator) -> None:
    known = profile(simulator)
    assert abs(known.pop("subscribe_time") - simulator.get("/_sim/clock")["now"]) < 30
    assert known == {
        "subscribe": 1,
        "openid": FOLLOWER,
        "language": "zh_CN",
        "unionid": MING_EVERYWHERE,
        "remark": "",
        "groupid": 0,
        "tagid_list": [],
        "subscribe_scene": "ADD_SCENE_SEARCH",
        "qr_scene": 0,
        "qr_scene_str": "",
    }
    assert profile(simulator, ALEX)["language"] == "en"


@pytest.mark.parametrize(("scene", "number", "text"), [("991", 991, ""), ("order_991", 0, "order_991")])
def test_a_profile_tells_the_code_that_made_them_follow(
    simulator: Simulator, scene: str, number: int, text: str
) -> None:
    simulator.act("unfollow")
    assert profile(simulator) == {"subscribe": 0, "openid": FOLLOWER}
    simulator.act("scan", scene=scene)
    known = profile(simulator)
    told = (known["subscribe_scene"], known["qr_scene"], known["qr_scene_str"])
    assert told == ("ADD_SCENE_QR_CODE", number, text)


def test_a_user_without_an_open_platform_has_no_unionid(simulator: Simulator) -> None:
    path = f"/_sim/accounts/{SERVICE}/users"
    alone = simulator.post(path, {"name": "路人", "unionid": ""})
    usual = simulator.post(path, {"name": "路人", "follows": False})
    assert "unionid" not in profile(simulator, alone["openid"])
    assert (usual["unionid"][:1], usual["follows"]) == ("u", False)


def test_a_hundred_profiles_at_once(simulator: Simulator) -> None:
    def asked(*openids: str) -> Any:
        return simulator.call("user/info/batchget", {"user_list": [{"openid": openid} for openid in openids]})

    assert [user["openid"] for user in asked(FOLLOWER, ALEX)["user_info_list"]] == [FOLLOWER, ALEX]
    assert [asked(*[FOLLOWER] * 101)["errcode"], asked()["errcode"], asked(MING)["errcode"]] == [40032, 40032, 40003]


def test_a_mini_programs_users_have_no_profile(simulator: Simulator) -> None:
    assert simulator.ask("user/info", DEMO, openid=MING)["errcode"] == 48001


def login(simulator: Simulator, code: str, **changed: str) -> Any:
    asked = {"appid": DEMO, "secret": SECRET, "js_code": code, "grant_type": "authorization_code"}
    return simulator.get("/sns/jscode2session", **asked | changed)


def test_a_login_code_is_good_once(simulator: Simulator) -> None:
    code = simulator.post(f"/_sim/users/{MING}/login")["code"]
    session = login(simulator, code)
    assert session.pop("session_key")
    assert session == {"openid": MING, "unionid": MING_EVERYWHERE}
    assert [login(simulator, code)["errcode"], login(simulator, "unknown")["errcode"]] == [40163, 40029]


def test_a_login_code_lives_five_minutes(simulator: Simulator) -> None:
    code = simulator.post(f"/_sim/users/{MING}/login")["code"]
    simulator.advance(301)
    assert login(simulator, code)["errcode"] == 40029


@pytest.mark.parametrize(
    ("changed", "errcode"),
    [
        ({"secret": "wrong"}, 40125),
        ({"appid": "wx0000000000000000"}, 40013),
        ({"js_code": ""}, 41008),
        ({"grant_type": "client_credential"}, 40002),
        ({"appid": SERVICE, "secret": SERVICE_SECRET}, 48001),
    ],
)
def test_what_a_login_is_refused_for(simulator: Simulator, changed: dict[str, str], errcode: int) -> None:
    code = simulator.post(f"/_sim/users/{MING}/login")["code"]
    assert login(simulator, code, **changed)["errcode"] == errcode
