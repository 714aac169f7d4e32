"""What Twilio says to a number under test: its pushes, and its answers to our calls."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, quote_plus
from uuid import UUID

import responses

from channels.contract import Address, InboundMessage, OutboundMessage, WebhookRequest
from tests.channels.accounts import SECRETS, TWILIO
from tests.channels.cases import make_channel, provider

KIND = "twilio_sms"
ACCOUNT = TWILIO["account_sid"]
OTHER_ACCOUNT = "AC" + "f" * 32
TOKEN = SECRETS["TEST_TOKEN"]
OURS = "+85230001000"
CUSTOMER = "+85251230001"
ANNA = Address("tel", CUSTOMER)
HOOK = "https://hub.test/hooks/sms"
API = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}"
SID = "SM" + "1" * 32
OTHER = "SM" + "2" * 32
FILE = "ME" + "3" * 32
SERVICE = "MG" + "4" * 32
ID = UUID(int=1)
SAID = "您的包裹到了，请来取件"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def push(
    url: str = HOOK, query: dict[str, str] | None = None, body: bytes | None = None, signed_by: str = TOKEN, **more: Any
) -> WebhookRequest:
    """A form, signed over these very bytes; fields that are None are left out."""
    fields = {
        "MessageSid": SID,
        "AccountSid": ACCOUNT,
        "From": CUSTOMER,
        "To": OURS,
        "ApiVersion": "2010-04-01",
        **more,
    }
    written = [(name, str(value)) for name, value in fields.items() if value is not None]
    content = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in written).encode()
    raw = content if body is None else body
    target = url + ("?" + "&".join(f"{name}={value}" for name, value in query.items()) if query else "")
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": seal(target, written, signed_by),
    }
    return WebhookRequest(url=target, query=query or {}, headers=headers, body=raw)


def seal(url: str, fields: list[tuple[str, str]], token: str) -> str:
    told = url + "".join(name + value for name, value in sorted(fields))
    return base64.b64encode(hmac.new(token.encode(), told.encode(), hashlib.sha1).digest()).decode()


def wrote(Body: str = "你好", **more: Any) -> WebhookRequest:
    return push(Body=Body, **{"NumMedia": "0", "NumSegments": "1", "SmsStatus": "received", "SmsSid": SID, **more})


def status(MessageStatus: str, ours: str = str(ID), **more: Any) -> WebhookRequest:
    fields = {"From": OURS, "To": CUSTOMER, "SmsSid": SID, "SmsStatus": MessageStatus, **more}
    return push(query={"m": ours} if ours else None, MessageStatus=MessageStatus, **fields)


def received(text: str = "你好", **changes: Any) -> dict[str, Any]:
    usual = {"sender": ANNA, "provider_id": SID, "kind": "text", "text": text, "payload": {"to": OURS}}
    return {**usual, "attachments": (), "no_answer": "", **changes}


def seen(event: InboundMessage) -> dict[str, Any]:
    names = ("sender", "provider_id", "kind", "text", "payload", "attachments", "no_answer")
    return {name: getattr(event, name) for name in names}


def made(code: int | None = None, status: str = "queued", **changes: Any) -> dict[str, Any]:
    """A message as Twilio tells of it."""
    return {
        "sid": SID,
        "account_sid": ACCOUNT,
        "status": status,
        "direction": "outbound-api",
        "to": CUSTOMER,
        "from": OURS,
        "body": "好的",
        "num_segments": "1",
        "num_media": "0",
        "price": None,
        "error_code": code,
        "error_message": None,
        "messaging_service_sid": None,
        "date_created": format_datetime(NOON),
        "date_sent": None,
        "date_updated": format_datetime(NOON),
        "api_version": "2010-04-01",
        "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{SID}.json",
        "subresource_uris": {},
        **changes,
    }


def answer(method: str, path: str, status: int = 200, **more: Any) -> responses.Response:
    return responses.Response(method, f"{API}/{path}", status=status, **more)


def taken(**changes: Any) -> responses.Response:
    return answer("POST", "Messages.json", 201, json=made(**changes))


def refused(code: int, status: int = 400) -> responses.Response:
    told = {"code": code, "message": f"The 'To' number {CUSTOMER} …", "more_info": "https://…", "status": status}
    return answer("POST", "Messages.json", status, json=told)


def listing(*rows: dict[str, Any], following: str | None = None, path: str = "Messages.json") -> responses.Response:
    page = {"messages": list(rows), "page": 0, "page_size": 50, "start": 0, "end": len(rows), "uri": "/x"}
    pages = {"first_page_uri": "/x", "previous_page_uri": None, "next_page_uri": following}
    return answer("GET", path, json={**page, **pages})


@contextmanager
def twilio(*answers: responses.BaseResponse) -> Iterator[list[Any]]:
    """Twilio's host; what it was asked for is in the list afterwards."""
    asked: list[Any] = []
    with provider(*answers) as calls:
        yield asked
        asked.extend(calls)


def form(call: Any) -> dict[str, list[str]]:
    body = call.request.body
    return parse_qs(body if isinstance(body, str) else body.decode(), keep_blank_values=True)


def texting(traces: list[str] | None = None, cache: Any = None, **settings: Any) -> Any:
    """The number under test."""
    number = make_channel(KIND, (traces if traces is not None else []).append, cache, **settings)
    number.hook = HOOK
    return number


def message(text: str = SAID, to: Address = ANNA, **more: Any) -> OutboundMessage:
    return OutboundMessage(id=ID, to=to, text=text, **more)


def serving() -> dict[str, str]:
    """Settings of a messaging service in place of a number."""
    return {"from": "", "messaging_service_sid": SERVICE}
