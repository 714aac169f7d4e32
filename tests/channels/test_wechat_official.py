from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from responses import Response

from channels.contract import (
    Address,
    Attachment,
    Capabilities,
    Card,
    Choice,
    Consent,
    DeliveryResult,
    File,
    Grant,
    Link,
    Menu,
    Notice,
    Presence,
    Profile,
    Receipt,
    Revocation,
    Signal,
)
from channels.errors import Gone, Misconfigured, Refused, SendError, Throttled, Unreachable, WindowClosed
from channels.wechat.errors import ERRORS
from channels.wechat.media import LIMITS
from tests.channels.cases import (
    Receives,
    Sends,
    check_receives,
    check_sends,
    make_channel,
    provider,
    table,
)
from tests.channels.wechat import (
    MSG,
    NOON,
    OK,
    PNG,
    Played,
    as_xml,
    call,
    outbound,
    paths,
    plain,
    refused,
    sent,
    uploaded,
)

WECHAT = Played("wechat_official")
KIND, APP, ANNA, TO = WECHAT.kind, WECHAT.app, WECHAT.anna, WECHAT.anna.value
fields, push, json_push, message, token = (
    WECHAT.fields,
    WECHAT.push,
    WECHAT.json_push,
    WECHAT.message,
    WECHAT.token,
)
UNIONID = "uDemo_6ZX2k"

# in: messages

TEXT = {"MsgType": "text", "MsgId": MSG, "Content": "你好，订单什么时候发货？[微笑]"}
ASKED = message(text="你好，订单什么时候发货？[微笑]")
PLACE = {
    "MsgType": "location",
    "MsgId": MSG,
    "Location_X": "23.134521",
    "Location_Y": "113.358803",
    "Scale": 20,
    "Label": "广州市海珠区新港中路397号",
}


def file(kind: Any, ref: str, **payload: Any) -> Any:
    return message(kind=kind, attachments=(Attachment(kind, ref),), payload=payload)


def no_place(**changes: str) -> Receives:
    told = {**PLACE, **changes}
    kept = {name: str(value) for name, value in told.items() if name not in ("MsgType", "MsgId")}
    return Receives(
        f"no place on earth: {changes}",
        push(**told),
        [message(kind="unsupported", payload={"type": "location", **kept})],
    )


@table(
    Receives("text", push(**TEXT), [ASKED], reply="success"),
    Receives("text in compatible mode", push(**TEXT), [ASKED], settings={"mode": "compatible"}),
    Receives("text in plaintext", plain(as_xml(fields(**TEXT))), [ASKED], settings={"mode": "plaintext"}),
    Receives("text in JSON, which WeChat does not send", json_push(**TEXT), [ASKED]),
    Receives(
        "a choice in a menu of ours",
        push(**{**TEXT, "Content": "满意", "bizmsgmenuid": 101}),
        [message(text="满意", payload={"choice": "101"}, renews="menu")],
    ),
    Receives(
        "image",
        push(MsgType="image", MsgId=MSG, PicUrl="http://p/0", MediaId="m1"),
        [file("image", "m1", pic_url="http://p/0")],
    ),
    Receives(
        "voice",
        push(MsgType="voice", MsgId=MSG, MediaId="v8", Format="amr", Recognition="", MediaId16K="v16"),
        [file("audio", "v16", format="amr", media_id="v8", media_id_16k="v16")],
    ),
    Receives(
        "voice with its words, in one quality",
        push(MsgType="voice", MsgId=MSG, MediaId="v8", Format="speex", Recognition="在吗"),
        [file("audio", "v8", format="speex", recognition="在吗", media_id="v8")],
    ),
    Receives(
        "video",
        push(MsgType="video", MsgId=MSG, MediaId="v", ThumbMediaId="t"),
        [file("video", "v", thumb_media_id="t")],
    ),
    Receives(
        "short video",
        push(MsgType="shortvideo", MsgId=MSG, MediaId="v", ThumbMediaId="t"),
        [file("video", "v", thumb_media_id="t", short=True)],
    ),
    Receives(
        "location",
        push(**PLACE),
        [
            message(
                kind="location",
                text="广州市海珠区新港中路397号",
                payload={
                    "latitude": 23.134521,
                    "longitude": 113.358803,
                    "scale": 20.0,
                    "label": "广州市海珠区新港中路397号",
                },
            )
        ],
    ),
    no_place(Location_X="north"),
    no_place(Location_X="nan"),
    no_place(Location_Y="181"),
    no_place(Scale="inf"),
    Receives(
        "link",
        push(MsgType="link", MsgId=MSG, Title="退换货说明", Description="七天", Url="https://mp.weixin.qq.com/s/xyz"),
        [
            message(
                kind="link",
                payload={"title": "退换货说明", "description": "七天", "url": "https://mp.weixin.qq.com/s/xyz"},
            )
        ],
    ),
    Receives(
        "a kind of the future",
        push(MsgType="hologram", MsgId=MSG, Size="3"),
        [message(kind="unsupported", payload={"type": "hologram", "Size": "3"})],
    ),
)
def test_receives_messages(case):
    check_receives(KIND, case)


