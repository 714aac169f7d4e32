"""What WeChat pushes: XML or JSON that strangers partly wrote, as fields that are read with care."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha1
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.ElementTree import fromstring

from channels.contract import Address
from channels.errors import Unreadable

MOST_TAGS = 200  # a push has some twenty
DEEPEST = 8  # events nest three levels
LONGEST_HINT = 1000
LAST_SECOND = 253_402_300_799  # of the year 9999
ENVELOPE_FIELDS = {"ToUserName", "FromUserName", "CreateTime", "MsgType", "MsgId", "Event"}
# what tells apart two events of one customer in one second
EVENT_DETAILS = ("EventKey", "MsgID", "KfAccount", "RevokeInfo", "SessionFrom", "OpenID", "ToKfAccount", "trace_id")
JSON_ENCRYPT = re.compile(rb'"\s*Encrypt\s*"\s*:\s*("[^"\\]*+(?:\\.[^"\\]*+)*+")', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Push:
    """One push, opened: its fields under WeChat's own names."""

    scheme: str  # of the addresses of this account's customers
    fields: Mapping[str, Any]
    account: str
    customer: str
    created: int
    type: str
    event: str

    @classmethod
    def read(cls, scheme: str, text: str) -> Push:
        fields = parse(text)
        return cls(
            scheme=scheme,
            fields=fields,
            account=text_of(fields, "ToUserName"),
            customer=filled(fields, "FromUserName"),
            created=_second(fields, "CreateTime"),
            type=filled(fields, "MsgType"),
            event=text_of(fields, "Event").lower(),  # WeChat writes it in several ways
        )

    @property
    def sender(self) -> Address:
        """Events that WeChat itself sends name the customer in a field of their own."""
        return Address(self.scheme, text_of(self.fields, "OpenID") or self.customer)

    @property
    def sent_at(self) -> datetime:
        return datetime.fromtimestamp(self.created, UTC)

    @property
    def others(self) -> dict[str, Any]:
        """What is left beside the fields that every push has."""
        return {name: value for name, value in self.fields.items() if name not in ENVELOPE_FIELDS}

    def text(self, name: str) -> str:
        return text_of(self.fields, name)

    def hint(self, name: str) -> str:
        return self.text(name)[:LONGEST_HINT]

    def event_key(self, *more: Any) -> str:
        """The same for each try to push one event. Unlike messages, events have no id."""
        return digest([self.customer, self.created, self.event, *map(self.fields.get, EVENT_DETAILS), *more])


def text_of(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name, "")
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, dict, list)):
        raise Unreadable(f"bad {name}")
    return str(value)


def given(fields: Mapping[str, Any], name: str) -> str:
    """A field that must be there, and may be empty."""
    if name not in fields:
        raise Unreadable(f"missing {name}")
    return text_of(fields, name)


def filled(fields: Mapping[str, Any], name: str) -> str:
    if text := given(fields, name):
        return text
    raise Unreadable(f"bad {name}")


def _second(fields: Mapping[str, Any], name: str) -> int:
    text = given(fields, name).strip()
    if re.fullmatch("[0-9]{1,12}", text) and 0 < (second := int(text)) <= LAST_SECOND:
        return second
    raise Unreadable(f"bad {name}")


def digest(parts: Any) -> str:
    return sha1(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def parse(text: str) -> dict[str, Any]:
    """The fields of a push, JSON or XML, as plain values that a database can keep."""
    json_push = text.lstrip()[:1] == "{"
    try:
        # numbers stay text: 1e999 would become an infinity that no database takes
        raw = json.loads(text, strict=False, parse_float=str) if json_push else _children(fromstring(text))
        return dict(_tidy(raw)) if isinstance(raw, dict) else {}
    except Unreadable as error:
        code = str(error)
    except (ParseError, ValueError, RecursionError) as error:
        code = "too_deep" if isinstance(error, RecursionError) else "bad_json" if json_push else "bad_xml"
    raise Unreadable(code)


def _tidy(value: Any, depth: int = 0) -> Any:
    if depth > DEEPEST:
        raise Unreadable("too_deep")
    match value:
        case str():
            return value.replace("\0", "").encode("utf-8", "replace").decode()
        case dict():
            pairs = ((name, item) for name, item in value.items() if item is not None)
            return {_tidy(name).strip(): _tidy(item, depth + 1) for name, item in pairs}
        case list():
            return [_tidy(item, depth + 1) for item in value]
        case float():  # only NaN and Infinity: the others stay text
            return str(value)
    return value


def _children(element: Element, depth: int = 0) -> dict[str, Any]:
    if depth > DEEPEST:
        raise Unreadable("too_deep")
    fields: dict[str, Any] = {}
    for child in element:
        value = _children(child, depth + 1) if len(child) else child.text or ""
        if child.tag in fields:  # <item> after <item>
            known = fields[child.tag]
            fields[child.tag] = [*known, value] if isinstance(known, list) else [known, value]
        else:
            fields[child.tag] = value
    return fields


def ciphertext(body: bytes) -> str | None:
    """`Encrypt`, found without parsing: nothing is parsed before its signature is checked."""
    body = body.lstrip()
    found = _json_ciphertext(body) if body[:1] == b"{" else _xml_ciphertext(body)
    return None if found is None else found.decode("utf-8", "surrogateescape")


def _json_ciphertext(body: bytes) -> bytes | None:
    found = JSON_ENCRYPT.search(body)
    try:
        value = json.loads(found[1], strict=False) if found else None
    except ValueError:
        return None
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else None


def _xml_ciphertext(body: bytes) -> bytes | None:
    """One pass over the tags; CDATA is skipped, for in compatible mode the customer's words are in there."""
    at = body.find(b"<")
    for _ in range(MOST_TAGS):
        if at < 0:
            return None
        if body.startswith(b"<![CDATA[", at):
            end = body.find(b"]]>", at)
            at = body.find(b"<", end) if end >= 0 else -1
        elif body.startswith(b"<Encrypt>", at):
            return _element_text(body, at + len(b"<Encrypt>"))
        else:
            at = body.find(b"<", at + 1)
    return None


def _element_text(body: bytes, start: int) -> bytes | None:
    end = body.find(b"</Encrypt>", start)
    if end < 0:
        return None
    text = body[start:end].strip()
    if text.startswith(b"<![CDATA[") and text.endswith(b"]]>"):
        return text[len(b"<![CDATA[") : -len(b"]]>")]
    return text
