"""What followers of an official account do beside writing, and what the hub makes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update

from channels.contract import Address
from hub.db import db
from hub.models import (
    Allowance,
    Arrival,
    Attachment,
    BotTurn,
    Consent,
    Contact,
    Conversation,
    Delivery,
    Identity,
    MediaFetch,
    Message,
    ProfileFetch,
)
from hub.services import contacts
from tests.pager import Pager
from tests.stage import Person, Stage, WeChat, at_once, states, written

SCHEME = "wechat:wx0000000000000003"
XIAO_MING = {"subscribe": 1, "unionid": "uXiaoMing", "language": "zh_CN", "subscribe_scene": "ADD_SCENE_QR_CODE"}


@pytest.fixture
def anna(stage: Stage) -> Person:
    return stage.agent()


@pytest.fixture
def bot(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bot answers first."""
    channels = stage.app.extensions["settings"].channels
    file = channels["service"].file.model_copy(update={"bot": "frontdesk"})
    monkeypatch.setitem(channels, "service", replace(channels["service"], file=file))


@pytest.fixture
def keeping_locations(stage: Stage) -> None:
    """As ops may ask for in the account's settings."""
    channels = stage.app.extensions["channels"]
    usual = channels["service"]
    kept = usual.settings.model_copy(update={"keep_location": True})
    channels["service"] = type(usual)("service", kept, http=usual.http, cache=usual.cache)


def events(stage: Stage) -> list[dict[str, Any]]:
    return [row.payload for row in stage.rows(Message, Message.kind == "event")]


def left(stage: Stage) -> dict[str, int]:
    return {row.action: row.left for row in stage.rows(Allowance)}


def lines(stage: Stage, author: str) -> list[str]:
    return [text for who, text in stage.thread() if who == author]


# following


def test_who_follows_by_a_code_is_greeted_and_leaves_the_scene(stage: Stage, wechat: WeChat, bot: None) -> None:
    stage.event("subscribe", EventKey="qrscene_order_991", Ticket="gQH47j")
    stage.work()
    conversation = stage.conversation()
    assert (conversation.status, conversation.context) == ("bot", {"scene": "order_991"})
    assert events(stage) == [{"event": "followed", "scene": "order_991"}]
    assert (wechat.texts, left(stage)) == (["欢迎光临"], {"follow": 2})
    assert stage.row(Identity).reachable


def test_who_leaves_cannot_be_reached_and_comes_back_in_the_same_conversation(
    stage: Stage, anna: Person, wechat: WeChat
) -> None:
    stage.push("hi", channel="service", at=0)
    stage.event("unsubscribe", EventKey="", at=1)
    stage.work()
    assert not stage.row(Identity).reachable
    detail = anna.get("/conversations/1")
    assert (detail["reply"]["reason"], detail["allowance"]["left"]) == ("unreachable", 0)
    stage.event("subscribe", EventKey="", at=2)
    stage.work()
    assert stage.row(Identity).reachable
    assert events(stage) == [{"event": "left"}, {"event": "followed"}]
    assert (len(stage.rows(Conversation)), left(stage)) == (1, {"message": 0, "follow": 3})
    assert anna.get("/conversations/1")["reply"]["reason"] is None


def test_who_leaves_unheard_opens_no_conversation(stage: Stage) -> None:
    stage.event("unsubscribe", EventKey="")
    stage.work()
    assert (stage.rows(Conversation), stage.row(Identity).reachable) == ([], False)


def test_following_twice_at_once_is_one_conversation(stage: Stage, wechat: WeChat, bot: None) -> None:
    at_once(*[lambda: stage.event("subscribe", EventKey="")] * 3)
    at_once(*[stage.work] * 2)
    assert (wechat.texts, len(stage.rows(Arrival))) == (["欢迎光临"], 1)


def test_a_scanned_code_is_a_hint_and_lets_us_answer(stage: Stage, wechat: WeChat, bot: None) -> None:
    stage.event("SCAN", EventKey="order_991", Ticket="t", at=0)
    stage.event("SCAN", EventKey="order_991", Ticket="t", at=1)
    stage.event("SCAN", EventKey="order_992", Ticket="t", at=2)
    stage.work()
    assert [each.get("scene") for each in events(stage)] == ["order_991", "order_992"]
    assert stage.conversation().context == {"scene": "order_992"}
    assert lines(stage, "bot") == ["欢迎光临"]
    assert left(stage)["scan"] > 0


# the menu