# in: events


def event(name: str, **content: Any) -> Any:
    """What the push of this event becomes; in all modes the same."""
    text = as_xml(fields(MsgType="event", Event=name, **content))
    found = []
    for mode, request in (
        ("safe", WECHAT.sealed(text)),
        ("compatible", WECHAT.sealed(text, clear=text[5:-6])),
        ("plaintext", plain(text)),
    ):
        channel = make_channel(KIND, mode=mode)
        channel.verify(request)
        found.append(channel.parse(request))
    assert found[0] == found[1] == found[2]
    return found[0]


def only(events: list[Any]) -> Any:
    [one] = events
    return one


def check_signal(found: Any, kind: str, payload: Any, renews: str = "") -> None:
    [signal] = found
    assert signal == Signal(key=signal.key, sender=ANNA, sent_at=NOON, kind=kind, payload=payload, renews=renews)


@pytest.mark.parametrize(
    ("content", "payload"),
    [
        ({"EventKey": ""}, {}),
        ({"EventKey": "qrscene_order_991", "Ticket": "gQH47j"}, {"scene": "order_991"}),
        ({"EventKey": "last_trade_no_4001"}, {}),
        ({}, {}),
    ],
)
def test_who_follows_can_be_written_to(content, payload):
    found = only(event("subscribe", **content))
    assert found == Presence(
        key=found.key, sender=ANNA, sent_at=NOON, state="followed", payload=payload, renews="follow"
    )


def test_who_leaves_cannot():
    found = only(event("unsubscribe", EventKey=""))
    assert found == Presence(key=found.key, sender=ANNA, sent_at=NOON, state="left")
    assert not found.reachable


def test_a_scanned_code_is_an_entrance():
    check_signal(event("SCAN", EventKey="order_991", Ticket="gQH47j"), "entered", {"scene": "order_991"}, "scan")


@pytest.mark.parametrize(
    ("name", "content", "payload"),
    [
        ("CLICK", {"EventKey": "MENU_ORDERS"}, {"key": "MENU_ORDERS"}),
        (
            "scancode_push",
            {"EventKey": "k", "ScanCodeInfo": {"ScanType": "qrcode", "ScanResult": "1"}},
            {"key": "k", "scanned": "1"},
        ),
        (
            "scancode_waitmsg",
            {"EventKey": "k", "ScanCodeInfo": {"ScanType": "qrcode", "ScanResult": ""}},
            {"key": "k"},
        ),
    ],
)
def test_a_click_in_the_menu_is_a_signal_that_we_may_answer(name, content, payload):
    check_signal(event(name, **content), "menu", payload, "menu")


