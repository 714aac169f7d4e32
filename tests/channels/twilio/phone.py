"""A phone line at Twilio as the tests know it, and pushes signed by Twilio's own library."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from twilio.request_validator import RequestValidator

from channels.contract import Address, CallEvent, WebhookRequest
from channels.http import Http
from channels.twilio.phone import Phone
from tests.channels.accounts import SECRETS
from tests.channels.cases import DictCache

ACCOUNT_SID, OTHER_ACCOUNT = f"AC{'a1' * 16}", f"AC{'b2' * 16}"
KEY_SID = f"SK{'c3' * 16}"
OURS, CUSTOMER, AGENT = "+85230001000", "+85251230001", "+85290000001"
ACCOUNT: dict[str, Any] = {
    "account_sid": ACCOUNT_SID,
    "auth_token": "env:TEST_TOKEN",
    "api_key": KEY_SID,
    "api_secret": "env:TEST_AES_KEY",
    "from": OURS,
    "countries": ["+852"],
    "greeting": "您好，这里是驿站小店。",
    "agents": {"anna@example.test": AGENT, "li@example.test": "+4915112345678"},
    "rings_for": "25s",
}
HOOK = "https://hub.example.test/hooks/phone"
API = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT_SID}"
FORM = "application/x-www-form-urlencoded"
CALL, RECORDING = f"CA{'d4' * 16}", f"RE{'e5' * 16}"
UID = UUID("5f0e2a3c-7d41-4b8e-9c55-0a1b2c3d4e5f")
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
STAMP = "Sat, 28 Nov 2026 12:00:00 +0000"

PLACES = {
    f"{who}{what}": "" for who in ("From", "To", "Caller", "Called") for what in ("City", "State", "Zip", "Country")
}
INBOUND = {
    **PLACES,
    "CallSid": CALL,
    "AccountSid": ACCOUNT_SID,
    "From": CUSTOMER,
    "Caller": CUSTOMER,
    "To": OURS,
    "Called": OURS,
    "CallStatus": "in-progress",
    "Direction": "inbound",
    "ApiVersion": "2010-04-01",
    "CallToken": "%7B%22parentCallInfoToken%22%3A%22ey%22%7D",
    "StirVerstat": "TN-Validation-Passed-A",
}
OUTBOUND = INBOUND | {"From": OURS, "Caller": OURS, "To": AGENT, "Called": AGENT, "Direction": "outbound-api"}
STATUS = {"Timestamp": STAMP, "CallbackSource": "call-progress-events", "SequenceNumber": "0"}
RECORDED = {
    "AccountSid": ACCOUNT_SID,
    "CallSid": CALL,
    "RecordingSid": RECORDING,
    "RecordingUrl": f"{API}/Recordings/{RECORDING}",
    "RecordingStatus": "completed",
    "RecordingDuration": "42",
    "RecordingChannels": "1",
    "RecordingSource": "Conference",
    "RecordingTrack": "both",
    "RecordingStartTime": STAMP,
    "ErrorCode": "0",
}


def make_phone(
    trace: Callable[[str], None] = lambda line: None, without: tuple[str, ...] = (), **changes: Any
) -> Phone:
    written = {name: value for name, value in {**ACCOUNT, **changes}.items() if name not in without}
    settings = Phone.Settings.model_validate(written)
    channel = Phone("phone", settings, http=Http(settings.secrets(), trace), cache=DictCache())
    channel.hook = HOOK
    return channel


def signed(query: str, fields: dict[str, str], **changes: Any) -> WebhookRequest:
    """`query` with its question mark, as it stands in the address that we gave to Twilio."""
    url, token = f"{HOOK}{query}", SECRETS["TEST_TOKEN"]
    given = RequestValidator(token).compute_signature(url, fields)
    request = {
        "url": url,
        "query": dict(pair.split("=", 1) for pair in query.lstrip("?").split("&") if pair),
        "headers": {"Content-Type": FORM, "X-Twilio-Signature": given},
        "body": urlencode(fields).encode(),
    }
    return WebhookRequest(**{**request, **changes})


def event(**fields: Any) -> CallEvent:
    """Of the customer's leg, unless `sender` says otherwise."""
    known = {"key": f"{CALL}:0", "sent_at": NOON, "leg": CALL, "sender": Address("tel", CUSTOMER), "kind": "asks"}
    return CallEvent(**{**known, **fields})
