"""Notifications: who may send which, what each field may hold, what a user's yes is worth, and what becomes of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.driving import DEMO, FOLLOWER, MING, POST, SERVICE, Hub, Simulator, wait_until

TEMPLATE = "Demo-reply-of-the-service-000000000000000001"
NOTICE = "Demo-notice-of-the-service-00000000000000001"
MINI = "Demo-reply-of-the-shop-000000000000000000001"
WORDS = {"keyword1": "您有一条回复", "keyword2": "小林", "keyword3": "2026-11-22 10:00"}
THINGS = {"thing1": "您有一条回复", "thing2": "小林", "time3": "2026-11-22 10:00"}


def values(fields: dict[str, str], **changed: str) -> dict[str, Any]:
    return {name: {"value": value} for name, value in (fields | changed).items()}


def template(simulator: Simulator, **changed: Any) -> Any:
    body = {"touser": FOLLOWER, "template_id": TEMPLATE, "url": "https://a.example/x", "data": values(WORDS)}
    return simulator.call("message/template/send", body | changed)


def subscribed(simulator: Simulator, **changed: Any) -> Any:
    body = {"touser": MING, "template_id": MINI, "page": "pages/chat?x=1", "data": values(THINGS)}
    return simulator.call("message/subscribe/send", body | changed, DEMO)


def agrees(simulator: Simulator, choice: str = "accept") -> None:
    simulator.act("subscribe", by=MING, choices={MINI: choice})


def test_a_template_is_shown_and_its_end_is_told(simulator: Simulator, hub: Hub) -> None:
    answer = template(simulator)
    assert answer["errcode"] == 0
    rows = [
        {"label": "回复内容", "value": "您有一条回复"},
        {"label": "客服", "value": "小林"},
        {"label": "回复时间", "value": "2026-11-22 10:00"},
    ]
    notice = {"title": "客服回复通知", "rows": rows, "url": "https://a.example/x", "page": ""}
    assert simulator.shown() == [{"from": "account", "type": "template", "ai": False, "notice": notice}]
    wait_until(lambda: hub.told)
    told = {"MsgType": "event", "Event": "TEMPLATESENDJOBFINISH", "MsgID": str(answer["msgid"]), "Status": "success"}
    assert hub.told == [told]


@pytest.mark.parametrize(
    ("blocked", "fails", "status"), [(True, False, "failed:user block"), (False, True, "failed: system failed")]
)
def test_a_template_can_fail_afterwards(
    simulator: Simulator, hub: Hub, blocked: bool, fails: bool, status: str
) -> None:
    simulator.post(f"/_sim/users/{FOLLOWER}/block", {"blocked": blocked})
    if fails:
        simulator.post("/_sim/faults", {"endpoint": "template/send", "kind": "fails_later"})
    assert template(simulator)["errcode"] == 0
    wait_until(lambda: hub.told)
    assert (hub.told[0]["Status"], simulator.shown()) == (status, [])


def test_the_same_client_id_sends_once_in_ten_minutes(simulator: Simulator) -> None:
    first = template(simulator, client_msg_id="one")
    assert template(simulator, client_msg_id="one") == first
    assert len(simulator.shown()) == 1
    simulator.advance(601)
    assert template(simulator, client_msg_id="one")["msgid"] != first["msgid"]
    assert len(simulator.shown()) == 2


@pytest.mark.parametrize(
    ("changed", "errcode"),
    [
        ({"touser": MING}, 40003),
        ({"template_id": "unknown"}, 40037),
        ({"template_id": NOTICE}, 40037),
        ({"data": {}}, 47003),
        ({"data": values(WORDS, keyword2="")}, 47003),
    ],
)
def test_what_a_template_is_refused_for(simulator: Simulator, changed: dict[str, Any], errcode: int) -> None:
    assert template(simulator, **changed)["errcode"] == errcode


def test_who_does_not_follow_gets_no_template(simulator: Simulator) -> None:
    simulator.act("unfollow")
    assert template(simulator)["errcode"] == 43004


def test_only_a_service_account_sends_templates(simulator: Simulator) -> None:
    assert [
        simulator.call("message/template/send", {"touser": MING}, DEMO)["errcode"],
        simulator.call("message/template/send", {"touser": "oPost5ub5c21bXiaoMing0000001"}, POST)["errcode"],
        simulator.call("message/subscribe/send", {"touser": FOLLOWER}, SERVICE)["errcode"],
        simulator.call("message/subscribe/bizsend", {"touser": MING}, DEMO)["errcode"],
    ] == [48001] * 4


def test_one_yes_is_good_for_one_message(simulator: Simulator, hub: Hub) -> None:
    assert subscribed(simulator)["errcode"] == 43101
    agrees(simulator)
    agrees(simulator)
    assert simulator.chat(MING)["grants"] == {MINI: 2}
    assert [subscribed(simulator)["errcode"] for _ in range(3)] == [0, 0, 43101]
    assert [item["type"] for item in simulator.shown(MING)] == ["subscribe", "subscribe"]
    agrees(simulator, "reject")
    assert subscribed(simulator)["errcode"] == 43101


def test_a_yes_switched_off_is_none(simulator: Simulator, hub: Hub) -> None:
    agrees(simulator)
    simulator.act("subscriptions", by=MING, choices={MINI: "reject"})
    assert subscribed(simulator)["errcode"] == 43101
    agreed, changed = hub.told
    entry = {"TemplateId": MINI, "SubscribeStatusString": "accept", "PopupScene": "0"}
    assert agreed == {"MsgType": "event", "Event": "subscribe_msg_popup_event", "List": entry}
    entry = {"TemplateId": MINI, "SubscribeStatusString": "reject"}
    assert changed == {"MsgType": "event", "Event": "subscribe_msg_change_event", "List": entry}


def test_several_choices_are_a_list_in_both_forms(simulator: Simulator, hub: Hub) -> None:
    simulator.act("subscribe", by=MING, choices={MINI: "accept", "other": "ban"}, scene="1")
    simulator.act("subscribe", choices={NOTICE: "accept", "other": "reject"})
    as_json, as_xml = hub.told
    assert as_json["List"] == [
        {"TemplateId": MINI, "SubscribeStatusString": "accept", "PopupScene": "1"},
        {"TemplateId": "other", "SubscribeStatusString": "ban", "PopupScene": "1"},
    ]
    assert as_xml["SubscribeMsgPopupEvent"] == {
        "List": [
            {"TemplateId": NOTICE, "SubscribeStatusString": "accept", "PopupScene": "0"},
            {"TemplateId": "other", "SubscribeStatusString": "reject", "PopupScene": "0"},
        ]
    }


def test_what_became_of_a_subscribed_message_is_told(simulator: Simulator, hub: Hub) -> None:
    agrees(simulator)
    simulator.act("subscribe", choices={NOTICE: "accept"})
    body = {"touser": FOLLOWER, "template_id": NOTICE, "data": values(THINGS)}
    simulator.post("/_sim/faults", {"endpoint": "subscribe/bizsend", "kind": "fails_later"})
    mine, theirs = subscribed(simulator), simulator.call("message/subscribe/bizsend", body)
    wait_until(lambda: len(hub.told) == 4)
    sent = {told["Event"]: told for told in hub.told if "List" in told}["subscribe_msg_sent_event"]
    lost = next(told for told in hub.told if "SubscribeMsgSentEvent" in told)
    good = {"MsgID": str(mine["msgid"]), "ErrorCode": "0", "ErrorStatus": "success"}
    assert sent["List"] == {"TemplateId": MINI, **good}
    bad = {"MsgID": str(theirs["msgid"]), "ErrorCode": "1", "ErrorStatus": "failed"}
    assert lost["SubscribeMsgSentEvent"] == {"List": {"TemplateId": NOTICE, **bad}}
    assert (len(simulator.shown(MING)), simulator.shown()) == (1, [])


@pytest.mark.parametrize(
    ("changed", "errcode", "words"),
    [
        ({"data": values(THINGS, thing1="字" * 21)}, 47003, "argument invalid! data.thing1.value invalid rid: "),
        ({"data": values(THINGS, time3="明天")}, 47003, "argument invalid! data.time3.value invalid rid: "),
        ({"data": {"thing1": {"value": "x"}}}, 47003, "argument invalid! data.thing2.value invalid rid: "),
        ({"page": "https://a.example/"}, 41030, "invalid page rid: "),
        ({"template_id": TEMPLATE}, 40037, "invalid template_id rid: "),
        ({"touser": FOLLOWER}, 40003, "invalid openid rid: "),
    ],
)
def test_a_refused_message_leaves_the_yes(
    simulator: Simulator, changed: dict[str, Any], errcode: int, words: str
) -> None:
    agrees(simulator)
    refused = subscribed(simulator, **changed)
    assert (refused["errcode"], refused["errmsg"].startswith(words)) == (errcode, True)
    assert subscribed(simulator, data=values(THINGS, thing1="字" * 20))["errcode"] == 0


def test_a_form_of_ones_own(simulator: Simulator) -> None:
    form = {"id": "own", "title": "发货提醒", "fields": {"amount1": "金额"}, "use": "template/send"}
    simulator.post(f"/_sim/accounts/{SERVICE}/templates", form)
    good = template(simulator, template_id="own", data={"amount1": {"value": "￥12.50元"}})
    bad = template(simulator, template_id="own", data={"amount1": {"value": "many"}})
    assert (good["errcode"], bad["errcode"]) == (0, 47003)