def test_a_click_is_answered_by_the_bots_rule(stage: Stage, wechat: WeChat, bot: None) -> None:
    stage.event("CLICK", EventKey="ORDERS")
    stage.work()
    assert events(stage) == [{"event": "menu", "key": "ORDERS"}]
    assert (wechat.texts, left(stage)) == (["您的订单在小程序里"], {"menu": 2})
    assert stage.conversation().context == {"menu": "ORDERS"}
    assert (stage.row(BotTurn).outcome, stage.conversation().status) == ("said", "bot")


def test_a_click_can_ask_for_people(stage: Stage, wechat: WeChat, bot: None) -> None:
    stage.event("CLICK", EventKey="COMPLAIN")
    stage.work()
    assert [each["event"] for each in events(stage)] == ["menu", "handed_over"]
    assert (stage.conversation().status, stage.row(BotTurn).outcome) == ("waiting", "handed_over")
    assert wechat.texts == ["正在为您转接人工客服，请稍候。"]


def test_a_click_while_a_person_answers_is_told_to_them_only(
    stage: Stage, anna: Person, wechat: WeChat, bot: None
) -> None:
    stage.push("怎么退款", channel="service", at=0)
    stage.work()
    anna.post("/conversations/1/claim")
    stage.event("scancode_push", EventKey="box", ScanCodeInfo={"ScanType": "qrcode", "ScanResult": "1"}, at=1)
    stage.work()
    assert events(stage)[-1] == {"event": "menu", "key": "box", "scanned": "1"}
    assert (len(wechat.texts), stage.conversation().status) == (1, "open")


@pytest.mark.parametrize("event", ["VIEW", "view_miniprogram", "pic_weixin", "location_select", "kf_switch_session"])
def test_other_entries_of_the_menu_say_nothing(stage: Stage, event: str) -> None:
    stage.event(event, EventKey="https://a.example", MenuId="1")
    stage.work()
    assert (stage.rows(Conversation), stage.rows(Allowance)) == ([], [])
    assert states(stage.rows(Arrival)) == ["done"]


# where they are


def test_where_a_customer_is_nobody_keeps(stage: Stage) -> None:
    stage.push("hi", channel="service", at=0)
    stage.event("LOCATION", Latitude="23.137466", Longitude="113.352425", Precision="119.385040", at=1)
    stage.work()
    assert (stage.conversation().context, len(stage.rows(Arrival))) == ({}, 1)


def test_where_a_customer_is_agents_see_if_ops_ask_for_it(stage: Stage, keeping_locations: None) -> None:
    stage.event("LOCATION", Latitude="1", Longitude="2", Precision="3", at=0)
    stage.work()
    assert stage.rows(Conversation) == []  # nobody spoke yet
    stage.push("hi", channel="service", at=1)
    stage.event("LOCATION", Latitude="23.137466", Longitude="113.352425", Precision="119.385040", at=2)
    stage.work()
    assert stage.conversation().context == {"location": {"latitude": 23.137466, "longitude": 113.352425}}
    assert events(stage) == []


# WeChat's own tool


def test_who_is_held_by_another_tool_is_known_to_be(stage: Stage, anna: Person, bot: None) -> None:
    stage.push("hi", channel="service", at=0)
    stage.event("kf_create_session", KfAccount="lin@shop", at=1)
    stage.do("arrival", 5)
    stage.do("arrival", 5)
    assert stage.conversation().context == {"held_by": "lin@shop"}
    assert anna.get("/conversations/1")["context"] == {"held_by": "lin@shop"}
    stage.event("kf_close_session", KfAccount="lin@shop", at=2)
    stage.do("arrival", 5)
    assert stage.conversation().context == {}
    assert [each for each in events(stage) if each["event"] in ("held", "released")] == [
        {"event": "held", "by": "lin@shop"},
        {"event": "released"},
    ]


def test_who_is_released_unheard_opens_nothing(stage: Stage) -> None:
    stage.event("kf_close_session", KfAccount="lin@shop")
    stage.work()
    assert stage.rows(Conversation) == []


# what they take back


def revoke(stage: Stage, event: str, at: int = 9, **fields: str) -> None:
    """WeChat names the customer in a field of its own."""
    stage.event(event, sender="wechat", at=at, OpenID="anna", AppID="wx0000000000000003", **fields)
    stage.work()


def test_who_closes_their_account_is_forgotten(stage: Stage, anna: Person, wechat: WeChat) -> None:
    stage.push("我的电话是13800138000", channel="service")
    stage.work()
    anna.post("/conversations/1/messages", {"text": "好的"}, 201)
    stage.work()
    revoke(stage, "user_authorization_cancellation")
    assert [row.text for row in stage.rows(Message, Message.kind == "text")] == ["", ""]
    assert all(row.value != "anna" and not row.reachable for row in stage.rows(Identity))
    assert stage.conversation().status == "resolved"
    assert events(stage)[-1] == {"event": "erased", "what": ["everything"], "by": None}
    assert "13800138000" not in str([row.event for row in stage.rows(Arrival)])


