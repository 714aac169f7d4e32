"""What Aliyun says to an account under test: its pushes, and its answers to our calls."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from responses import Response, matchers

from channels.contract import Address, OutboundMessage, Template, WebhookRequest
from tests.channels.accounts import SECRETS

KIND = "aliyun_sms"
API = "https://dysmsapi.aliyuncs.com"
SECRET = SECRETS["TEST_AES_KEY"]
ANNA = Address("tel", "+8613800138000")
ID = UUID(int=1)
OUT_ID = ID.hex
BIZ_ID = "932702304080415357^0"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVENING = "2026-03-01 20:00:00"  # the same, as Aliyun writes it
REQUEST_ID = "819BE656-D2E0-4858-8B21-B2E477085AAF"


def push(*items: Any, secret: str = SECRET, body: bytes | None = None, source: str = "") -> WebhookRequest:
    return WebhookRequest(
        url=f"https://hub.test/hooks/sms?secret={secret}",
        query={"secret": secret},
        peer=source,
        body=json.dumps(items, ensure_ascii=False).encode() if body is None else body,
    )


def report(**changes: Any) -> dict[str, Any]:
    usual = {
        "phone_number": "13800138000",
        "send_time": "2026-03-01 19:59:55",
        "report_time": EVENING,
        "success": True,
        "err_code": "DELIVERED",
        "err_msg": "用户接收成功",
        "sms_size": "1",
        "biz_id": BIZ_ID,
        "out_id": OUT_ID,
    }
    return {name: value for name, value in {**usual, **changes}.items() if value is not None}


def answer(content: Any = "什么时候到？", **changes: Any) -> dict[str, Any]:
    usual = {
        "phone_number": "13800138000",
        "send_time": EVENING,
        "content": content,
        "sign_name": "驿站",
        "dest_code": "10690001",
        "sequence_id": 1234567890,
    }
    return {name: value for name, value in {**usual, **changes}.items() if value is not None}


def message(name: str = "hello", to: Address = ANNA, **fields: str) -> OutboundMessage:
    return OutboundMessage(id=ID, to=to, template=Template(name, fields))


def told(action: str, status: int = 200, **body: Any) -> Response:
    answer = {"Code": "OK", "Message": "OK", "RequestId": REQUEST_ID, **body}
    asked = [matchers.header_matcher({"x-acs-action": action})]
    return Response("POST", f"{API}/", json=answer, status=status, match=asked)


def refused(code: str, message: str = "no", status: int = 200, action: str = "SendSms") -> Response:
    return told(action, status, Code=code, Message=message)


def failed(**answer: Any) -> Response:
    return Response("POST", f"{API}/", **answer)


def details(*out_ids: str, status: int = 3) -> Response:
    found = [{"OutId": out_id, "PhoneNum": "13800138000", "SendStatus": status} for out_id in out_ids]
    return told("QuerySendDetails", TotalCount=str(len(found)), SmsSendDetailDTOs={"SmsSendDetailDTO": found})


def asked(call: Any) -> dict[str, str]:
    """The parameters of a call."""
    return dict(parse_qsl(urlsplit(call.request.url).query, keep_blank_values=True, strict_parsing=True))