PLACE_PICKED = {
    "Location_X": "23",
    "Location_Y": "113",
    "Scale": "15",
    "Label": "l",
    "Poiname": "p",
}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("VIEW", {"EventKey": "https://a.example/x", "MenuId": "425617"}),
        ("view_miniprogram", {"EventKey": "pages/index", "MenuId": "425617"}),
        ("pic_sysphoto", {"EventKey": "k", "SendPicsInfo": {"Count": "1", "PicList": {"item": {"PicMd5Sum": "5a"}}}}),
        ("pic_photo_or_album", {"EventKey": "k", "SendPicsInfo": {"Count": "0"}}),
        ("pic_weixin", {"EventKey": "k", "SendPicsInfo": {"Count": "0"}}),
        ("location_select", {"EventKey": "k", "SendLocationInfo": PLACE_PICKED}),
        ("kf_switch_session", {"FromKfAccount": "a@acct", "ToKfAccount": "b@acct"}),
        ("debug_demo", {"debug_str": "hello"}),
        ("of_the_future", {"Anything": "1"}),
    ],
)
def test_what_else_happens_is_kept_and_opens_nothing(name, content):
    check_signal(event(name, **content), "other", {**content, "type": name.lower()})


def test_where_somebody_is_stays_their_own_business():
    assert event("LOCATION", Latitude="23.137466", Longitude="113.352425", Precision="119.385040") == []


@pytest.mark.parametrize(
    ("latitude", "payload"),
    [
        ("23.137466", {"type": "location", "latitude": 23.137466, "longitude": 113.352425}),
        ("north", {"type": "location", "Latitude": "north", "Longitude": "113.352425"}),
    ],
)
def test_unless_the_account_keeps_it(latitude, payload):
    request = push(MsgType="event", Event="LOCATION", Latitude=latitude, Longitude="113.352425")
    check_signal(make_channel(KIND, keep_location=True).parse(request), "other", payload)


def test_another_desk_holds_the_customer_until_it_lets_go():
    check_signal(event("kf_create_session", KfAccount="test1@acct"), "held", {"by": "test1@acct"})
    check_signal(event("kf_close_session", KfAccount="test1@acct", CloseType="1"), "released", {})


@pytest.mark.parametrize(
    ("status", "state", "reason"),
    [
        ("success", "delivered", ""),
        ("failed:user block", "failed", "user block"),
        ("failed: system failed", "failed", "system failed"),
    ],
)
def test_what_became_of_a_template_message(status, state, reason):
    found = only(event("TEMPLATESENDJOBFINISH", MsgID="3456789012", Status=status))
    assert found == Receipt(key=found.key, sent_at=NOON, provider_id="3456789012", status=state, reason=reason)


def list_of(*items: Any) -> Any:
    return {"List": list(items) if len(items) > 1 else items[0]}


def notice_sent(number: str, code: str = "0", status: str = "success") -> dict[str, str]:
    return {"TemplateId": "T", "MsgID": number, "ErrorCode": code, "ErrorStatus": status}


def test_what_became_of_several_notices():
    entries = list_of(notice_sent("1700827132819554304"), notice_sent("2", "43101", "user refuse to accept the msg"))
    first, second = event("subscribe_msg_sent_event", SubscribeMsgSentEvent=entries)
    assert first == Receipt(key=first.key, sent_at=NOON, provider_id="1700827132819554304", status="delivered")
    assert second == Receipt(
        key=second.key, sent_at=NOON, provider_id="2", status="failed", reason="user refuse to accept the msg"
    )
    assert first.key != second.key


def answered(template: str, status: str) -> dict[str, str]:
    return {"TemplateId": template, "SubscribeStatusString": status, "PopupScene": "0"}


def test_each_acceptance_allows_one_notice():
    entries = list_of(answered("T", "accept"), answered("U", "reject"), answered("T", "accept"))
    found = only(event("subscribe_msg_popup_event", SubscribeMsgPopupEvent=entries))
    assert found == Consent(key=found.key, sender=ANNA, sent_at=NOON, granted={"T": 2})


def test_in_json_the_list_has_no_wrapper():
    channel = make_channel(KIND)
    for entries in (answered("T", "accept"), [answered("T", "accept")]):
        request = json_push(MsgType="event", Event="subscribe_msg_popup_event", List=entries)
        assert only(channel.parse(request)).granted == {"T": 1}


def test_declining_once_revokes_nothing():
    found = only(event("subscribe_msg_popup_event", SubscribeMsgPopupEvent=list_of(answered("T", "reject"))))
    assert found.kind == "other"


def test_switching_off_revokes():
    entries = list_of(answered("T", "reject"), answered("U", "reject"))
    found = only(event("subscribe_msg_change_event", SubscribeMsgChangeEvent=entries))
    assert found == Consent(key=found.key, sender=ANNA, sent_at=NOON, revoked=("T", "U"))