def test_who_closes_their_account_and_writes_again_is_somebody_new(stage: Stage, wechat: WeChat) -> None:
    stage.push("hi", channel="service")
    stage.work()
    revoke(stage, "user_authorization_cancellation")
    stage.push("hi again", channel="service", at=20)
    stage.work()
    assert len(stage.rows(Contact)) == 2
    assert [row.status for row in stage.rows(Conversation)] == ["resolved", "waiting"]


def test_what_waits_for_a_forgotten_customer_never_goes(stage: Stage, anna: Person, wechat: WeChat) -> None:
    stage.push("hi", channel="service")
    stage.event("unsubscribe", EventKey="", at=1)
    stage.work()
    anna.post("/conversations/1/messages", {"text": "您的退款到账了"}, 201)
    revoke(stage, "user_authorization_cancellation")
    stage.push("hi again", channel="service", at=20)
    stage.work()
    assert ([row.state for row in stage.rows(Delivery)], wechat.sent, wechat.notices) == (["cancelled"], [], [])


@pytest.mark.parametrize(("codes", "what"), [("206", ["location"]), ("205,206", ["location", "name"])])
def test_only_what_was_taken_back_is_forgotten(
    stage: Stage, keeping_locations: None, codes: str, what: list[str]
) -> None:
    stage.push("hi", channel="service", at=0)
    stage.event("LOCATION", Latitude="1", Longitude="2", at=1)
    stage.work()
    revoke(stage, "user_authorization_revoke", RevokeInfo=codes)
    assert stage.conversation().context.get("latitude") is None
    assert (lines(stage, "contact"), stage.conversation().status) == (["hi"], "waiting")
    assert events(stage)[-1] == {"event": "erased", "what": what, "by": None}


# notifications


def notified(stage: Stage, anna: Person) -> None:
    stage.push("hi", channel="service")
    stage.work()
    with stage.inside():
        db.session.execute(update(Allowance).values(left=0))
    anna.post("/conversations/1/messages", {"text": "hello"}, 201)
    stage.work()


@pytest.mark.parametrize(
    ("status", "state", "receipt", "via"),
    [("success", "done", "delivered", "notice"), ("failed:user block", "failed", "", "wait")],
)
def test_wechat_tells_what_became_of_a_template_message(
    stage: Stage, anna: Person, wechat: WeChat, status: str, state: str, receipt: str, via: str
) -> None:
    notified(stage, anna)
    stage.event("TEMPLATESENDJOBFINISH", MsgID="1001", Status=status, at=9)
    stage.work()
    message, notice = stage.rows(Delivery)
    assert (message.state, notice.state, notice.receipt) == ("waiting", state, receipt)
    assert stage.row(Message, Message.direction == "out").payload["fallback"]["via"] == via


