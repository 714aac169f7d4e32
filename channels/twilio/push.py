"""What Twilio posts: a form whose fields strangers partly wrote, read with care."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from channels.contract import Address, WebhookRequest
from channels.errors import BadSignature, Unreadable
from channels.twilio.settings import AccountSettings
from channels.twilio.signatures import is_form, is_signed, read_form

SCHEME = "tel"
MESSAGE_SID = re.compile(r"(?:SM|MM)[0-9a-f]{32}")
NUMBER = re.compile(r"\+[0-9]{4,15}|[0-9]{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 &.,_-]{1,20}")
ABOUT_MESSAGES = {"MessageSid", "SmsSid", "MessageStatus", "SmsStatus"}
MOST_FILES = 10


@dataclass(frozen=True, slots=True)
class Push:
    """One push: its fields under Twilio's own names. Fields that are not asked for by name count for nothing.

    The signature does not tell where a name ends and its value begins, so each value has to have its own form.
    """

    fields: Mapping[str, list[str]]
    received_at: datetime  # Twilio does not say when a message was written

    @classmethod
    def read(cls, body: bytes, account_sid: str) -> Push | None:
        """None for JSON, which Twilio posts about other things than messages."""
        if body.lstrip()[:1] in (b"{", b"["):
            _json(body)
            return None
        fields: dict[str, list[str]] = {}
        for name, value in _form(body):
            fields.setdefault(name, []).append(tidy(value))
        push = cls(fields, datetime.now(UTC))
        if push.text("AccountSid") != account_sid:
            raise Unreadable("wrong_account")
        return push

    @property
    def is_about_messages(self) -> bool:
        return not ABOUT_MESSAGES.isdisjoint(self.fields)

    @property
    def sid(self) -> str:
        return self._formed("MessageSid", MESSAGE_SID)

    def text(self, name: str) -> str:
        values = self.fields.get(name, [""])
        if len(values) > 1:
            raise Unreadable(f"repeated {name}")
        return values[0]

    def person(self, name: str) -> Address:
        written = self.text(name)
        if re.match(r"[a-z]+:", written):  # whatsapp:+852…, rcs:…: we could not answer there
            raise Unreadable("not_sms")
        return Address(SCHEME, self._formed(name, NUMBER))

    def number(self, name: str, most: int) -> int | None:
        """None where there is none."""
        text = self.text(name)
        if not text:
            return None
        if re.fullmatch("[0-9]{1,6}", text) and int(text) <= most:
            return int(text)
        raise Unreadable(f"bad {name}")

    def _formed(self, name: str, form: re.Pattern[str]) -> str:
        if not (text := self.text(name)):
            raise Unreadable(f"missing {name}")
        if not form.fullmatch(text):
            raise Unreadable(f"bad {name}")
        return text


def tidy(text: str) -> str:
    """What a database can keep."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def check(request: WebhookRequest, settings: AccountSettings) -> None:
    """Raises BadSignature. A GET has everything in its address, where each proxy on the way writes it down."""
    given, content_type = request.headers.get("X-Twilio-Signature", ""), request.headers.get("Content-Type", "")
    if request.method != "POST" or not is_signed(request.url, request.body, content_type, given, settings.tokens):
        raise BadSignature
    if is_form(content_type) and dict(read_form(request.body)).get("AccountSid") != settings.account_sid:
        raise BadSignature


def _form(body: bytes) -> list[tuple[str, str]]:
    try:
        return read_form(body)
    except ValueError:
        pass
    raise Unreadable("bad_form")  # out here: the exception quotes the body


def _json(body: bytes) -> None:
    """Nothing of ours, but it must be JSON."""
    try:
        json.loads(body)
        return
    except (ValueError, RecursionError):
        pass
    raise Unreadable("bad_json")