@pytest.mark.parametrize(
    ("name", "codes", "what"),
    [
        ("user_authorization_revoke", "201", ("address",)),
        ("user_authorization_revoke", "205,206, 207,206", ("name", "location", "files")),
        ("user_authorization_revoke", "8,16", ("phone", "email")),
        ("user_authorization_revoke", "202", ("other",)),
        ("user_authorization_revoke", None, ("other",)),
        ("user_authorization_cancellation", None, ("everything",)),
        ("user_info_modified", None, ("name",)),
    ],
)
def test_what_was_taken_back_is_the_customers_whom_wechat_names(name, codes, what):
    found = only(event(name, OpenID="oBob", AppID=APP, UnionID=UNIONID, RevokeInfo=codes))
    assert found == Revocation(
        key=found.key,
        sender=Address(ANNA.scheme, "oBob"),
        sent_at=NOON,
        what=what,
        aliases=(Address("wechat:unionid", UNIONID),),
    )


def test_a_revocation_without_unionid_in_wechats_own_spelling():
    told = {"MsgType": "event", "Event": "user_authorization_revoke", " OpenID": "oBob", " RevokeInfo": "201"}
    found = only(make_channel(KIND).parse(json_push(**told)))
    assert (found.sender.value, found.what, found.aliases) == ("oBob", ("address",), ())


def test_a_repeated_event_has_the_same_key_and_another_one_has_not():
    pushes = [
        ("CLICK", {"EventKey": "a"}),
        ("click", {"EventKey": "a"}),
        ("CLICK", {"EventKey": "b"}),
        ("SCAN", {"EventKey": "a"}),
        ("TEMPLATESENDJOBFINISH", {"MsgID": "1", "Status": "success"}),
        ("TEMPLATESENDJOBFINISH", {"MsgID": "2", "Status": "success"}),
        ("kf_create_session", {"KfAccount": "a@b"}),
        ("kf_create_session", {"KfAccount": "c@b"}),
        ("user_authorization_revoke", {"OpenID": "o", "RevokeInfo": "201"}),
        ("user_authorization_revoke", {"OpenID": "o", "RevokeInfo": "202"}),
        ("user_authorization_revoke", {"OpenID": "p", "RevokeInfo": "202"}),
        ("subscribe_msg_popup_event", {"SubscribeMsgPopupEvent": list_of(answered("T", "accept"))}),
        ("subscribe_msg_popup_event", {"SubscribeMsgPopupEvent": list_of(answered("U", "accept"))}),
    ]
    keys = [only(event(name, **content)).key for name, content in pushes]
    assert keys[0] == keys[1]
    assert len(set(keys)) == len(keys) - 1


# settings


def test_a_verified_account_can_do_all_this():
    assert make_channel(KIND).capabilities == Capabilities(
        text_bytes=1800,
        media=LIMITS,
        links=True,
        menus=True,
        typing=True,
        profiles=True,
        marks_bots=True,
        allowances={
            "message": Grant(5, timedelta(hours=48)),
            "menu": Grant(3, timedelta(minutes=1)),
            "follow": Grant(3, timedelta(minutes=1)),
            "scan": Grant(3, timedelta(minutes=1)),
        },
    )


def test_cards_need_a_mini_program_and_notices_their_template():
    settings = {"mini_program": "wxfedcba0987654321", "notice": {"template": "T", "fields": {"thing1": "{text}"}}}
    capabilities = make_channel(KIND, **settings).capabilities
    assert (capabilities.cards, capabilities.notice) == (True, Notice())


def test_ops_know_better_what_is_allowed():
    settings = {"allowances": {"message": {"count": 20}, "menu": {"within": "2m"}}}
    allowances = make_channel(KIND, **settings).capabilities.allowances
    assert allowances == {
        "message": Grant(20, timedelta(hours=48)),
        "menu": Grant(3, timedelta(minutes=2)),
        "follow": Grant(3, timedelta(minutes=1)),
        "scan": Grant(3, timedelta(minutes=1)),
    }