def test_what_became_of_a_notification_comes_with_a_push_of_the_customer(
    stage: Stage, anna: Person, wechat: WeChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are taken in together: the answer goes one way, not two."""
    channels = stage.app.extensions["settings"].channels
    file = channels["service"].file.model_copy(update={"fallback": ["notice", "pager", "wait"]})
    monkeypatch.setitem(channels, "service", replace(channels["service"], file=file))
    notified(stage, anna)
    with stage.inside():
        contacts.link([Address(SCHEME, "anna"), Address("pager", "anna")])
        db.session.execute(update(Identity).values(reachable=True))
    stage.push("back", channel="service", at=9)
    stage.event("TEMPLATESENDJOBFINISH", MsgID="1001", Status="failed:user block", at=9)
    stage.do("arrival", 20)
    stage.work()
    assert wechat.texts + [message.text for message in Pager.sent] == ["hello"]


def test_a_report_of_something_we_did_not_send_is_done_after_some_looks(stage: Stage) -> None:
    stage.event("TEMPLATESENDJOBFINISH", MsgID="77", Status="success")
    looks = 0
    while states(stage.rows(Arrival)) != ["done"]:
        stage.make_due(Arrival)
        looks += stage.do("arrival")
    assert looks == 4


def asked(stage: Stage, wrapper: str, name: str, *answers: tuple[str, str], at: int) -> None:
    items = [{"TemplateId": template, "SubscribeStatusString": answer} for template, answer in answers]
    stage.event(name, channel="stall", at=at, **{wrapper: {"List": items if len(items) > 1 else items[0]}})
    stage.work()


def test_consents_are_counted_and_withdrawn(stage: Stage) -> None:
    counted = []
    for at, answers in enumerate([[("a", "accept")], [("a", "accept"), ("b", "accept")], [("a", "reject")]]):
        asked(stage, "SubscribeMsgPopupEvent", "subscribe_msg_popup_event", *answers, at=at)
        counted.append({row.template: row.left for row in stage.rows(Consent)})
    assert counted == [{"a": 1}, {"a": 2, "b": 1}, {"a": 2, "b": 1}]  # no to one question takes nothing back
    asked(stage, "SubscribeMsgChangeEvent", "subscribe_msg_change_event", ("a", "reject"), at=9)
    assert {row.template: row.left for row in stage.rows(Consent)} == {"a": 0, "b": 1}
    assert stage.rows(Conversation) == []


def test_a_consent_that_is_pushed_twice_counts_once(stage: Stage) -> None:
    for _ in range(3):
        asked(stage, "SubscribeMsgPopupEvent", "subscribe_msg_popup_event", ("a", "accept"), at=1)
    assert stage.row(Consent).left == 1


# who they are


def test_who_is_known_to_wechat_is_known_to_us(stage: Stage, anna: Person, wechat: WeChat) -> None:
    wechat.users["anna"] = XIAO_MING
    stage.event("subscribe", EventKey="")
    stage.do("arrival")
    assert [(job.channel, job.state) for job in stage.rows(ProfileFetch)] == [("service", "pending")]
    stage.work()
    contact = anna.get("/contacts/1")
    assert (contact["language"], contact["facts"]) == ("zh-CN", {"subscribe_scene": "ADD_SCENE_QR_CODE"})
    assert [(each["scheme"], each["value"]) for each in contact["identities"]] == [
        (SCHEME, "anna"),
        ("wechat:unionid", "uXiaoMing"),
    ]


def test_one_person_of_two_accounts_has_one_conversation(stage: Stage, anna: Person, wechat: WeChat) -> None:
    """The pager knows the unionid, as the mini program's own back end does; the official account is asked for it."""
    stage.page(written("on the pager", sender="ming", number=1, aliases=(Address("wechat:unionid", "uXiaoMing"),)))
    stage.work()
    wechat.users["anna"] = XIAO_MING
    stage.push("in the official account", channel="service", at=5)
    stage.do("arrival")
    assert len([row for row in stage.rows(Conversation) if row.status != "resolved"]) == 2
    stage.work()
    assert {row.contact_id for row in stage.rows(Identity)} == {1}
    [conversation] = [row for row in stage.rows(Conversation) if row.status != "resolved"]
    assert lines(stage, "contact") == ["on the pager", "in the official account"]
    anna.post(f"/conversations/{conversation.id}/messages", {"text": "hello"}, 201)
    stage.work()
    assert len(wechat.texts) + len(Pager.sent) == 1


def test_what_waits_is_released_for_a_person_who_was_joined(stage: Stage, anna: Person, wechat: WeChat) -> None:
    stage.push("hi", channel="service")
    stage.do("arrival")
    with stage.inside():
        db.session.execute(update(Allowance).values(left=0))
    anna.post("/conversations/1/messages", {"text": "hello"}, 201)
    stage.page(written("on the pager", sender="ming", number=1, aliases=(Address(SCHEME, "anna"),)))
    stage.work()
    assert (wechat.texts, len(wechat.notices)) == ([], 1)
    stage.push("back", channel="service", at=9)
    stage.work()
    assert wechat.texts == ["hello"]


# voice


def test_a_voice_message_goes_to_the_bot_as_it_is_where_nothing_writes_it_down(
    stage: Stage, wechat: WeChat, bot: None
) -> None:
    stage.push(
        channel="service", MsgType="voice", MediaId="m-8k", MediaId16K="m-16k", Format="amr", Recognition="怎么退款"
    )
    stage.do("arrival")
    message = stage.row(Message, Message.direction == "in")
    assert (message.kind, message.text, message.payload["recognition"]) == ("audio", "", "怎么退款")
    assert ([row.medium for row in stage.rows(Attachment)], stage.row(MediaFetch).ref) == (["audio"], "m-16k")
    with stage.inside():
        turn = db.session.scalars(select(BotTurn)).one()
        assert (turn.message_id, turn.outcome) == (message.id, "missed")
    stage.work()
    assert wechat.texts == ["抱歉，我没有听懂。您可以换个说法，或者回复「转人工」。"]
