"""What `yizhan doctor` finds, and what it says to enter in Aliyun's console."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from responses import Response

from channels.contract import Finding, Paste
from tests.channels.accounts import ACCOUNTS
from tests.channels.aliyun.aliyun import KIND, details, failed, refused, told
from tests.channels.cases import assert_no_secret, make_channel, provider

HOOK = "https://hub.example.com/hooks/sms"
TOLD_OF = Finding(f"Aliyun can be told of {HOOK}", True)
ANYWHERE = Finding("pushes are taken from anywhere, if they carry the secret", True)
SIGN = Finding("the signature 【驿站】 is approved", True)
SHIPPED = Finding("the template shipped (SMS_1001) is approved", True)
HELLO = Finding("the template hello (SMS_1002) is approved", True)
LOOKS = Finding("Aliyun tells what was sent, which settles messages of unknown fate", True)
TEXTS = {each["code"]: each["text"] for each in ACCOUNTS[KIND]["templates"].values()}


def sign(status: int = 1) -> Response:
    return told("QuerySmsSign", SignStatus=status, SignName="驿站")


def template(code: str, status: int = 1, text: str = "") -> Response:
    return told("QuerySmsTemplate", TemplateStatus=status, TemplateContent=text or TEXTS[code], TemplateCode=code)


def found(*answers: Any, hook: str = HOOK, **settings: Any) -> list[Finding]:
    traces: list[str] = []
    with provider(*answers):
        findings = list(make_channel(KIND, traces.append, **settings).diagnose(hook))
    for finding in findings:
        assert bool(finding.advice) != finding.ok  # whoever reads of a fault reads what to do
        assert_no_secret(f"{finding} {traces}", [])
    return findings


def test_a_healthy_account():
    findings = found(sign(), template("SMS_1001"), template("SMS_1002"), details())
    assert findings == [TOLD_OF, ANYWHERE, SIGN, SHIPPED, HELLO, LOOKS]


def test_sources_are_told():
    findings = found(sign(), template("SMS_1001"), template("SMS_1002"), details(), sources=["203.0.113.0/24"])
    assert findings[1] == Finding("pushes are taken from 203.0.113.0/24 only", True)


@pytest.mark.parametrize(
    ("hook", "advice"), [("http://hub.example.com/hooks/sms", "needs https"), ("/hooks/sms", "Set public_url")]
)
def test_an_address_that_is_none(hook, advice):
    finding = found(sign(), template("SMS_1001"), template("SMS_1002"), details(), hook=hook)[0]
    assert advice in finding.advice


@pytest.mark.parametrize(
    ("answer", "what", "advice"),
    [
        (refused("InvalidAccessKeyId.NotFound", status=404, action="QuerySmsSign"), "access key", "access_key_id"),
        (refused("SignatureDoesNotMatch", status=400, action="QuerySmsSign"), "secret", "access_key_secret"),
        (refused("InvalidTimeStamp.Expired", status=400, action="QuerySmsSign"), "clock", "NTP"),
        (refused("isp.RAM_PERMISSION_DENY", action="QuerySmsSign"), "may not", "dysms:QuerySmsSign"),
        (refused("isv.OUT_OF_SERVICE", action="QuerySmsSign"), "suspended", "Top up"),
        (refused("isv.SMS_SIGNATURE_ILLEGAL", action="QuerySmsSign"), "not approved", "签名管理"),
        (refused("isv.NEW", action="QuerySmsSign"), "isv.NEW", "API 错误码"),
        (failed(body=requests.ConnectTimeout()), "no connection", "firewall"),
    ],
)
def test_an_account_that_does_not_work(answer, what, advice):
    finding = found(answer)[-1]
    assert not finding.ok
    assert what in finding.what
    assert advice in finding.advice


@pytest.mark.parametrize(
    ("status", "words"),
    [(0, "is still being reviewed"), (2, "was rejected"), (10, "was withdrawn"), (7, "that we do not know, 7")],
)
def test_what_aliyun_has_not_approved(status, words):
    findings = found(sign(status), template("SMS_1001", status), template("SMS_1002"), details())
    assert words in findings[2].what
    assert words in findings[3].what
    assert findings[4:] == [HELLO, LOOKS]


def test_a_template_that_reads_otherwise_at_aliyun():
    finding = found(sign(), template("SMS_1001", text="${a}和${b}"), template("SMS_1002"), details())[3]
    assert finding.what == "the template shipped (SMS_1001) has another text at Aliyun"
    assert "its fields are a, b" in finding.advice


def test_a_template_that_aliyun_does_not_know():
    missing = refused("isv.SMS_TEMPLATE_ILLEGAL", action="QuerySmsTemplate")
    assert "模板管理" in found(sign(), missing, template("SMS_1002"), details())[3].advice


def test_a_key_that_may_not_look():
    denied = refused("Forbidden.RAM", status=403, action="QuerySendDetails")
    finding = found(sign(), template("SMS_1001"), template("SMS_1002"), denied)[-1]
    assert "dysms:QuerySendDetails" in finding.advice


def test_what_belongs_into_the_console():
    pastes = make_channel(KIND).console(HOOK)
    page = "Aliyun's SMS console (短信服务) › 通用设置 › 国内消息设置 › 接收回执"
    address = f"{HOOK}?secret=<env:TEST_AES_KEY>"
    assert pastes == [
        Paste(page, "SmsReport, 短信发送回执 (HTTP批量推送)", address),
        Paste(page, "SmsUp, 上行短信 (HTTP批量推送)", address),
    ]
    assert_no_secret(f"{pastes}", [])