NOTICE = {"template": "T", "fields": {"thing1": "{text}"}}


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"replies": "later"}, "customer_service"),
        ({"mini_program": "1234"}, "should match pattern"),
        ({"agents": {"小林": "lin"}}, "the account of 小林 is no kf_account"),
        (
            {"allowances": {"entered": {"count": 2}}},
            "no allowance entered; known: message, menu, follow, scan",
        ),
        ({"allowances": {"message": {"count": -1}}}, "greater than or equal to 0"),
        ({"allowances": {"message": {"within": "two days"}}}, "write a duration"),
        ({"allowances": {"message": {"every": "1d"}}}, "Extra inputs"),
        ({"notice": {"template": "T"}}, "Field required"),
        ({"notice": {**NOTICE, "fields": {}}}, "at least 1 item"),
        ({"notice": {**NOTICE, "fields": {"thing1": "{label}"}}}, r"{label} is no placeholder; known: {agent}, {text}"),
        ({"notice": {**NOTICE, "fields": {"thing1": "{}"}}}, "{} is no placeholder"),
        ({"notice": {**NOTICE, "fields": {"thing1": "{text:>9}"}}}, "{text} is no placeholder"),
        ({"notice": {**NOTICE, "fields": {"thing1": "{text.real}"}}}, "is no placeholder"),
        ({"notice": {**NOTICE, "fields": {"thing1": "{text"}}}, "a brace without its counterpart"),
        ({"notice": {**NOTICE, "page": "pages/index"}}, "page and page_app_id belong together"),
        ({"notice": NOTICE, "replies": "passive"}, "only verified accounts send notices"),
    ],
)
def test_settings_say_what_is_wrong(changes, complaint):
    with pytest.raises(ValidationError, match=complaint):
        make_channel(KIND, **changes)


# out

PICTURE = File("照片.png", "image/png", PNG)
VOICE = File("a.amr", "audio/amr", b"#!AMR\nabc")
SONG = File("a.mp3", "audio/mpeg", b"ID3abc")
CLIP = File("v.mp4", "video/mp4", b"....ftypmp42")
MENU = Menu("您对本次服务是否满意？", (Choice("101", "满意"), Choice("102", "不满意")), "欢迎再次光临")
LINK = Link("退换货", "https://a/x", "七天", "https://a/p.jpg")
CARDS = {"mini_program": "wxfedcba0987654321"}


def says(kind: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"touser": TO, "msgtype": kind, kind: content, **more}


def sends_file(label: str, file: File, kind: str, **answer: str) -> Sends:
    upload = uploaded(json={"type": kind, "created_at": 1, **answer}) if answer else uploaded()
    return Sends(label, {"file": file}, [token(), upload, sent()], says(kind, {"media_id": "M1"}))


def degrades(label: str, code: int, content: dict[str, Any], text: str) -> Sends:
    return Sends(label, content, [token(), refused(code), sent()], says("text", {"content": text}), calls=3)


NUMBERED = "您对本次服务是否满意？\n1. 满意\n2. 不满意\n欢迎再次光临"
SHOWN_MENU = {
    "head_content": "您对本次服务是否满意？",
    "list": [{"id": "101", "content": "满意"}, {"id": "102", "content": "不满意"}],
    "tail_content": "欢迎再次光临",
}
ARTICLE = {"title": "退换货", "description": "七天", "url": "https://a/x", "picurl": "https://a/p.jpg"}
LIN = {"agents": {"小林": "lin@shop"}}


