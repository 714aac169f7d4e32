"""Quotas that run out by themselves, request ids that can be looked up, and the test of the push URL."""

from __future__ import annotations

from typing import Any

from tests.simulator.driving import DEMO, FOLLOWER, SERVICE, Hub, Simulator, service_account


def quota(simulator: Simulator, **limit: Any) -> None:
    simulator.post("/_sim/quotas", {"app_id": SERVICE, "endpoint": "user/info", **limit})


def asked(simulator: Simulator, times: int) -> list[int]:
    return [simulator.ask("user/info", openid=FOLLOWER).get("errcode", 0) for _ in range(times)]


def look(simulator: Simulator) -> Any:
    return simulator.call("openapi/quota/get", {"cgi_path": "/cgi-bin/user/info"})


def test_a_days_calls_run_out_until_midnight(simulator: Simulator) -> None:
    quota(simulator, per_day=2)
    assert asked(simulator, 3) == [0, 0, 45009]
    simulator.advance(86400)
    assert asked(simulator, 1) == [0]


def test_a_minutes_calls_run_out_for_a_minute(simulator: Simulator) -> None:
    quota(simulator, per_minute=2)
    assert asked(simulator, 3) == [0, 0, 45011]
    simulator.advance(61)
    assert asked(simulator, 1) == [0]


def test_a_quota_is_the_accounts_own(simulator: Simulator) -> None:
    simulator.post("/_sim/quotas", {"app_id": DEMO, "endpoint": "getcallbackip", "per_day": 0})
    assert simulator.ask("getcallbackip", DEMO)["errcode"] == 45009
    assert simulator.ask("getcallbackip") == {"ip_list": ["127.0.0.1"]}


def test_tokens_have_a_quota_too(simulator: Simulator) -> None:
    simulator.post("/_sim/quotas", {"app_id": DEMO, "endpoint": "stable_token", "per_minute": 1})
    asked = {"grant_type": "client_credential", "appid": DEMO, "secret": "demo-app-secret-of-the-simulator"}
    assert "access_token" in simulator.post("/cgi-bin/stable_token", asked)
    assert simulator.post("/cgi-bin/stable_token", asked)["errcode"] == 45011


def test_a_quota_can_be_looked_at_and_started_over_ten_times_a_month(simulator: Simulator) -> None:
    assert look(simulator)["quota"] == {"daily_limit": 5_000_000, "used": 0, "remain": 5_000_000}
    quota(simulator, per_day=1, per_minute=100)
    assert asked(simulator, 2) == [0, 45009]
    assert look(simulator) == {
        "errcode": 0,
        "errmsg": "ok",
        "quota": {"daily_limit": 1, "used": 1, "remain": 0},
        "rate_limit": {"call_count": 100, "refresh_second": 60},
    }
    cleared = [simulator.call("clear_quota", {"appid": SERVICE})["errcode"] for _ in range(11)]
    assert cleared == [0] * 10 + [48006]
    assert asked(simulator, 1) == [0]
    assert simulator.call("clear_quota", {"appid": DEMO})["errcode"] == 40013
    assert simulator.call("openapi/quota/get", {"cgi_path": "/cgi-bin/nothing"})["errcode"] == 76021


def test_a_request_id_tells_what_was_refused(simulator: Simulator) -> None:
    refused = simulator.ask("user/info", openid="nobody")
    rid = refused["errmsg"].rpartition("rid: ")[2]
    told = simulator.call("openapi/rid/get", {"rid": rid})["request"]
    assert (told["request_url"], told["client_ip"]) == ("/cgi-bin/user/info", "127.0.0.1")
    assert '"errcode": 40003' in told["response_body"]
    assert simulator.call("openapi/rid/get", {"rid": "unknown"})["errcode"] == 76001
    assert simulator.call("openapi/rid/get", {"rid": rid}, DEMO)["errcode"] == 76003


def check(simulator: Simulator, action: str = "all") -> Any:
    return simulator.call("callback/check", {"action": action, "check_operator": "DEFAULT"})


def test_the_push_url_is_really_asked(simulator: Simulator, hub: Hub) -> None:
    told = check(simulator)
    assert told["dns"] == [{"ip": "127.0.0.1", "real_operator": "UNICOM"}]
    assert [(row["ip"], row["package_loss"]) for row in told["ping"]] == [("127.0.0.1", "0%")]
    assert sorted(hub.received[0].query) == ["echostr", "nonce", "signature", "timestamp"]
    simulator.post("/_sim/accounts", service_account("http://127.0.0.1:9/hooks/service"))
    assert check(simulator, "ping") == {
        "ping": [{"ip": "127.0.0.1", "from_operator": "CAP", "package_loss": "100%", "time": ""}]
    }
    assert check(simulator, "dance")["errcode"] == 40202
    assert simulator.ask("get_api_domain_ip") == {"ip_list": ["127.0.0.1"]}
