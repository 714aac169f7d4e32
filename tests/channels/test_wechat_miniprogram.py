from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import pytest
import requests
from hypothesis import example, given, settings, strategies
from pydantic import ValidationError
from responses import Response, matchers

from channels.contract import (
    Address,
    Attachment,
    Card,
    File,
    InboundMessage,
    Link,
    OutboundMessage,
    Signal,
    WebhookRequest,
)
from channels.errors import (
    BadSignature,
    Gone,
    Misconfigured,
    Refused,
    SendError,
    Throttled,
    Uncertain,
    Unreachable,
    Unreadable,
    WindowClosed,
)
from channels.registry import channel_class
from channels.wechat.api import ERRORS
from channels.wechat.crypto import Envelope, signature
from tests.channels.accounts import ACCESS_TOKEN, ACCOUNTS, SECRETS
from tests.channels.cases import (
    DictCache,
    Receives,
    Sends,
    assert_silent,
    check_receives,
    check_sends,
    make_channel,
    provider,
    table,
)

KIND = "wechat_miniprogram"
APP, GH = ACCOUNTS[KIND]["app_id"], ACCOUNTS[KIND]["original_id"]
TOKEN, KEY = SECRETS["TEST_TOKEN"], SECRETS["TEST_AES_KEY"]
ANNA = Address(f"wechat:{APP}", "oLVPpjqs9BhvzwPj5A-vTYAX3GLc")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
ENVELOPE = Envelope(TOKEN, KEY, APP)

# in


def fields(**content: Any) -> dict[str, Any]:
    common = {"ToUserName": GH, "FromUserName": ANNA.value, "CreateTime": int(NOON.timestamp())}
    return {name: value for name, value in {**common, **content}.items() if value is not None}


def as_xml(content: dict[str, Any]) -> str:
    def element(name: str, value: Any) -> str:
        return f"<{name}>{as_xml(value)[5:-6] if isinstance(value, dict) else f'<![CDATA[{value}]]>'}</{name}>"

    return f"<xml>{''.join(element(name, value) for name, value in content.items())}</xml>"


def sealed(text: str, style: str = "xml", clear: str = "") -> WebhookRequest:
    """A push in safe mode; with `clear`, in compatible mode."""
    seal = ENVELOPE.seal(text, "1772366400", "n1")
    query = {"timestamp": "1772366400", "nonce": "n1", "msg_signature": seal.signature, "encrypt_type": "aes"}
    envelope = {
        "xml": f"<xml><ToUserName><![CDATA[{GH}]]></ToUserName>{clear}"
        f"<Encrypt><![CDATA[{seal.ciphertext}]]></Encrypt></xml>",
        "plain xml": f"<xml><Encrypt>{seal.ciphertext}</Encrypt></xml>",
        "json": '{{"ToUserName":"{}",{}"Encrypt":"{}"}}'.format(GH, clear, seal.ciphertext.replace("/", "\\/")),
    }
    return WebhookRequest(query=query, body=envelope[style].encode())


def push(**content: Any) -> WebhookRequest:
    return sealed(as_xml(fields(**content)))


def json_push(**content: Any) -> WebhookRequest:
    return sealed(json.dumps(fields(**content), ensure_ascii=False), "json")


def plain(body: str, token: str = TOKEN) -> WebhookRequest:
    return WebhookRequest(
        query={"timestamp": "1", "nonce": "2", "signature": signature(token, "1", "2")}, body=body.encode()
    )


def message(**content: Any) -> InboundMessage:
    known = {"sender": ANNA, "provider_id": "24780136412345690", "sequence": 24780136412345690, "sent_at": NOON}
    return InboundMessage(**{**known, "renews": "message", **content})


MSG = 24780136412345690
HELLO = {"MsgType": "text", "MsgId": MSG, "Content": "退款多久到账？😭"}
ASKED = message(text="退款多久到账？😭")
IN_CLEAR = "".join(as_xml(fields(MsgType="text", Content="<Encrypt>aaaa</Encrypt> ]]&gt;"))[5:-6])


