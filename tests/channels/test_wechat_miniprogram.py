from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import requests
from pydantic import ValidationError
from responses import Response

from channels.contract import (
    Address,
    Attachment,
    Card,
    Choice,
    Consent,
    DeliveryResult,
    File,
    Grant,
    Link,
    Menu,
    Notice,
    Receipt,
    Revocation,
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
from channels.wechat.errors import ERRORS
from tests.channels.accounts import ACCESS_TOKEN, ACCOUNTS
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
from tests.channels.wechat import (
    API,
    MSG,
    NOON,
    OK,
    PNG,
    RID,
    Played,
    as_xml,
    call,
    outbound,
    plain,
    sent,
    uploaded,
)

WECHAT = Played("wechat_miniprogram")
KIND, APP, ANNA = WECHAT.kind, WECHAT.app, WECHAT.anna
fields, sealed, push, json_push = WECHAT.fields, WECHAT.sealed, WECHAT.push, WECHAT.json_push
message, token = WECHAT.message, WECHAT.token
TO = ANNA.value

# in

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


def test_consent_is_counted_and_revoked():
    accepted = {"TemplateId": "T", "SubscribeStatusString": "accept", "PopupScene": "0"}
    event = signals(json_push(MsgType="event", Event="subscribe_msg_popup_event", List=[accepted, accepted]))
    assert event == Consent(key=event.key, sender=ANNA, sent_at=NOON, granted={"T": 2})
    rejected = {"TemplateId": "T", "SubscribeStatusString": "reject"}
    event = signals(json_push(MsgType="event", Event="subscribe_msg_change_event", List=rejected))
    assert event == Consent(key=event.key, sender=ANNA, sent_at=NOON, revoked=("T",))


def test_what_became_of_a_notice():
    told = {"TemplateId": "T", "MsgID": "1864323726461255680", "ErrorCode": "0", "ErrorStatus": "success"}
    event = signals(json_push(MsgType="event", Event="subscribe_msg_sent_event", List=told))
    assert event == Receipt(key=event.key, sent_at=NOON, provider_id="1864323726461255680", status="delivered")


@pytest.mark.parametrize(
    ("codes", "what"),
    [
        ("2", ("address",)),
        ("6,8", ("name", "phone")),
        ("13,14,16", ("location", "files", "email")),
        ("4", ("other",)),
    ],
)
def test_what_was_taken_back_is_erased(codes, what):
    told = {"MsgType": "event", "Event": "user_authorization_revoke", "OpenID": "oBob", "RevokeInfo": codes}
    event = signals(json_push(**told))
    bob = Address(ANNA.scheme, "oBob")
    assert event == Revocation(key=event.key, sender=bob, sent_at=NOON, what=what)


def test_the_result_of_a_media_check_is_kept():
    result = {"suggest": "risky", "label": 20001}
    checked = {"appid": APP, "trace_id": "t1", "version": 2, "errcode": 0, "errmsg": "ok", "result": result}
    event = signals(json_push(MsgType="event", Event="wxa_media_check", **checked))
    assert (event.kind, event.payload) == ("other", {**checked, "type": "wxa_media_check"})


def test_events_of_official_accounts_open_nothing():
    event = signals(json_push(MsgType="event", Event="CLICK", EventKey="k"))
    assert (event.kind, event.renews) == ("other", "")


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


def test_ops_know_better_what_is_allowed():
    allowances = make_channel(KIND, allowances={"entered": {"count": 3}}).capabilities.allowances
    assert allowances == {"message": Grant(5, timedelta(hours=48)), "entered": Grant(3, timedelta(minutes=1))}


def test_allowances_of_official_accounts_are_unknown_here():
    with pytest.raises(ValidationError, match="no allowance menu; known: message, entered"):
        make_channel(KIND, allowances={"menu": {"count": 3}})


def test_a_notice_needs_the_customers_consent_to_its_template():
    assert make_channel(KIND).capabilities.notice is None
    assert make_channel(KIND, notice=NOTICE).capabilities.notice == Notice(consent="TPL")


NOTICE = {"template": "TPL", "fields": {"thing1": "{text}", "thing2": "{agent}"}, "page": "pages/chat"}
NOTICED = {
    "touser": TO,
    "template_id": "TPL",
    "miniprogram_state": "formal",
    "lang": "zh_CN",
    "page": "pages/chat",
    "data": {"thing1": {"value": "您好"}, "thing2": {"value": "小林"}},
}


def notices(label: str, expected: Any = None, **answer: Any) -> Sends:
    return Sends(
        label,
        {"text": "您好", "author": "小林", "notice": True},
        [token(), call("message/subscribe/send", **answer)],
        NOTICED,
        settings={"notice": NOTICE},
        **expected or {},
    )


@table(
    notices("a notice", json=OK),
    notices("a notice with its number", {"result": DeliveryResult("77")}, json={**OK, "msgid": 77}),
    notices(
        "nobody agreed",
        {"raises": WindowClosed, "code": "43101", "reason": "has not agreed"},
        json={"errcode": 43101, "errmsg": ""},
    ),
    notices("no answer", {"raises": Uncertain, "reason": "may have been sent"}, body=requests.ReadTimeout()),
    Sends("no template", {"text": "您好", "notice": True}, [], raises=Refused, reason="[settings.notice]"),
)
def test_sends_notices(case):
    check_sends(KIND, case, ANNA)


# out


def sends(label: str, raises: Any = None, answer: Any = None, **expected: Any) -> Sends:
    return Sends(label, {"text": "您好"}, [token(), sent(**answer or {})], raises=raises, **expected)


def complains(label: str, code: int, raises: Any, errmsg: str = f"no {RID}", **expected: Any) -> Sends:
    answer = {"json": {"errcode": code, "errmsg": f"{errmsg} 您好"}}
    return sends(label, raises, answer, code=str(code), **expected)


PICTURE = File("照片.png", "image/png", PNG)


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
        "a link where links are refused",
        {"link": Link("退换货", "https://a/x")},
        [token(), sent(json={"errcode": 45162, "errmsg": ""}), sent()],
        {"touser": TO, "msgtype": "text", "text": {"content": "退换货\nhttps://a/x"}},
        calls=3,
    ),
    Sends(
        "a menu, which mini programs do not have",
        {"menu": Menu("好吗？", (Choice("1", "好"),))},
        [token(), sent()],
        {"touser": TO, "msgtype": "text", "text": {"content": "好吗？\n1. 好"}},
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
        make_channel(KIND).send(outbound(ANNA, text="hi"))
    assert failure.type is ERRORS[code].error
    assert (failure.value.code, failure.value.reason) == (str(code), ERRORS[code].words)


def test_a_picture_is_uploaded_once():
    channel = make_channel(KIND)
    with provider(token(), uploaded(), sent(), sent()) as calls:
        channel.send(outbound(ANNA, file=PICTURE))
        channel.send(outbound(ANNA, file=PICTURE))
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
        make_channel(KIND).send(outbound(ANNA, file=PICTURE))
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
        channel.send(outbound(ANNA, file=PICTURE))
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
        ({"json": {"video_url": 5}}, Unreachable),
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
        channel.send(outbound(ANNA, text="1"))
        channel.send(outbound(ANNA, text="2"))
        channel.send(outbound(ANNA, file=PICTURE))
