"""What `yizhan doctor` finds, and what it says to enter in WeChat's console."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import requests
from responses import Response

from channels.contract import Finding, Paste
from channels.errors import Throttled
from tests.channels.accounts import ACCESS_TOKEN
from tests.channels.cases import DictCache, assert_no_secret, make_channel, provider
from tests.channels.wechat import API, RID, Played, call, outbound, refused, sent

OFFICIAL, MINI = Played("wechat_official"), Played("wechat_miniprogram")
HOOK = "https://8.8.8.8/hooks/shop"
REACHED = Finding(f"WeChat can reach {HOOK}", True)
CLOCK = Finding("this server's clock is right", True)
CREDENTIALS = Finding("WeChat accepts the app_id and the AppSecret", True)
LEFT = Finding("499999 of 500000 messages are left today", True)
CALLED_BACK = Finding("WeChat reaches the address in its console", True)
MAY_SEND = Finding("the account may send customer-service messages", True)
AGENTS = {"小林": "lin@shop", "小李": "li@shop"}


def tokens(ahead: timedelta = timedelta(0), **answer: Any) -> Response:
    date = format_datetime(datetime.now(UTC) - ahead, usegmt=True)
    told = answer or {"access_token": ACCESS_TOKEN, "expires_in": 7200}
    return Response("POST", f"{API}/stable_token", json=told, headers={"Date": date})


def quota(remain: int = 499999) -> Response:
    told = {"daily_limit": 500000, "used": 500000 - remain, "remain": remain}
    return call("openapi/quota/get", json={"errcode": 0, "errmsg": "ok", "quota": told})


def callback(dns: Any = ({"ip": "8.8.8.8", "real_operator": "UNICOM"},), loss: str = "0%") -> Response:
    ping = [{"ip": "8.8.8.8", "from_operator": "CAP", "package_loss": loss, "time": "23ms"}]
    return call("callback/check", json={"dns": list(dns), "ping": ping})


def desk(*accounts: str) -> Response:
    return call("customservice/getkflist", json={"kf_list": [{"kf_account": each} for each in accounts]})


def found(account: Played, *answers: Any, hook: str = HOOK, **settings: Any) -> list[Finding]:
    with provider(*answers):
        findings = list(make_channel(account.kind, **settings).diagnose(hook))
    for finding in findings:
        assert bool(finding.advice) != finding.ok  # whoever reads of a fault reads what to do
        assert_no_secret(f"{finding}", [])
    return findings


def test_a_healthy_mini_program():
    findings = found(MINI, tokens(), MINI.token(), quota(), callback())
    assert findings == [REACHED, CLOCK, CREDENTIALS, LEFT, CALLED_BACK]


def test_a_healthy_official_account():
    findings = found(OFFICIAL, tokens(), OFFICIAL.token(), quota(), callback(), desk())
    assert findings == [REACHED, CLOCK, CREDENTIALS, LEFT, CALLED_BACK, MAY_SEND]


def test_an_account_that_answers_passively_is_not_asked_what_it_may_not_do():
    findings = found(OFFICIAL, tokens(), OFFICIAL.token(), callback(), replies="passive")
    assert findings == [REACHED, CLOCK, CREDENTIALS, CALLED_BACK]


@pytest.mark.parametrize(
    "account",
    [MINI, OFFICIAL],
    ids=["mini program", "official account"],
)
@pytest.mark.parametrize(
    ("code", "errmsg", "what", "advice"),
    [
        (40125, RID, "the AppSecret is wrong", "settings.app_secret"),
        (40001, RID, "the AppSecret is wrong", "settings.app_secret"),
        (40243, RID, "frozen", "Unfreeze"),
        (40013, RID, "the app_id is wrong", "Compare settings.app_id"),
        (40164, f"invalid ip 203.0.113.9 ipv6 ::ffff:203.0.113.9, not in whitelist {RID}", "203.0.113.9", "IP白名单"),
        (89503, "ip 203.0.113.9", "awaits", "administrator"),
        (45009, "", "daily quota", "midnight"),
        (99999, "", "99999", "全局返回码"),
    ],
)
def test_credentials_that_wechat_does_not_accept(account, code, errmsg, what, advice):
    reached, clock, complaint = found(account, tokens(errcode=code, errmsg=errmsg))
    assert (reached, clock, complaint.ok) == (REACHED, CLOCK, False)
    assert what in complaint.what
    assert advice in complaint.advice


def test_an_api_that_does_not_answer():
    _, finding = found(MINI, Response("POST", f"{API}/stable_token", body=requests.ConnectTimeout()))
    assert "no connection to api.weixin.qq.com" in finding.what
    assert "firewall" in finding.advice


@pytest.mark.parametrize(
    ("ahead", "words"),
    [(timedelta(minutes=5), "300 s ahead of"), (timedelta(minutes=-5), "300 s behind"), (timedelta(seconds=40), "")],
)
def test_a_clock_that_is_wrong(ahead, words):
    clock = found(MINI, tokens(ahead), MINI.token(), quota(), callback())[1]
    assert clock.ok == (not words)
    assert words.replace("300", "") in clock.what.replace("300", "").replace("299", "").replace("301", "")


def test_no_messages_left():
    finding = found(MINI, tokens(), MINI.token(), quota(0), callback())[3]
    assert (finding.what, finding.ok) == ("0 of 500000 messages are left today", False)


def test_a_count_that_ops_had_reset_ends_the_pause():
    channel = make_channel(MINI.kind, cache=DictCache())
    hello = outbound(MINI.anna, text="您好")
    with provider(MINI.token(), refused(45009), tokens(), quota(), callback(), sent()):
        with pytest.raises(Throttled):
            channel.send(hello)
        list(channel.diagnose(HOOK))
        channel.send(hello)


@pytest.mark.parametrize(
    ("hook", "advice"),
    [
        ("https://8.8.8.8:8443/hooks/shop", "80 and 443"),
        ("https://8.8.8.8:99999/hooks/shop", "80 and 443"),
        ("http://127.0.0.1/hooks/shop", "not on the internet"),
        ("http://192.168.1.5/hooks/shop", "not on the internet"),
        ("ftp://8.8.8.8/hooks/shop", "public_url"),
    ],
)
def test_an_address_that_wechat_cannot_call(hook, advice):
    finding = found(MINI, tokens(), MINI.token(), quota(), callback(), hook=hook)[0]
    assert (finding.what, finding.ok) == (f"WeChat can reach {hook}", False)
    assert advice in finding.advice


def test_a_simulator_beside_us_can_call_any_address():
    base = "http://127.0.0.1:8001"
    answer = Response("POST", f"{base}/cgi-bin/stable_token", json={"errcode": 40013})
    assert found(MINI, answer, hook="http://127.0.0.1:8000/hooks/shop", api_base=base)[0].ok


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        (callback(dns=()), "DNS"),
        (callback(loss="100%"), "firewall"),
        (refused(48001, "callback/check"), "verified"),
    ],
)
def test_a_callback_that_wechat_cannot_reach(answer, advice):
    finding = found(MINI, tokens(), MINI.token(), quota(), answer)[-1]
    assert not finding.ok
    assert advice in finding.advice


def test_an_unverified_account_is_told_to_answer_passively():
    answers = tokens(), OFFICIAL.token(), quota(), callback(), refused(48001, "customservice/getkflist")
    finding = found(OFFICIAL, *answers)[-1]
    assert not finding.ok
    assert 'replies = "passive"' in finding.advice


def test_every_agent_has_an_account_at_wechats_desk():
    answers = tokens(), OFFICIAL.token(), quota(), callback(), desk("lin@shop", "wang@shop")
    *_, may_send, lin, li = found(OFFICIAL, *answers, agents=AGENTS)
    assert (may_send, lin) == (MAY_SEND, Finding("小林 answers as lin@shop", True))
    assert (li.what, li.ok) == ("小李 answers as li@shop", False)
    assert "lin@shop, wang@shop" in li.advice


@pytest.mark.parametrize(("agents", "findings"), [({}, 0), (AGENTS, 1)])
def test_without_wechats_own_desk_only_agents_names_are_missed(agents, findings):
    answers = tokens(), OFFICIAL.token(), quota(), callback(), refused(65400, "customservice/getkflist")
    assert len(found(OFFICIAL, *answers, agents=agents)) == 5 + findings


def test_the_console_of_a_mini_program():
    page = "mp.weixin.qq.com › 开发 › 开发管理 › 消息推送配置"
    assert make_channel(MINI.kind).console(HOOK) == [
        Paste(page, "URL(服务器地址)", HOOK),
        Paste(page, "Token(令牌)", "env:TEST_TOKEN"),
        Paste(page, "EncodingAESKey(消息加解密密钥)", "env:TEST_AES_KEY"),
        Paste(page, "消息加解密方式", "安全模式"),
        Paste(page, "数据格式", "JSON"),
    ]


def test_the_console_of_an_official_account():
    page = "developers.weixin.qq.com/platform › 我的业务 › 公众号/服务号 › 消息与事件推送"
    assert make_channel(OFFICIAL.kind, mode="compatible").console(HOOK) == [
        Paste(page, "URL(服务器地址)", HOOK),
        Paste(page, "Token(令牌)", "env:TEST_TOKEN"),
        Paste(page, "EncodingAESKey(消息加解密密钥)", "env:TEST_AES_KEY"),
        Paste(page, "消息加解密方式", "兼容模式"),
    ]