@table(
    Receives("text in XML", push(**HELLO), [ASKED], reply="success"),
    Receives("text in JSON", json_push(**HELLO), [ASKED], reply="success"),
    Receives("JSON in an XML envelope", sealed(json.dumps(fields(**HELLO))), [ASKED]),
    Receives("an envelope without CDATA", sealed(as_xml(fields(**HELLO)), "plain xml"), [ASKED]),
    Receives("compatible", sealed(as_xml(fields(**HELLO)), clear=IN_CLEAR), [ASKED], settings={"mode": "compatible"}),
    Receives(
        "compatible in JSON",
        sealed(json.dumps(fields(**HELLO)), "json", clear='"Content":"\\"Encrypt\\":\\"aaaa\\"",'),
        [ASKED],
        settings={"mode": "compatible"},
    ),
    Receives("plaintext", plain(as_xml(fields(**HELLO))), [ASKED], settings={"mode": "plaintext"}),
    Receives(
        "time as text, keys with spaces",
        json_push(**{" MsgType": "text", "MsgId ": MSG, "Content": "", "CreateTime": "1772366400"}),
        [message()],
    ),
    Receives(
        "control characters",
        sealed(json.dumps(fields(**{**HELLO, "Content": "a\nb"})).replace("\\n", "\n")),
        [message(text="a\nb")],
    ),
    Receives(
        "what no database keeps",
        sealed(json.dumps(fields(**{**HELLO, "Content": "a\0\ud800b"}))),
        [message(text="a?b")],
    ),
    Receives(
        "a MsgId that is no number",
        push(**{**HELLO, "MsgId": "cloud-7f"}),
        [message(text=HELLO["Content"], provider_id="cloud-7f", sequence=0)],
    ),
    Receives(
        "a MsgId beyond 64 bits",
        push(**{**HELLO, "MsgId": 2**63}),
        [message(text=HELLO["Content"], provider_id=str(2**63), sequence=0)],
    ),
    Receives(
        "image",
        push(MsgType="image", MsgId=MSG, PicUrl="http://p/0", MediaId="m1"),
        [message(kind="image", attachments=(Attachment("image", "m1"),), payload={"pic_url": "http://p/0"})],
    ),
    Receives(
        "card",
        json_push(
            MsgType="miniprogrampage",
            MsgId=MSG,
            Title="订单详情",
            AppId=APP,
            PagePath="pages/order?id=991",
            ThumbUrl="http://t/0",
            ThumbMediaId="tm1",
        ),
        [
            message(
                kind="card",
                attachments=(Attachment("image", "tm1"),),
                payload={
                    "title": "订单详情",
                    "app_id": APP,
                    "page_path": "pages/order?id=991",
                    "thumb_url": "http://t/0",
                    "thumb_media_id": "tm1",
                },
            )
        ],
    ),
    Receives(
        "a kind of the future",
        json_push(MsgType="hologram", MsgId=MSG, Size=1e999, Parts=[{"A ": 1}, None]),
        [message(kind="unsupported", payload={"type": "hologram", "Size": "inf", "Parts": [{"A": 1}, None]})],
    ),
    Receives(
        "location",
        push(MsgType="location", MsgId=MSG, Location_X="23.13", Label="新港中路"),
        [message(kind="unsupported", payload={"type": "location", "Location_X": "23.13", "Label": "新港中路"})],
    ),
    Receives(
        "address check",
        WebhookRequest(method="GET", query={**plain("").query, "echostr": "<hello>"}),
        [],
        reply="<hello>",
    ),
    Receives(
        "address check, forged",
        WebhookRequest(method="GET", query={**plain("").query, "nonce": "3", "echostr": "x"}),
        raises=BadSignature,
    ),
    Receives(
        "forged", plain(as_xml(fields(**HELLO)), token="other"), raises=BadSignature, settings={"mode": "plaintext"}
    ),
    Receives("a plain push to a safe channel", plain(as_xml(fields(**HELLO))), raises=BadSignature),
    Receives(
        "a plain push to a compatible channel",
        plain(as_xml(fields(**HELLO))),
        raises=BadSignature,
        settings={"mode": "compatible"},
    ),
    Receives(
        "another account's push", push(**{**HELLO, "ToUserName": "gh_other"}), raises=Unreadable, reason="wrong_account"
    ),
    Receives(
        "any account without original_id",
        push(**{**HELLO, "ToUserName": "gh_other"}),
        [ASKED],
        settings={"original_id": ""},
    ),
    Receives("not XML", sealed("garbage"), raises=Unreadable, reason="bad_xml"),
    Receives("not JSON", sealed("{garbage"), raises=Unreadable, reason="bad_json"),
    Receives(
        "an entity",
        sealed('<!DOCTYPE x [<!ENTITY e "ha">]><xml><Content>&e;</Content></xml>'),
        raises=Unreadable,
        reason="bad_xml",
    ),
    Receives("deep JSON", sealed('{"a":' * 5000 + "1" + "}" * 5000), raises=Unreadable, reason="too_deep"),
    Receives("deep JSON lists", sealed('{"a":' + "[" * 20 + "]" * 20 + "}"), raises=Unreadable, reason="too_deep"),
    Receives("deep XML", sealed("<a>" * 5000 + "</a>" * 5000), raises=Unreadable, reason="too_deep"),
    Receives("nobody", push(**{**HELLO, "FromUserName": ""}), raises=Unreadable, reason="bad FromUserName"),
    Receives("no sender", push(**{**HELLO, "FromUserName": None}), raises=Unreadable, reason="missing FromUserName"),
    Receives("no time", push(**{**HELLO, "CreateTime": None}), raises=Unreadable, reason="missing CreateTime"),
    Receives("time zero", push(**{**HELLO, "CreateTime": 0}), raises=Unreadable, reason="bad CreateTime"),
    Receives("time before 1970", push(**{**HELLO, "CreateTime": -5}), raises=Unreadable, reason="bad CreateTime"),
    Receives(
        "time in year 10000", push(**{**HELLO, "CreateTime": 253402300800}), raises=Unreadable, reason="bad CreateTime"
    ),
    Receives("no text", push(MsgType="text", MsgId=MSG), raises=Unreadable, reason="missing Content"),
    Receives("no picture", push(MsgType="image", MsgId=MSG), raises=Unreadable, reason="missing MediaId"),
    Receives(
        "a text that is a list", json_push(**{**HELLO, "Content": ["a"]}), raises=Unreadable, reason="bad Content"
    ),
)
def test_receives(case):
    check_receives(KIND, case)


