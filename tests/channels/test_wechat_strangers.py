"""Whatever is pushed, signed or not: a channel reads it, or refuses it cleanly."""

from __future__ import annotations

import json
from functools import cache
from time import monotonic
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import example, given, settings, strategies

from channels.contract import WebhookRequest
from channels.errors import BadSignature, Unreadable
from channels.wechat.crypto import signature
from channels.wechat.miniprogram import MiniProgram
from channels.wechat.official import OfficialAccount
from tests.channels.cases import make_channel
from tests.channels.wechat import TOKEN, Played, outbound, plain

KINDS = {"wechat_miniprogram": MiniProgram, "wechat_official": OfficialAccount}
MODES = ["safe", "compatible", "plaintext"]
READERS = KINDS.values()
TYPES = sorted({"event", "", "hologram", *(name for kind in READERS for name in kind.message_readers)})
EVENTS = sorted({"", "of_the_future", *(name for kind in READERS for name in kind.event_readers)})
FIELDS = [
    "Content",
    "MsgId",
    "bizmsgmenuid",
    "PicUrl",
    "MediaId",
    "MediaId16K",
    "Format",
    "Recognition",
    "ThumbMediaId",
    "Location_X",
    "Location_Y",
    "Scale",
    "Label",
    "Title",
    "Description",
    "Url",
    "AppId",
    "PagePath",
    "ThumbUrl",
    "EventKey",
    "Ticket",
    "Latitude",
    "Longitude",
    "Precision",
    "MenuId",
    "ScanCodeInfo",
    "ScanResult",
    "SessionFrom",
    "MsgID",
    "Status",
    "SubscribeMsgPopupEvent",
    "SubscribeMsgChangeEvent",
    "SubscribeMsgSentEvent",
    "List",
    "TemplateId",
    "SubscribeStatusString",
    "ErrorCode",
    "ErrorStatus",
    "KfAccount",
    "OpenID",
    "UnionID",
    "RevokeInfo",
    "Encrypt",
    "ToUserName",
    "Event",
]
texts = strategies.text(max_size=20) | strategies.sampled_from(
    ["accept", "reject", "success", "1", "-1", "nan", "201,"]
)
values = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.floats() | strategies.integers() | texts,
    lambda inner: (
        strategies.lists(inner, max_size=3)
        | strategies.dictionaries(strategies.sampled_from(FIELDS) | texts, inner, max_size=4)
    ),
    max_leaves=8,
)
times = strategies.sampled_from([1772366400, "1772366400", 1, 0, -1, 2**63, "noon", 1.5])
pushes = strategies.builds(
    lambda fields, event, **head: {**fields, **head, **({"Event": event} if event else {})},
    strategies.dictionaries(strategies.sampled_from(FIELDS), values, max_size=8),
    strategies.sampled_from(EVENTS) | strategies.none(),
    MsgType=strategies.sampled_from(TYPES) | strategies.just("event"),
    FromUserName=strategies.just("oX") | values,
    CreateTime=strategies.just(1772366400) | times | values,
)


def xml(value: Any, name: str = "xml") -> str:
    """As WeChat would write it, if it ever wrote such a thing."""
    if isinstance(value, list):
        return "".join(xml(item, name) for item in value) or f"<{name}/>"
    inside = "".join(map(xml, value.values(), value)) if isinstance(value, dict) else escape(str(value))
    return f"<{name}>{inside}</{name}>"


@cache
def channel_in(kind: str, mode: str, **settings: str) -> Any:
    """Built on first use: the secrets are in the environment only while a test runs."""
    return make_channel(kind, mode=mode, original_id="", **settings)


@given(push=pushes, kind=strategies.sampled_from([*KINDS]), as_xml=strategies.booleans())
@settings(deadline=None, max_examples=300)
def test_a_signed_push_is_read_or_unreadable(push, kind, as_xml):
    channel = channel_in(kind, "plaintext")
    request = plain(xml(push) if as_xml else json.dumps(push))
    channel.verify(request)
    try:
        events = channel.parse(request)
    except Unreadable:
        return
    assert len({event.key for event in events}) == len(events)
    for event in events:
        json.dumps(getattr(event, "payload", {}), allow_nan=False).encode()


bodies = strategies.one_of(
    strategies.binary(max_size=300),
    strategies.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")),
    pushes.map(lambda push: json.dumps(push).encode()),
)


@given(
    body=bodies,
    kind=strategies.sampled_from([*KINDS]),
    mode=strategies.sampled_from(MODES),
    signed=strategies.booleans(),
)
@example(body=b'{"Encrypt":"\xff"}', kind="wechat_official", mode="safe", signed=True)
@example(body=b"<Encrypt><![CDATA[", kind="wechat_official", mode="safe", signed=True)
@settings(deadline=None, max_examples=100)
def test_strangers_bodies_are_refused_cleanly(body, kind, mode, signed):
    channel = channel_in(kind, mode)
    query = {"timestamp": "1", "nonce": "2", "signature": signature(TOKEN, "1", "2"), "msg_signature": "0" * 40}
    request = WebhookRequest(query=query, body=body)
    if signed and mode != "plaintext":
        request = Played(kind).sealed(body.decode("utf-8", "ignore"))
    try:
        channel.verify(request)
        channel.parse(request)
    except (BadSignature, Unreadable):
        return


@given(push=pushes)
@settings(deadline=None, max_examples=50)
def test_an_answer_can_be_given_to_whatever_was_read(push):
    channel = channel_in("wechat_official", "safe", replies="passive")
    request = Played("wechat_official").sealed(json.dumps(push))
    try:
        channel.parse(request)
    except Unreadable:
        return
    answer = outbound(Played("wechat_official").anna, text="您好")
    assert channel.acknowledge(request, answer).body.startswith("<xml><Encrypt>")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("body", [b"<![CDATA[" * 100_000, b"<" * 900_000, b'{"Encrypt":"' + b'\\"' * 400_000])
def test_looking_for_the_ciphertext_takes_time_in_proportion(kind, body):
    started = monotonic()
    with pytest.raises(BadSignature):
        make_channel(kind).verify(WebhookRequest(query={"timestamp": "1", "nonce": "2"}, body=body))
    assert monotonic() - started < 1
