"""`yizhan doctor`: one command tells ops what is wrong with a channel, and what to enter at the provider."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import responses
from click.testing import CliRunner, Result

from hub.commands import yizhan
from tests.stage import CONFIG, SECRETS

API = "http://wechat.test/cgi-bin"
FINDINGS = {
    "service": [
        "ok     WeChat can reach https://8.8.8.8/hooks/service",
        "ok     WeChat accepts the app_id and the AppSecret",
        "ok     499999 of 500000 messages are left today",
        "ok     WeChat reaches the address in its console",
        "ok     the account may send customer-service messages",
    ],
    "post": [
        "ok     WeChat can reach https://8.8.8.8/hooks/post",
        "ok     WeChat accepts the app_id and the AppSecret",
        "ok     WeChat reaches the address in its console",
    ],
    "desk": [
        "ok     WeChat can reach https://8.8.8.8/hooks/desk",
        "ok     WeChat accepts the app_id and the AppSecret",
        "ok     499999 of 500000 messages are left today",
        "ok     WeChat reaches the address in its console",
    ],
    "pager": [],
    "line": [],
}

Answers = Callable[..., None]


@pytest.fixture
def config(tmp_path: Path, environment: Mapping[str, str]) -> Path:
    """The hub of the tests, at an address that WeChat can reach."""
    folder = tmp_path / "config"
    shutil.copytree(CONFIG, folder)
    edit(folder / "hub.toml", "http://hub.test", "https://8.8.8.8")
    return folder


@pytest.fixture
def answers() -> Iterator[Answers]:
    """WeChat, where all is well; or as a test wants it for some of its calls."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        quota = {"daily_limit": 500000, "used": 1, "remain": 499999}
        well: list[tuple[str, str, dict[str, Any]]] = [
            ("POST", "stable_token", {"access_token": "token-1", "expires_in": 7200}),
            ("POST", "openapi/quota/get", {"errcode": 0, "quota": quota}),
            ("POST", "callback/check", {"dns": [{"ip": "8.8.8.8"}], "ping": [{"package_loss": "0%"}]}),
            ("GET", "customservice/getkflist", {"kf_list": [{"kf_account": "lin@shop"}]}),
        ]
        for method, path, answer in well:
            mock.add(method, f"{API}/{path}", json=answer)

        def answers(**changed: dict[str, Any]) -> None:
            for method, path, _ in well:
                if answer := changed.get(path.rpartition("/")[2]):
                    mock.replace(method, f"{API}/{path}", json=answer)

        yield answers


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def doctor(config: Path, channel: str) -> Result:
    result = CliRunner().invoke(yizhan, ["doctor", channel, "--config", str(config)])
    for secret in SECRETS.values():
        assert secret not in result.output
    return result


def lines(result: Result) -> list[str]:
    return result.output.splitlines()


@pytest.mark.parametrize("channel", FINDINGS)
def test_a_healthy_channel(config: Path, answers: Answers, channel: str) -> None:
    result = doctor(config, channel)
    assert [line for line in lines(result) if line.startswith(("ok", "WRONG"))] == FINDINGS[channel]
    assert result.exit_code == 0


def test_what_belongs_into_the_console_is_told(config: Path, answers: Answers) -> None:
    output = doctor(config, "service").output
    page = output[output.index("\nIn ") :]
    assert page.splitlines() == [
        "",
        "In developers.weixin.qq.com/platform › 我的业务 › 公众号/服务号 › 消息与事件推送:",
        "  URL(服务器地址): https://8.8.8.8/hooks/service",
        "  Token(令牌): env:TEST_TOKEN",
        "  EncodingAESKey(消息加解密密钥): env:TEST_AES_KEY",
        "  消息加解密方式: 安全模式",
    ]


@pytest.mark.parametrize(
    ("answer", "wrong", "advice"),
    [
        ({"stable_token": {"errcode": 40125, "errmsg": "invalid appsecret"}}, "the AppSecret is wrong", "app_secret"),
        ({"stable_token": {"errcode": 40164, "errmsg": "invalid ip 9.9.9.9"}}, "ip 9.9.9.9", "IP whitelist"),
        ({"getkflist": {"errcode": 48001, "errmsg": "unauthorized"}}, "48001", 'replies = "passive"'),
        ({"get": {"errcode": 0, "quota": {"daily_limit": 5, "remain": 0}}}, "0 of 5 messages are left", "midnight"),
        ({"check": {"dns": [], "ping": []}}, "WeChat reaches the address in its console", "URL"),
    ],
    ids=["secret", "whitelist", "unverified", "quota", "callback"],
)
def test_what_is_wrong_comes_with_what_to_do(
    config: Path, answers: Answers, answer: dict[str, Any], wrong: str, advice: str
) -> None:
    answers(**answer)
    result = doctor(config, "service")
    [place] = [number for number, line in enumerate(lines(result)) if line.startswith("WRONG")]
    assert wrong in lines(result)[place]
    assert advice in lines(result)[place + 1]
    assert result.exit_code == 1


def test_an_address_that_wechat_cannot_reach(config: Path, answers: Answers) -> None:
    edit(config / "hub.toml", "https://8.8.8.8", "http://127.0.0.1:8000")
    result = doctor(config, "service")
    assert lines(result)[:2] == [
        "WRONG  WeChat can reach http://127.0.0.1:8000/hooks/service",
        "       WeChat calls ports 80 and 443 only: set public_url in hub.toml accordingly.",
    ]
    assert result.exit_code == 1


def test_wechat_that_does_not_answer(config: Path) -> None:
    with responses.RequestsMock():  # refuses every connection
        result = doctor(config, "service")
    assert [line.partition(":")[0] for line in lines(result) if line.startswith("WRONG")] == [
        "WRONG  WeChat's API does not answer"
    ]
    assert result.exit_code == 1


def test_a_channel_that_there_is_not(config: Path) -> None:
    result = doctor(config, "shopp")
    assert (
        result.output
        == "Error: there is no channel shopp; known: desk, line, mail, pager, post, sales, service, shop, stall\n"
    )
    assert result.exit_code == 1


def test_a_configuration_that_is_wrong_is_told_as_by_check(config: Path) -> None:
    edit(config / "channels/service.toml", 'label = "Service"', 'lable = "Service"')
    result = doctor(config, "service")
    assert "service.toml: lable: unknown key" in result.output
    assert (result.exit_code, isinstance(result.exception, SystemExit)) == (1, True)