def signals(request: WebhookRequest) -> Any:
    channel = make_channel(KIND)
    channel.verify(request)
    [event] = channel.parse(request)
    return event


def test_entering_the_chat_is_a_signal_with_a_short_hint():
    event = signals(json_push(MsgType="event", Event="User_Enter_Tempsession", SessionFrom="订单" * 800))
    assert event == Signal(
        key=event.key,
        sender=ANNA,
        sent_at=NOON,
        kind="entered",
        payload={"session_from": "订单" * 500},
        renews="entered",
    )


def test_other_events_keep_their_fields():
    event = signals(push(MsgType="event", Event="DEBUG_demo", debug_str="hello", Box={"A": {"B": "1"}}))
    assert event.kind == "other"
    assert event.payload == {"type": "debug_demo", "debug_str": "hello", "Box": {"A": {"B": "1"}}}
    assert event.renews == ""


def test_a_revoked_consent_is_the_customers_who_revoked_it():
    event = signals(
        json_push(**{"MsgType": "event", "Event": "user_authorization_revoke", " OpenID": "oBob", " RevokeInfo": "8"})
    )
    assert event.sender == Address(ANNA.scheme, "oBob")


def test_repeated_pushes_share_a_key_and_different_ones_do_not():
    def enter(**changes: Any) -> str:
        key: str = signals(json_push(**{"MsgType": "event", "Event": "user_enter_tempsession", **changes})).key
        return key

    assert enter() == enter(Event="USER_ENTER_TEMPSESSION")
    others = [enter(SessionFrom="a"), enter(SessionFrom="b"), enter(CreateTime=5), enter(FromUserName="oBob")]
    assert len({enter(), *others}) == 5


def test_a_message_without_id_gets_the_same_one_each_time():
    first, again, other = (
        signals(push(MsgType="text", Content=text)).provider_id for text in ("在吗", "在吗", "在吗？")
    )
    assert first == again != other


bodies = strategies.one_of(
    strategies.binary(max_size=300),
    strategies.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")),
    strategies.builds(
        lambda content: json.dumps(content).encode(),
        strategies.dictionaries(
            strategies.sampled_from([*fields(MsgType="", MsgId="", Content="", Event="", Encrypt="", OpenID="")]),
            strategies.recursive(
                strategies.one_of(
                    strategies.none(),
                    strategies.booleans(),
                    strategies.floats(),
                    strategies.integers(),
                    strategies.text(),
                ),
                lambda inner: strategies.lists(inner) | strategies.dictionaries(strategies.text(), inner),
            ),
        ),
    ),
)


