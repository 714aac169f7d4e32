"""What can be wrong with an SMS account at Aliyun, tried out, and what belongs into Aliyun's console."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from channels.aliyun.api import AliyunApi
from channels.aliyun.errors import SHANGHAI
from channels.aliyun.settings import AliyunSettings, TemplateSettings
from channels.contract import Finding, Paste
from channels.errors import SendError
from channels.http import is_beside_us
from channels.templates import placeholders

NOBODY = "13800000000"  # whom we never write to
# of signatures and templates alike
STATES = {"0": "is still being reviewed", "1": "", "2": "was rejected", "10": "was withdrawn"}
RAM = "the RAM console (访问控制)"
SMS = "Aliyun's SMS console (短信服务)"
CONSOLE = f"{SMS} › 通用设置 › 国内消息设置 › 接收回执"
FIELDS = ("SmsReport, 短信发送回执 (HTTP批量推送)", "SmsUp, 上行短信 (HTTP批量推送)")
NEW_KEY = f"Compare settings.access_key_id and where settings.access_key_secret points with {RAM}."
ACTIONS = ("SendSms", "QuerySendDetails", "QuerySmsSign", "QuerySmsTemplate")
RIGHTS = f"Grant the key's user {', '.join(f'dysms:{action}' for action in ACTIONS)} in {RAM}."
MONEY = "Top up the account."
SIGN = f"Write settings.sign_name as it stands in {SMS} › 国内消息 › 签名管理, without 【】."
TEMPLATE = f"Compare the code with {SMS} › 国内消息 › 模板管理."
# by the whole code, or by what stands before its dot
ADVICE = {
    "InvalidAccessKeyId": NEW_KEY,
    "SignatureDoesNotMatch": NEW_KEY,
    "IncompleteSignature": NEW_KEY,
    "InvalidTimeStamp": "Let this server's clock follow a time server (NTP).",
    "Forbidden": RIGHTS,
    "NoPermission": RIGHTS,
    "isp.RAM_PERMISSION_DENY": RIGHTS,
    "isv.RAM_CHECK_FAILED": RIGHTS,
    "isv.AMOUNT_NOT_ENOUGH": MONEY,
    "isv.OUT_OF_SERVICE": MONEY,
    "isv.PRODUCT_UN_SUBSCRIPT": f"Switch the service on in {SMS}.",
    "isv.SMS_SIGNATURE_ILLEGAL": SIGN,
    "isv.SMS_TEMPLATE_ILLEGAL": TEMPLATE,
    "": "Check that this server reaches dysmsapi.aliyuncs.com: DNS, firewall, proxy.",
}
LOOK_IT_UP = "Try again in a minute. If it stays, look the code up in Aliyun's list (API 错误码)."


def examine(api: AliyunApi, settings: AliyunSettings, hook: str) -> Iterator[Finding]:
    yield _address(settings, hook)
    yield _sources(settings)
    try:
        yield _sign(settings, api.ask("QuerySmsSign", SignName=settings.sign_name))
    except SendError as error:
        yield _complaint(f"the signature 【{settings.sign_name}】", error)
        return
    for name, template in settings.templates.items():
        yield _template(api, name, template)
    what = "Aliyun tells what was sent, which settles messages of unknown fate"
    try:
        next(api.sent(NOBODY, datetime.now(SHANGHAI).date()), None)
        yield Finding(what, True)
    except SendError as error:
        yield _complaint(what, error)


def pastes(settings: AliyunSettings, hook: str) -> list[Paste]:
    address = f"{hook}?secret=<{settings.origin('hook_secret')}>"
    return [Paste(CONSOLE, field, address) for field in FIELDS]


def _address(settings: AliyunSettings, hook: str) -> Finding:
    what, parts = f"Aliyun can be told of {hook}", urlsplit(hook)
    if is_beside_us(settings.api_base):
        return Finding(what, True)
    if not parts.hostname:
        return Finding(what, False, "Set public_url in hub.toml to the web address of this hub.")
    if parts.scheme != "https":
        return Finding(what, False, "The secret in the address needs https: set public_url in hub.toml accordingly.")
    return Finding(what, True)


def _sources(settings: AliyunSettings) -> Finding:
    if settings.sources:
        return Finding(f"pushes are taken from {', '.join(map(str, settings.sources))} only", True)
    return Finding("pushes are taken from anywhere, if they carry the secret", True)


def _sign(settings: AliyunSettings, told: Mapping[str, Any]) -> Finding:
    return _reviewed(f"the signature 【{settings.sign_name}】", str(told.get("SignStatus")), SIGN)


def _template(api: AliyunApi, name: str, template: TemplateSettings) -> Finding:
    what = f"the template {name} ({template.code})"
    try:
        told = api.ask("QuerySmsTemplate", TemplateCode=template.code)
    except SendError as error:
        return _complaint(what, error)
    finding = _reviewed(what, str(told.get("TemplateStatus")), TEMPLATE)
    approved = str(told.get("TemplateContent") or "")
    if finding.ok and approved and approved.strip() != template.text.strip():
        named = ", ".join(placeholders(approved)) or "none"
        advice = f"Copy its text from {SMS} › 国内消息 › 模板管理; its fields are {named}."
        return Finding(f"{what} has another text at Aliyun", False, advice)
    return finding


def _reviewed(what: str, state: str, advice: str) -> Finding:
    complaint = STATES.get(state, f"has a state that we do not know, {state}")
    return Finding(f"{what} {complaint}", False, advice) if complaint else Finding(f"{what} is approved", True)


def _complaint(what: str, error: SendError) -> Finding:
    advice = ADVICE.get(error.code) or ADVICE.get(error.code.partition(".")[0], LOOK_IT_UP)
    return Finding(f"{what}: {error}", False, advice)
