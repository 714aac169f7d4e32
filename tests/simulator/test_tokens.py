"""Who gets a token, how long it is good for, and what WeChat says otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.driving import DEMO, SECRET, Simulator, demo_account

GOOD = {"grant_type": "client_credential", "appid": DEMO, "secret": SECRET}


def plain(simulator: Simulator) -> str:
    return str(simulator.get("/cgi-bin/token", **GOOD)["access_token"])


def refusal(simulator: Simulator, token: str) -> int:
    """How a call with this token ends: 40003 comes after the token's checks, so it means accepted."""
    return simulator.send({"touser": "nobody", "msgtype": "text"}, token)


@pytest.mark.parametrize(
    ("changed", "errcode"),
    [
        ({"secret": "wrong"}, 40125),
        ({"appid": "wx0000000000000000"}, 40013),
        ({"grant_type": "password"}, 40002),
        ({"appid": ""}, 41002),
        ({"secret": ""}, 41004),
    ],
)
def test_wrong_credentials_are_told_apart(simulator: Simulator, changed: dict[str, str], errcode: int) -> None:
    by_get = simulator.get("/cgi-bin/token", **GOOD | changed)
    by_post = simulator.post("/cgi-bin/stable_token", GOOD | changed)
    assert (by_get["errcode"], by_post["errcode"]) == (errcode, errcode)
    assert " rid: " in by_get["errmsg"]


def test_a_stable_token_stays_the_same_until_its_last_five_minutes(simulator: Simulator) -> None:
    first = simulator.post("/cgi-bin/stable_token", GOOD)
    simulator.advance(6890)
    again = simulator.post("/cgi-bin/stable_token", GOOD)
    assert first["access_token"] == again["access_token"]
    assert (first["expires_in"], 300 <= again["expires_in"] <= 310) == (7200, True)
    simulator.advance(20)
    renewed = simulator.post("/cgi-bin/stable_token", GOOD)
    assert renewed["access_token"] != first["access_token"]
    assert [refusal(simulator, t["access_token"]) for t in (first, renewed)] == [40003, 40003]
    simulator.advance(300)
    assert [refusal(simulator, t["access_token"]) for t in (first, renewed)] == [42001, 40003]


def test_forcing_kills_the_old_token_but_not_within_thirty_seconds(simulator: Simulator) -> None:
    first = simulator.token()
    forced = simulator.token(force_refresh=True)
    assert (refusal(simulator, first), refusal(simulator, forced)) == (40001, 40003)
    assert simulator.token(force_refresh=True) == forced
    simulator.advance(31)
    assert simulator.token(force_refresh=True) != forced


def test_forcing_is_limited_to_twenty_a_day(simulator: Simulator) -> None:
    answers: list[dict[str, Any]] = []
    for _ in range(21):
        answers.append(simulator.post("/cgi-bin/stable_token", GOOD | {"force_refresh": True}))
        simulator.advance(31)
    refused = [answer.get("errcode") for answer in answers]
    # midnight in Shanghai may pass while the clock runs ahead by eleven minutes
    assert refused in ([None] * 20 + [45009], [None] * 21)


def test_a_plain_token_is_new_each_time_and_the_previous_lives_five_minutes(simulator: Simulator) -> None:
    first, second = plain(simulator), plain(simulator)
    assert first != second
    assert refusal(simulator, first) == 40003
    simulator.advance(301)
    assert (refusal(simulator, first), refusal(simulator, second)) == (40001, 40003)


def test_plain_and_stable_tokens_do_not_touch(simulator: Simulator) -> None:
    stable = simulator.token()
    plain(simulator), plain(simulator)
    simulator.advance(301)
    assert (simulator.token(), refusal(simulator, stable)) == (stable, 40003)


def test_missing_misshapen_unknown_expired_and_revoked_tokens(simulator: Simulator) -> None:
    good = simulator.token()
    assert refusal(simulator, "") == 41001
    assert refusal(simulator, "garbage") == 40014
    assert refusal(simulator, "90_" + "x" * 128) == 40001
    simulator.post("/_sim/tokens/revoke", {"app_id": DEMO})
    assert refusal(simulator, good) == 40001
    renewed = simulator.token()
    simulator.advance(7201)
    assert refusal(simulator, renewed) == 42001


def test_an_address_outside_the_whitelist_gets_no_token(simulator: Simulator) -> None:
    simulator.post("/_sim/accounts", demo_account("http://127.0.0.1:9/", ip_whitelist=["10.0.0.1"]))
    refused = simulator.post("/cgi-bin/stable_token", GOOD)
    assert refused["errcode"] == 40164
    assert refused["errmsg"].startswith("invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist rid: ")


def test_the_log_shows_no_token_and_no_secret(simulator: Simulator) -> None:
    token = simulator.token()
    simulator.write("私密")
    simulator.text("您好")
    log = str(simulator.get("/_sim/log"))
    assert [hidden for hidden in (token, SECRET, "私密", "您好") if hidden in log] == []
    assert simulator.get("/_sim/log")["counts"] == {"stable_token": 2, "push": 1, "custom/send": 1}