@given(body=bodies, mode=strategies.sampled_from(["safe", "compatible", "plaintext"]), signed=strategies.booleans())
@example(body=b'{"Encrypt":"\xff"}', mode="safe", signed=True)
@example(body=b"<Encrypt><![CDATA[", mode="safe", signed=True)
@settings(deadline=None, max_examples=100)
def test_strangers_bodies_are_refused_cleanly(body, mode, signed):
    channel = channel_in(mode)
    seal = ENVELOPE.seal(body.decode("utf-8", "ignore"), "1", "2")
    query = {"timestamp": "1", "nonce": "2", "signature": signature(TOKEN, "1", "2"), "msg_signature": "0" * 40}
    request = WebhookRequest(query=query, body=body)
    if signed and mode != "plaintext":
        query = {**query, "msg_signature": seal.signature}
        request = WebhookRequest(query=query, body=f"<xml><Encrypt>{seal.ciphertext}</Encrypt></xml>".encode())
    try:
        channel.verify(request)
        events = channel.parse(request)
    except (BadSignature, Unreadable):
        return
    assert len(events) == 1
    json.dumps(events[0].payload, allow_nan=False).encode()


@cache
def channel_in(mode: str) -> Any:
    """Built on first use: the secrets are in the environment only while a test runs."""
    return make_channel(KIND, mode=mode)


@pytest.mark.parametrize("body", [b"<![CDATA[" * 100_000, b"<" * 900_000, b'{"Encrypt":"' + b'\\"' * 400_000])
def test_looking_for_the_ciphertext_takes_time_in_proportion(body):
    started = datetime.now()
    with pytest.raises(BadSignature):
        make_channel(KIND).verify(WebhookRequest(query={"timestamp": "1", "nonce": "2"}, body=body))
    assert datetime.now() - started < timedelta(seconds=1)


# settings


@pytest.mark.parametrize(
    ("env", "changes", "complaint"),
    [
        ({"TEST_AES_KEY": "short"}, {}, "an EncodingAESKey is 43 letters and digits"),
        ({"TEST_AES_KEY": "+" * 43}, {}, "an EncodingAESKey is 43 letters and digits"),
        ({"TEST_TOKEN": "no spaces please"}, {}, "a token is 3 to 32 letters and digits"),
        ({}, {"app_id": "1234"}, "should match pattern"),
        ({}, {"aes_key": None}, "secret"),
        ({}, {"mode": "open"}, "Input should be"),
        ({}, {"api_base": "ftp://x"}, "not the address of an API"),
    ],
)
def test_settings_say_what_is_wrong_and_no_secret(env, changes, complaint, monkeypatch):
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=complaint) as failure:
        make_channel(KIND, **changes)
    assert_silent(failure.value, list(env.values()))


def test_sealed_modes_need_a_key_and_plaintext_does_not():
    account = {name: value for name, value in ACCOUNTS[KIND].items() if name != "aes_key"}
    model = channel_class(KIND).Settings
    with pytest.raises(ValidationError, match="mode safe needs an aes_key"):
        model.model_validate(account)
    model.model_validate({**account, "mode": "plaintext"})


# out

API = "https://api.weixin.qq.com/cgi-bin"
OK = {"errcode": 0, "errmsg": "ok"}
RID = "rid: 6a01d72c-38178a79-77b8b30b"


def token(text: str = ACCESS_TOKEN, force: bool = False) -> Response:
    asked = {"grant_type": "client_credential", "appid": APP, "secret": SECRETS["TEST_APP_SECRET"]}
    match = [matchers.json_params_matcher({**asked, "force_refresh": force})]
    answer = {"access_token": text, "expires_in": 7200}
    return Response("POST", f"{API}/stable_token", json=answer, match=match)


def call(path: str, with_token: str = ACCESS_TOKEN, **answer: Any) -> Response:
    query = [matchers.query_param_matcher({"access_token": with_token}, strict_match=False)]
    return Response("GET" if path == "media/get" else "POST", f"{API}/{path}", match=query, **answer)


def sent(with_token: str = ACCESS_TOKEN, **answer: Any) -> Response:
    return call("message/custom/send", with_token, **answer or {"json": OK})


def uploaded(media_id: str = "M1", with_token: str = ACCESS_TOKEN, **answer: Any) -> Response:
    return call(
        "media/upload", with_token, **answer or {"json": {"type": "image", "media_id": media_id, "created_at": 1}}
    )