@table(
    Sends("text", {"text": "您好"}, [token(), sent()], says("text", {"content": "您好"})),
    Sends(
        "by a bot",
        {"text": "您好", "by_bot": True},
        [token(), sent()],
        says("text", {"content": "您好"}, aimsgcontext={"is_ai_msg": 1}),
    ),
    Sends(
        "by an agent whom customers know",
        {"text": "您好", "author": "小林"},
        [token(), sent()],
        says("text", {"content": "您好"}, customservice={"kf_account": "lin@shop"}),
        settings=LIN,
    ),
    Sends(
        "by an agent whom they do not",
        {"text": "您好", "author": "小李"},
        [token(), sent()],
        says("text", {"content": "您好"}),
        settings=LIN,
    ),
    sends_file("image", PICTURE, "image"),
    sends_file("voice", VOICE, "voice"),
    sends_file("voice as MP3", SONG, "voice"),
    sends_file("video", CLIP, "video"),
    Sends(
        "a file that WeChat does not carry",
        {"file": File("a.pdf", "application/pdf", b"%PDF")},
        [],
        raises=Refused,
        reason="PNG, JPEG and GIF pictures, AMR and MP3 recordings, MP4 videos only",
    ),
    Sends(
        "an upload that expired early",
        {"file": VOICE},
        [token(), uploaded(), refused(40007), uploaded("M2"), sent()],
        says("voice", {"media_id": "M2"}),
    ),
    Sends("link", {"link": LINK}, [token(), sent()], says("news", {"articles": [ARTICLE]})),
    degrades("a link where news are refused", 45162, {"link": LINK}, "退换货\nhttps://a/x"),
    Sends("menu", {"menu": MENU}, [token(), sent()], says("msgmenu", SHOWN_MENU)),
    degrades("menu of an unverified account", 40200, {"menu": MENU}, NUMBERED),
    degrades("menu of another kind of account", 40008, {"menu": MENU}, NUMBERED),
    degrades("menu refused otherwise", 45162, {"menu": Menu("好吗？", (Choice("1", "好"),))}, "好吗？\n1. 好"),
    Sends(
        "menu outside of the window",
        {"menu": MENU},
        [token(), refused(45015)],
        raises=WindowClosed,
        code="45015",
        calls=2,
    ),
    Sends(
        "menu refused as text as well",
        {"menu": MENU},
        [token(), refused(40200), refused(45047)],
        raises=WindowClosed,
        code="45047",
        calls=3,
    ),
    Sends(
        "card",
        {"card": Card("订单", "pages/o?id=1", PICTURE)},
        [token(), uploaded(), sent()],
        says(
            "miniprogrampage",
            {"title": "订单", "appid": "wxfedcba0987654321", "pagepath": "pages/o?id=1", "thumb_media_id": "M1"},
        ),
        settings=CARDS,
    ),
    Sends(
        "card without mini program",
        {"card": Card("订单", "pages/o", PICTURE)},
        [],
        raises=Refused,
        reason="settings.mini_program",
    ),
    Sends(
        "card without cover",
        {"card": Card("订单", "pages/o")},
        [],
        raises=Refused,
        reason="a card needs a cover image",
        settings=CARDS,
    ),
    Sends(
        "card with a video for its cover",
        {"card": Card("订单", "pages/o", CLIP)},
        [],
        raises=Refused,
        reason="PNG, JPEG and GIF pictures only",
        settings=CARDS,
    ),
)
def test_sends(case):
    check_sends(KIND, case, ANNA)


STALE = {40001, 40014, 42001}
# what WeChat's documents say about each code, and so what has to happen
EXPECTED: dict[type[SendError], set[int]] = {
    Unreachable: {-1},
    Misconfigured: {40001, 40014, 42001, 40002, 40013, 40125, 41002, 41004, 40164, 61004, 89501, 89503, 89506, 89507}
    | {40243, 48001, 48004, 50002, 48006, 41001},
    Gone: {40003, 43004, 50005, 43019, 48002},
    WindowClosed: {45015, 45047, 43101},
    Throttled: {45009, 45011},
    Refused: {45002, 45003, 45004, 45005, 45006, 45007, 45008, 44001, 44002, 44004, 40033, 47001, 45001}
    | {40004, 40005, 40006, 40007, 40008, 40009, 41006, 45162, 40200, 47003, 40037, 41030, 87014, 70000}
    | {45072, 45080, 45081, 65400, 65401},
}


def test_every_known_code_is_in_the_table():
    assert {code: error for error, codes in EXPECTED.items() for code in codes} == {
        code: meaning.error for code, meaning in ERRORS.items()
    }


