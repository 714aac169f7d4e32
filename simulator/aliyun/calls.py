"""The actions of the API, version 2017-05-25: what each asks for, and what is refused.

https://help.aliyun.com/zh/sms/developer-reference/api-dysmsapi-2017-05-25-overview
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from simulator.aliyun.accounts import Account, Sent, day_of, new_biz_id, time_of
from simulator.aliyun.pushing import Aliyun

MOBILE = re.compile(r"(?:\+86|0086|86)?(1[3-9][0-9]{9})")
FIELD = re.compile(r"\$\{(\w+)\}")
LINK = re.compile(r"https?://|www\.", re.IGNORECASE)
LONGEST_FIELD, LARGEST_PAGE = 35, 50
APPROVED = 1

Query = Mapping[str, str]
Answer = dict[str, Any]


class Refused(Exception):
    """By this code; most come with HTTP 200."""

    def __init__(self, code: str, message: str = "", status: int = 200):
        super().__init__(code)
        self.code, self.message, self.status = code, message or code, status


def send(aliyun: Aliyun, account: Account, query: Query) -> Answer:
    numbers = [_mobile(written) for written in _given(query, "PhoneNumbers").split(",")]
    sign, code = _given(query, "SignName"), _given(query, "TemplateCode")
    if sign not in account.signs:
        raise Refused("isv.SMS_SIGNATURE_ILLEGAL", "签名不合法")
    if code not in account.templates:
        raise Refused("isv.SMS_TEMPLATE_ILLEGAL", "模板不合法")
    text = f"【{sign}】{_filled(account.templates[code], query.get('TemplateParam', ''))}"
    if any(aliyun.world.blocks(account.sender, f"+86{number}") for number in numbers):
        raise Refused("isv.BLACK_KEY_CONTROL_LIMIT", "黑名单管控")
    biz_id, now = new_biz_id(), aliyun.world.now()
    for number in numbers:
        sent = Sent(number, sign, code, text, query.get("OutId", ""), biz_id, now)
        account.sent.append(sent)
        aliyun.carry(account, sent)
    return {"BizId": biz_id}


def details(aliyun: Aliyun, account: Account, query: Query) -> Answer:
    """What went to a number on a day in Shanghai, newest first."""
    number, day = _mobile(_given(query, "PhoneNumber")), _given(query, "SendDate")
    written = [_given(query, name) for name in ("CurrentPage", "PageSize")]
    page, size = (int(each) if each.isdecimal() else 0 for each in written)
    if not (1 <= size <= LARGEST_PAGE and page):
        raise Refused("isv.INVALID_PARAMETERS", "参数异常")
    found = [
        sent
        for sent in reversed(account.sent)
        if sent.number == number and day_of(sent.sent_at) == day and query.get("BizId") in (None, "", sent.biz_id)
    ]
    shown = [_detail(sent) for sent in found[(page - 1) * size : page * size]]
    return {"TotalCount": str(len(found)), "SmsSendDetailDTOs": {"SmsSendDetailDTO": shown}}


def _detail(sent: Sent) -> Answer:
    ended = {"ReceiveDate": time_of(sent.ended_at)} if sent.ended_at else {}
    return {
        "PhoneNum": sent.number,
        "SendStatus": sent.status,
        "ErrCode": sent.error or ("DELIVERED" if sent.ended_at else ""),
        "TemplateCode": sent.template,
        "Content": sent.text,
        "SendDate": time_of(sent.sent_at),
        "OutId": sent.out_id,
        **ended,
    }


def sign(aliyun: Aliyun, account: Account, query: Query) -> Answer:
    name = _given(query, "SignName")
    if name not in account.signs:
        raise Refused("isv.SMS_SIGNATURE_ILLEGAL", "签名不存在")
    return {"SignName": name, "SignStatus": APPROVED, "CreateDate": time_of(aliyun.world.now()), "Reason": ""}


def template(aliyun: Aliyun, account: Account, query: Query) -> Answer:
    code = _given(query, "TemplateCode")
    if code not in account.templates:
        raise Refused("isv.SMS_TEMPLATE_ILLEGAL", "模板不存在")
    return {
        "TemplateCode": code,
        "TemplateContent": account.templates[code],
        "TemplateStatus": APPROVED,
        "TemplateType": 1,
        "Reason": "",
    }


ACTIONS: Mapping[str, Callable[[Aliyun, Account, Query], Answer]] = {
    "SendSms": send,
    "QuerySendDetails": details,
    "QuerySmsSign": sign,
    "QuerySmsTemplate": template,
}


def _given(query: Query, name: str) -> str:
    if not query.get(name):
        raise Refused(f"Missing{name}", f"{name} is mandatory for this action.", 400)
    return query[name]


def _mobile(written: str) -> str:
    if found := MOBILE.fullmatch(written.strip()):
        return found[1]
    raise Refused("isv.MOBILE_NUMBER_ILLEGAL", "手机号码格式错误")


def _filled(text: str, written: str) -> str:
    try:
        fields = json.loads(written or "{}")
    except ValueError:
        raise Refused("isv.INVALID_JSON_PARAM", "JSON参数不合法") from None
    if not isinstance(fields, dict):
        raise Refused("isv.INVALID_JSON_PARAM", "JSON参数不合法")
    values = {str(name): str(value) for name, value in fields.items()}
    for name in FIELD.findall(text):
        _check_field(values.get(name))
    return FIELD.sub(lambda found: values[found[1]], text)


def _check_field(value: str | None) -> None:
    if value is None:
        raise Refused("isv.TEMPLATE_MISSING_PARAMETERS", "模板变量缺失")
    if len(value) > LONGEST_FIELD:
        raise Refused("isv.PARAM_LENGTH_LIMIT", "参数超出长度限制")
    if LINK.search(value):
        raise Refused("isv.PARAM_NOT_SUPPORT_URL", "变量不支持传URL")
    if any(unicodedata.category(character) in ("So", "Cs") for character in value):
        raise Refused("isv.UNSUPPORTED_CONTENT", "变量中存在不支持的字符")