def sends(label: str, raises: Any = None, answer: Any = None, **expected: Any) -> Sends:
    return Sends(label, {"text": "您好"}, [token(), sent(**answer or {})], raises=raises, **expected)


def complains(label: str, code: int, raises: Any, errmsg: str = f"no {RID}", **expected: Any) -> Sends:
    answer = {"json": {"errcode": code, "errmsg": f"{errmsg} 您好"}}
    return sends(label, raises, answer, code=str(code), **expected)


PICTURE = File("照片.png", "image/png", PNG)
TO = ANNA.value


@table(
    sends("text", posts={"touser": TO, "msgtype": "text", "text": {"content": "您好"}}),
    Sends(
        "by a bot",
        {"text": "您好", "by_bot": True},
        [token(), sent()],
        {"touser": TO, "msgtype": "text", "text": {"content": "您好"}, "aimsgcontext": {"is_ai_msg": 1}},
    ),
    Sends(
        "image",
        {"file": PICTURE},
        [token(), uploaded(), sent()],
        {"touser": TO, "msgtype": "image", "image": {"media_id": "M1"}},
    ),
    Sends(
        "link",
        {"link": Link("退换货", "https://a/x", "七天", "https://a/p.jpg")},
        [token(), sent()],
        {
            "touser": TO,
            "msgtype": "link",
            "link": {"title": "退换货", "description": "七天", "url": "https://a/x", "thumb_url": "https://a/p.jpg"},
        },
    ),
    Sends(
        "card",
        {"card": Card("订单", "pages/o?id=1", PICTURE)},
        [token(), uploaded(), sent()],
        {
            "touser": TO,
            "msgtype": "miniprogrampage",
            "miniprogrampage": {"title": "订单", "pagepath": "pages/o?id=1", "thumb_media_id": "M1"},
        },
    ),
    Sends(
        "card without cover", {"card": Card("订单", "pages/o")}, [], raises=Refused, reason="a card needs a cover image"
    ),
    Sends(
        "a recording", {"file": File("a.amr", "audio/amr", b"#!AMR")}, [], raises=Refused, reason="PNG, JPEG and GIF"
    ),
    Sends(
        "an upload that expired early",
        {"file": PICTURE},
        [
            token(),
            uploaded(),
            sent(json={"errcode": 40007, "errmsg": ""}),
            uploaded("M2"),
            sent(),
        ],
        {"touser": TO, "msgtype": "image", "image": {"media_id": "M2"}},
    ),
    Sends(
        "an upload that is never found",
        {"file": PICTURE},
        [
            token(),
            uploaded(),
            sent(json={"errcode": 40007, "errmsg": ""}),
            uploaded("M2"),
            sent(json={"errcode": 40007, "errmsg": ""}),
        ],
        raises=Refused,
        reason="does not have this file",
        code="40007",
        calls=5,
    ),
    Sends(
        "an upload that got lost",
        {"file": PICTURE},
        [token(), uploaded(body=requests.ReadTimeout())],
        raises=Unreachable,
        reason="no answer",
    ),
    Sends(
        "an upload answered oddly",
        {"file": PICTURE},
        [token(), uploaded(json=OK)],
        raises=Unreachable,
        reason="no media id",
    ),
    Sends(
        "an upload that is too large",
        {"file": PICTURE},
        [token(), uploaded(json={"errcode": 45001, "errmsg": ""})],
        raises=Refused,
        reason="the file is too large",
        code="45001",
    ),
    complains("busy", -1, Unreachable, reason="WeChat is busy"),
    complains("too fast", 45011, Throttled, after=(60, 75), reason="too many calls"),
    complains("daily quota", 45009, Throttled, after=(0, 86400), reason="daily quota"),
    complains("silent for 48 hours", 45015, WindowClosed, reason="the customer must write first"),
    complains("five answers given", 45047, WindowClosed, reason="used up"),
    complains("too long", 45002, Refused, reason="the text is too long"),
    complains("not granted", 48001, Misconfigured, reason="may not use this interface"),
    complains("unknown customer", 40003, Gone),
    complains(
        "IP not listed",
        40164,
        Misconfigured,
        "invalid ip 203.0.113.9 ipv6 ::ffff:203.0.113.9, not in whitelist",
        reason="whitelist (ip 203.0.113.9)",
    ),
    complains("unknown code", 99999, Refused, reason=f"a code we do not know ({RID})"),
    sends("throttled", Throttled, {"status": 429, "headers": {"Retry-After": "7"}}, code="429", after=(7, 7)),
    sends("bad gateway", Unreachable, {"status": 502}, code="502", reason="HTTP 502 from api.weixin.qq.com"),
    sends("forbidden", Refused, {"status": 403}, code="403"),
    sends(
        "no connection",
        Unreachable,
        {"body": requests.ConnectTimeout(f"?access_token={ACCESS_TOKEN}")},
        reason="no connection",
    ),
    sends(
        "no answer",
        Uncertain,
        {"body": requests.ReadTimeout(f"?access_token={ACCESS_TOKEN}")},
        reason="may have been sent",
    ),
    sends(
        "cut off",
        Uncertain,
        {"body": requests.ConnectionError(f"?access_token={ACCESS_TOKEN}")},
        reason="may have been sent",
    ),
    sends("unreadable", Uncertain, {"body": "<html>"}, reason="may have been sent"),
    sends("a list", Uncertain, {"json": [1]}, reason="may have been sent"),
    sends("no code", Uncertain, {"json": {}}, reason="may have been sent"),
    sends("a code that is none", Uncertain, {"json": {"errcode": None}}, reason="may have been sent"),
    sends("a picture", Uncertain, {"body": PNG, "content_type": "image/png"}, reason="may have been sent"),
    Sends(
        "a stale token",
        {"text": "您好"},
        [token(), sent(json={"errcode": 40001, "errmsg": ""}), token("T2"), sent(with_token="T2")],
        calls=4,
    ),
    Sends(
        "a stale token that WeChat still gives out",
        {"text": "您好"},
        [token(), sent(json={"errcode": 42001, "errmsg": ""}), token(), token("T2", force=True), sent(with_token="T2")],
        calls=5,
    ),
    Sends(
        "tokens are never accepted",
        {"text": "您好"},
        [
            token(),
            sent(json={"errcode": 40001, "errmsg": ""}),
            token("T2"),
            sent(with_token="T2", json={"errcode": 40001, "errmsg": ""}),
            token("T2"),
            token("T2", force=True),
            sent(with_token="T2", json={"errcode": 40001, "errmsg": ""}),
        ],
        raises=Misconfigured,
        code="40001",
        reason="AppSecret is wrong",
        calls=7,
    ),
    Sends(
        "our token is old, and the one that others renewed is revoked as well",
        {"text": "您好"},
        [
            token(),
            sent(json={"errcode": 40001, "errmsg": ""}),
            token("T2"),
            sent(with_token="T2", json={"errcode": 40001, "errmsg": ""}),
            token("T2"),
            token("T3", force=True),
            sent(with_token="T3"),
        ],
        calls=7,
    ),
    Sends(
        "a wrong secret",
        {"text": "您好"},
        [Response("POST", f"{API}/stable_token", json={"errcode": 40125, "errmsg": RID})],
        raises=Misconfigured,
        code="40125",
        reason=f"the AppSecret is wrong ({RID})",
    ),
    Sends(
        "no token in the answer",
        {"text": "您好"},
        [Response("POST", f"{API}/stable_token", json={"expires_in": 7200})],
        raises=Unreachable,
        reason="no access token",
    ),
    Sends(
        "no answer from the token endpoint",
        {"text": "您好"},
        [Response("POST", f"{API}/stable_token", body=requests.ReadTimeout("secret=app-secret-9f2c&x"))],
        raises=Unreachable,
        reason="no answer",
    ),
)
def test_sends(case):
    check_sends(KIND, case, ANNA)