@pytest.mark.parametrize(("code", "error"), [(code, error) for error, codes in EXPECTED.items() for code in codes])
def test_every_known_code_decides_and_speaks_plainly(code, error):
    answers = [token(), refused(code)]
    if code in STALE:
        answers += [token("T2"), refused(code, with_token="T2")]
        answers += [token("T2"), token("T2", force=True), refused(code, with_token="T2")]
    with provider(*answers), pytest.raises(SendError) as failure:
        make_channel(KIND).send(outbound(ANNA, text="hi"))
    assert failure.type is error
    assert failure.value.code == str(code)
    assert failure.value.reason.startswith(ERRORS[code].words)


def test_each_type_of_file_is_uploaded_once_under_a_name_wechat_believes():
    channel = make_channel(KIND)
    voice, video = ({"json": {"media_id": name, "created_at": 1}} for name in ("V", "W"))
    with provider(token(), uploaded(**voice), sent(), sent(), uploaded(**video), sent()) as calls:
        for file in (VOICE, VOICE, CLIP):
            channel.send(outbound(ANNA, file=file))
        assert paths(calls) == ["stable_token", "upload", "send", "send", "upload", "send"]
        assert "type=voice" in calls[1].request.path_url
        assert b'name="media"; filename="voice.amr"' in calls[1].request.body
        assert "type=video" in calls[4].request.path_url
        assert b'name="media"; filename="video.mp4"' in calls[4].request.body


# notices


def noticing(**changes: Any) -> Any:
    fields = {"thing1": "{text}", "thing4": "{text}（点击查看）", "keyword2": "{agent} 回复了您", "time3": "{time}"}
    return make_channel(KIND, notice={"template": "TPL", "fields": fields, **changes})


def test_a_notice_is_a_template_message_with_a_receipt_to_come():
    channel = noticing(url="https://a/x", page="pages/chat", page_app_id="wxfedcba0987654321")
    told = outbound(ANNA, text="您的订单已发货，\n快递单号 SF1234567890123，请留意查收", author="小林", notice=True)
    with provider(token(), call("message/template/send", json={**OK, "msgid": 200228332})) as calls:
        assert channel.send(told) == DeliveryResult("200228332")
        told_wechat = json.loads(calls[1].request.body)
    moment = told_wechat["data"]["time3"].pop("value")
    assert len(moment) == len("2026-11-22 10:00")
    assert told_wechat == {
        "touser": TO,
        "template_id": "TPL",
        "client_msg_id": told.id.hex,
        "url": "https://a/x",
        "miniprogram": {"appid": "wxfedcba0987654321", "pagepath": "pages/chat"},
        "data": {
            "thing1": {"value": "您的订单已发货， 快递单号 SF123…"},
            "thing4": {"value": "您的订单已发货， 快递单号…（点击查看）"},
            "keyword2": {"value": "小林 回复了您"},
            "time3": {},
        },
    }
    assert len(told_wechat["data"]["thing1"]["value"]) == 20


def test_no_field_of_a_notice_is_empty():
    with provider(token(), call("message/template/send", json=OK)) as calls:
        assert noticing().send(outbound(ANNA, notice=True)) == DeliveryResult(None)
        data = json.loads(calls[1].request.body)["data"]
    assert (data["thing1"], data["keyword2"]) == ({"value": "您有一条新回复"}, {"value": "客服 回复了您"})


def test_a_notice_that_may_have_been_sent_can_be_sent_again():
    answer = call("message/template/send", body="<html>")
    with provider(token(), answer), pytest.raises(Unreachable):
        noticing().send(outbound(ANNA, text="hi", notice=True))


@pytest.mark.parametrize(("code", "error"), [(43004, Gone), (40037, Refused), (47003, Refused)])
def test_a_refused_notice_says_why(code, error):
    with provider(token(), refused(code, "message/template/send")), pytest.raises(error) as failure:
        noticing().send(outbound(ANNA, text="hi", notice=True))
    assert failure.value.code == str(code)


def test_a_channel_without_a_template_has_no_notices():
    with pytest.raises(Refused, match=r"no \[settings.notice\]"):
        make_channel(KIND).send(outbound(ANNA, text="hi", notice=True))


# people


