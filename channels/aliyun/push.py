"""What Aliyun pushes: JSON arrays, of reports (SmsReport) or of answers (SmsUp), mixed as it likes.

Nothing in them is signed, and all of an account's pushes come here, whoever sent the message: only reports that carry
an id of ours are read. One item that makes no sense makes the push Unreadable, for a later replay of all of it; what
is read twice has the same keys.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from channels.aliyun.errors import LEFT, SHANGHAI, undelivered
from channels.aliyun.numbers import e164
from channels.aliyun.settings import Change, plain
from channels.contract import Address, Event, InboundMessage, Presence, Receipt
from channels.errors import Unreadable

SCHEME = "tel"
OURS = re.compile(r"[0-9a-f]{32}")  # the OutId of what we send: OutboundMessage.id.hex
LARGEST_SEQUENCE = 2**63 - 1
SUCCESS = {"true": True, "false": False}
UP_EXTRAS = ("dest_code", "sign_name")  # the number that was answered to, and for whom Aliyun takes it
# what was said comes before what it means: a message makes its sender reachable again
A_MOMENT = timedelta(milliseconds=1)

Item = Mapping[str, str]
Changes = Mapping[str, Change]  # by the words of a whole answer


def events(body: bytes, changes: Changes) -> list[Event]:
    return [event for item in _items(body) for event in _reader(item)(item, changes)]


def _report(item: Item, _: Changes) -> list[Event]:
    if not OURS.fullmatch(item.get("out_id", "")):
        return []
    success, code = SUCCESS.get(_given(item, "success").lower()), item.get("err_code", "")
    if success is None:
        raise Unreadable("bad success")
    sent_at = _time(item, "report_time") if item.get("report_time") else _time(item, "send_time")
    sender = _sender(item)
    key = _digest("report", _given(item, "biz_id"), sender.value, success, code)
    receipt = Receipt(
        key=key,
        sent_at=sent_at,
        provider_id=item["out_id"],
        message=UUID(item["out_id"]),
        status="delivered" if success else "failed",
        reason="" if success else undelivered(code),
    )
    if success or code not in LEFT:
        return [receipt]
    return [receipt, Presence(key=f"{key}:left", sender=sender, sent_at=sent_at, state=LEFT[code])]


def _answer(item: Item, changes: Changes) -> list[Event]:
    sender, sent_at, text = _sender(item), _time(item, "send_time"), _given(item, "content")
    number = item.get("sequence_id", "")
    provider_id = number or _digest("answer", sender.value, item["send_time"], item.get("dest_code", ""), text)
    change = changes.get(plain(text))
    known = number.isascii() and number.isdecimal() and len(number) < 20 and int(number) <= LARGEST_SEQUENCE
    said = InboundMessage(
        sender=sender,
        provider_id=provider_id,
        sent_at=sent_at,
        sequence=int(number) if known else 0,
        text=text,
        payload={name: item[name] for name in UP_EXTRAS if item.get(name)},
        no_answer="opt_out" if change else "",
    )
    if change is None:
        return [said]
    return [said, Presence(key=f"{provider_id}:{change}", sender=sender, sent_at=sent_at + A_MOMENT, state=change)]


Reader = Callable[[Item, Changes], list[Event]]
READERS: dict[str, Reader] = {"biz_id": _report, "content": _answer}  # by a field that no other push has


def _reader(item: Item) -> Reader:
    for name, reader in READERS.items():
        if name in item:
            return reader
    raise Unreadable("neither a report nor an answer")


def _items(body: bytes) -> list[Item]:
    try:
        told = json.loads(body.decode(), parse_float=str, parse_int=str)
    except RecursionError:
        code = "too_deep"
    except ValueError:
        code = "bad_json"
    else:
        if isinstance(told, list) and all(isinstance(item, dict) for item in told):
            return [_fields(item) for item in told]
        code = "not a list of objects"
    raise Unreadable(code)


def _fields(item: Mapping[str, Any]) -> Item:
    """As text; what is nested or null is nothing that we read."""
    return {_tidy(name): _tidy(_text(value)) for name, value in item.items() if isinstance(value, (str, bool))}


def _text(value: str | bool) -> str:
    return value if isinstance(value, str) else str(value).lower()


def _tidy(text: str) -> str:
    """What a database can keep."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _given(item: Item, name: str) -> str:
    if name in item:
        return item[name]
    raise Unreadable(f"missing {name}")


def _sender(item: Item) -> Address:
    try:
        return Address(SCHEME, e164(_given(item, "phone_number")))
    except ValueError:
        pass
    raise Unreadable("bad phone_number")


def _time(item: Item, name: str) -> datetime:
    """In Shanghai, as "2026-03-01 20:00:00"."""
    try:
        return datetime.strptime(_given(item, name), "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Unreadable(f"bad {name}")


def _digest(*parts: Any) -> str:
    return sha256(json.dumps(parts).encode()).hexdigest()[:40]