STALE = {40001, 40014, 42001}


@pytest.mark.parametrize("code", ERRORS)
def test_every_known_code_decides_and_speaks_plainly(code):
    answers = [token(), sent(json={"errcode": code, "errmsg": "x"})]
    if code in STALE:
        refused = {"errcode": code, "errmsg": "x"}
        answers += [token("T2"), sent(with_token="T2", json=refused)]
        answers += [token("T2"), token("T2", force=True), sent(with_token="T2", json=refused)]
    with provider(*answers), pytest.raises(SendError) as failure:
        make_channel(KIND).send(outbound(text="hi"))
    assert failure.type is ERRORS[code].error
    assert (failure.value.code, failure.value.reason) == (str(code), ERRORS[code].words)


def outbound(**content: Any) -> OutboundMessage:
    return OutboundMessage(id=UUID(int=1), to=ANNA, **content)


def test_a_picture_is_uploaded_once():
    channel = make_channel(KIND)
    with provider(token(), uploaded(), sent(), sent()) as calls:
        channel.send(outbound(file=PICTURE))
        channel.send(outbound(file=PICTURE))
        assert [call.request.path_url.partition("?")[0].rpartition("/")[2] for call in calls] == [
            "stable_token",
            "upload",
            "send",
            "send",
        ]
        assert b'name="media"; filename="image.png"' in calls[1].request.body
        assert b"type=image" in calls[1].request.path_url.encode()
        assert PNG in calls[1].request.body