def test_a_profile_is_what_wechat_still_tells():
    answer = {
        "subscribe": 1,
        "openid": TO,
        "language": "zh_CN",
        "subscribe_time": 1772366400,
        "unionid": UNIONID,
        "remark": "",
        "groupid": 0,
        "tagid_list": [],
        "subscribe_scene": "ADD_SCENE_QR_CODE",
        "qr_scene": 0,
        "qr_scene_str": "order_991",
    }
    with provider(token(), call("user/info", json=answer)) as calls:
        profile = make_channel(KIND).profile(ANNA)
        assert f"openid={TO}&lang=zh_CN" in calls[1].request.url
    assert profile == Profile(
        aliases=(Address("wechat:unionid", UNIONID),),
        language="zh-CN",
        facts={
            "subscribe_scene": "ADD_SCENE_QR_CODE",
            "qr_scene_str": "order_991",
            "subscribe_time": "2026-03-01T12:00:00Z",
        },
    )


def test_of_somebody_who_left_there_is_nothing():
    answer = {"subscribe": 0, "openid": TO, "unionid": UNIONID}
    with provider(token(), call("user/info", json=answer)):
        assert make_channel(KIND).profile(ANNA) == Profile()


def test_a_profile_is_asked_for_again_with_a_new_token():
    answers = [refused(42001, "user/info"), token("T2"), call("user/info", "T2", json={"subscribe": 1})]
    with provider(token(), *answers):
        assert make_channel(KIND).profile(ANNA) == Profile()


# files


@pytest.mark.parametrize(
    ("content", "header", "name", "mime"),
    [
        (b"#!AMR\n" + bytes(40), "audio/amr", "audio.amr", "audio/amr"),
        (b"#!AMR-WB\n" + bytes(40), "audio/AMR-WB", "audio.amr", "audio/amr-wb"),
        (b"\x00\x01" * 20, "audio/speex", "audio.spx", "audio/speex"),
    ],
)
def test_a_recording_has_a_name_that_players_know(content, header, name, mime):
    with provider(token(), call("media/get", body=content, content_type=header)):
        assert make_channel(KIND).fetch(Attachment("audio", "v")) == File(name, mime, content)


def test_a_video_is_fetched_from_where_wechat_says():
    clip = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"
    away = Response("GET", "http://8.8.8.8/v?x=1", body=clip, content_type="video/mp4")
    with provider(token(), call("media/get", json={"video_url": "http://8.8.8.8/v?x=1"}), away):
        assert make_channel(KIND).fetch(Attachment("video", "v")) == File("video.mp4", "video/mp4", clip)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://8.8.8.8/v", "no web address"),
        ("file:///etc/passwd", "no web address"),
        ("//8.8.8.8/v", "no web address"),
        ("http://127.0.0.1/v", "not on the internet"),
        ("http://10.1.2.3/v", "not on the internet"),
        ("http://169.254.169.254/latest/meta-data", "not on the internet"),
        ("http://[::1]/v", "not on the internet"),
        ("http://[::ffff:127.0.0.1]/v", "not on the internet"),
        ("http://0x7f000001/v", "not on the internet"),
        ("http://localhost/v", "not on the internet"),
    ],
)
def test_but_never_from_inside_our_own_network(url, reason):
    answer = call("media/get", json={"video_url": url})
    with provider(token(), answer), pytest.raises(Refused, match=reason):
        make_channel(KIND).fetch(Attachment("video", "v"))


def test_a_video_that_moved_away_is_not_followed():
    moved = Response("GET", "http://8.8.8.8/v", status=302, headers={"Location": "http://127.0.0.1/"})
    answer = call("media/get", json={"video_url": "http://8.8.8.8/v"})
    with provider(token(), answer, moved), pytest.raises(Refused, match="HTTP 302"):
        make_channel(KIND).fetch(Attachment("video", "v"))


def test_a_simulator_beside_us_serves_videos_itself():
    base, clip = "http://127.0.0.1:8001", b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"
    answers = [
        Response("POST", f"{base}/cgi-bin/stable_token", json={"access_token": "T", "expires_in": 7200}),
        Response("GET", f"{base}/cgi-bin/media/get", json={"video_url": "http://127.0.0.1:8002/v.mp4"}),
        Response("GET", "http://127.0.0.1:8002/v.mp4", body=clip),
    ]
    with provider(*answers):
        assert make_channel(KIND, api_base=base).fetch(Attachment("video", "v")).mime == "video/mp4"
