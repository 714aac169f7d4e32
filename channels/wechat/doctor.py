"""What can be wrong with a WeChat account, tried out, and what belongs into WeChat's console."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import SplitResult, urlsplit

from channels.contract import Finding, Paste
from channels.errors import SendError, Throttled
from channels.http import is_beside_us
from channels.wechat import media
from channels.wechat.api import SEND, WeChatApi
from channels.wechat.settings import AccountSettings
from channels.wechat.tokens import Probe

MOST_AHEAD = timedelta(seconds=60)
WEB_PORTS = {None, 80, 443}
MODES = {"safe": "安全模式", "compatible": "兼容模式", "plaintext": "明文模式"}
SECRET_PAGE = "WeChat's console › 开发 › 基本配置"
ADD_IP = f"Add the address of this server to the IP whitelist (IP白名单): {SECRET_PAGE}."
CONFIRM_IP = "An administrator of the account has to confirm this server's address in WeChat; then try again."
NEW_SECRET = f"Copy the AppSecret from {SECRET_PAGE} again to where settings.app_secret points."
ADVICE = {
    "40001": NEW_SECRET,
    "40125": NEW_SECRET,
    "41004": NEW_SECRET,
    "40013": f"Compare settings.app_id with the AppID in {SECRET_PAGE}.",
    "40243": f"Unfreeze the AppSecret in {SECRET_PAGE}.",
    "40164": ADD_IP,
    "61004": ADD_IP,
    "89501": CONFIRM_IP,
    "89503": CONFIRM_IP,
    "89506": CONFIRM_IP,
    "89507": CONFIRM_IP,
    "45009": "Wait until midnight in Shanghai, or reset the count in WeChat's console (接口权限 › 清零).",
    "45011": "Wait a minute, and try again.",
    "48001": 'The account may not send customer-service messages: write replies = "passive" in its [settings], '
    "or get the account verified (微信认证).",
    "48004": "Read WeChat's notices in the console: the interface was taken away from the account.",
    "50002": "Read WeChat's notices in the console: the account is limited.",
    "65400": "Switch on customer service (客服功能) in the console, or remove settings.agents.",
}
LOOK_IT_UP = "Try again in a minute. If it stays, look the number up in WeChat's list of codes (全局返回码)."
NO_ANSWER = "Check that this server reaches api.weixin.qq.com: DNS, firewall, proxy."


def examine(
    api: WeChatApi, settings: AccountSettings, hook: str, *, sends: bool = True
) -> Generator[Finding, None, bool]:
    """Returns whether the account can call WeChat at all."""
    yield _address(settings, hook)
    try:
        probe = api.tokens.probe()
    except SendError as error:
        yield Finding(f"WeChat's API does not answer: {error.reason}", False, NO_ANSWER)
        return False
    if probe.ahead is not None:
        yield _clock(probe.ahead)
    yield _credentials(probe)
    if probe.complaint:
        return False
    if sends:
        yield from _quota(api)
    yield _callback(api)
    return True


def examine_customer_service(api: WeChatApi, agents: Mapping[str, str]) -> Iterator[Finding]:
    try:
        answer = api.get("customservice/getkflist")
    except SendError as error:
        # unverified accounts are refused; without WeChat's own desk we can still send
        if error.code != "65400" or agents:
            yield _complaint("customer-service messages", error)
        return
    yield Finding("the account may send customer-service messages", True)
    known = {str(each.get("kf_account")) for each in _dicts(answer.get("kf_list"))}
    for name, kf_account in agents.items():
        ok = kf_account in known
        advice = "" if ok else f"WeChat knows {', '.join(sorted(known)) or 'none'}: correct settings.agents."
        yield Finding(f"{name} answers as {kf_account}", ok, advice)


def pastes(page: str, settings: AccountSettings, hook: str) -> list[Paste]:
    named = [
        Paste(page, "URL(服务器地址)", hook),
        Paste(page, "Token(令牌)", settings.origin("token")),
    ]
    if origin := settings.origin("aes_key"):
        named.append(Paste(page, "EncodingAESKey(消息加解密密钥)", origin))
    return [*named, Paste(page, "消息加解密方式", MODES[settings.mode])]


def _address(settings: AccountSettings, hook: str) -> Finding:
    what = f"WeChat can reach {hook}"
    parts = urlsplit(hook)
    if is_beside_us(settings.api_base):
        return Finding(what, True)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return Finding(what, False, "Set public_url in hub.toml to the web address of this hub.")
    if _port(parts) not in WEB_PORTS:
        return Finding(what, False, "WeChat calls ports 80 and 443 only: set public_url in hub.toml accordingly.")
    try:
        public = media.is_public(parts.hostname)
    except SendError:
        return Finding(what, False, f"There is no host {parts.hostname}: check public_url in hub.toml and your DNS.")
    advice = "" if public else f"{parts.hostname} is not on the internet: set public_url in hub.toml."
    return Finding(what, public, advice)


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError:  # beyond 65535
        return -1


def _clock(ahead: timedelta) -> Finding:
    seconds = round(ahead.total_seconds())
    if abs(ahead) <= MOST_AHEAD:
        return Finding("this server's clock is right", True)
    wrong = f"{abs(seconds)} s {'ahead of' if seconds > 0 else 'behind'} WeChat's"
    return Finding(f"this server's clock is {wrong}", False, "Let it follow a time server (NTP).")


def _credentials(probe: Probe) -> Finding:
    if probe.complaint:
        return _complaint("the app_id and the AppSecret", probe.complaint)
    return Finding("WeChat accepts the app_id and the AppSecret", True)


def _quota(api: WeChatApi) -> Iterator[Finding]:
    try:
        answer = api.post("openapi/quota/get", {"cgi_path": f"/cgi-bin/{SEND}"})
    except SendError as error:
        yield _complaint("the daily number of messages", error)
        return
    match answer:
        case {"quota": {"daily_limit": int(limit), "remain": int(remain)}} if limit:
            if remain > 0:
                _go_on(api)
            what = f"{remain} of {limit} messages are left today"
            yield Finding(what, remain > 0, "" if remain > 0 else ADVICE["45009"])


def _go_on(api: WeChatApi) -> None:
    """Ops may have had the count reset since we were told to wait until midnight."""
    try:
        api.pauses.check(SEND)
    except Throttled as pause:
        if pause.code == "45009":
            api.pauses.end(SEND)


def _callback(api: WeChatApi) -> Finding:
    """WeChat tries the address that is saved in its console."""
    what = "WeChat reaches the address in its console"
    try:
        answer = api.post("callback/check", {"action": "all", "check_operator": "DEFAULT"})
    except SendError as error:
        return _complaint(what, error)
    if not any(each.get("ip") for each in _dicts(answer.get("dns"))):
        return Finding(
            what, False, "WeChat finds no address of its host: save the right URL in the console, check DNS."
        )
    pings = _dicts(answer.get("ping"))
    if pings and all(str(each.get("package_loss")) == "100%" for each in pings):
        return Finding(what, False, "The host answers no ping of WeChat: open the firewall for it, at least port 443.")
    return Finding(what, True)


def _complaint(what: str, error: SendError) -> Finding:
    return Finding(f"{what}: {error}", False, ADVICE.get(error.code, LOOK_IT_UP))


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