def test_a_stale_token_uploads_the_whole_picture_again():
    stale = uploaded(json={"errcode": 40001, "errmsg": ""})
    with provider(token(), stale, token("T2"), uploaded(with_token="T2"), sent(with_token="T2")) as calls:
        make_channel(KIND).send(outbound(file=PICTURE))
        assert PNG in calls[1].request.body and PNG in calls[3].request.body


def test_api_base_moves_every_call():
    base = "http://127.0.0.1:8001"
    answers = [
        Response("POST", f"{base}/cgi-bin/stable_token", json={"access_token": "T", "expires_in": 7200}),
        Response("POST", f"{base}/cgi-bin/media/upload", json={"media_id": "M1"}),
        Response("POST", f"{base}/cgi-bin/message/custom/send", json=OK),
        Response("POST", f"{base}/cgi-bin/message/custom/typing", json=OK),
        Response("GET", f"{base}/cgi-bin/media/get", body=PNG, content_type="image/png"),
    ]
    channel = make_channel(KIND, api_base=f"{base}/")
    with provider(*answers):
        channel.send(outbound(file=PICTURE))
        channel.typing(ANNA)
        channel.fetch(Attachment("image", "m1"))


@pytest.mark.parametrize("answer", [{"json": OK}, {"json": {"errcode": 45081, "errmsg": ""}}, {"status": 500}])
def test_typing_is_shown_once_in_a_while_and_never_fails(answer):
    channel = make_channel(KIND)
    with provider(token(), call("message/custom/typing", **answer)) as calls:
        channel.typing(ANNA)
        channel.typing(ANNA)
        assert json.loads(calls[1].request.body) == {"touser": TO, "command": "Typing"}


@pytest.mark.parametrize(
    ("body", "header", "name", "mime"),
    [
        (PNG, "image/jpeg", "image.png", "image/png"),
        (b"\xff\xd8\xff\xe0" + bytes(20), "", "image.jpg", "image/jpeg"),
        (b"unheard of", "audio/x-new; rate=8", "image", "audio/x-new"),
    ],
)
def test_a_fetched_file_is_what_is_in_it(body, header, name, mime):
    with provider(token(), call("media/get", body=body, content_type=header)):
        assert make_channel(KIND).fetch(Attachment("image", "m1")) == File(name, mime, body)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"json": {"errcode": 40007, "errmsg": "invalid media_id"}}, Refused),
        ({"json": {"errcode": 40007, "errmsg": "invalid media_id"}, "content_type": "text/plain"}, Refused),
        ({"json": {"errcode": 40007, "errmsg": "invalid media_id"}, "content_type": ""}, Refused),
        ({"json": {"video_url": "http://v"}}, Unreachable),
        ({"body": b"", "content_type": "image/png"}, Unreachable),
        ({"status": 503}, Unreachable),
        ({"body": requests.ReadTimeout()}, Unreachable),
    ],
)
def test_a_file_that_cannot_be_fetched_is_classified(answer, error):
    with provider(token(), call("media/get", **answer)), pytest.raises(SendError) as failure:
        make_channel(KIND).fetch(Attachment("image", "m1"))
    assert failure.type is error


class NoCache(DictCache):
    """A cache that is away: it forgets, and every lock is granted."""

    def get(self, key: str) -> str | None:
        return None


def test_a_channel_works_without_its_cache():
    channel = make_channel(KIND, cache=NoCache())
    with provider(token(), sent(), sent(), uploaded(), sent()):
        channel.send(outbound(text="1"))
        channel.send(outbound(text="2"))
        channel.send(outbound(file=PICTURE))
