"""When a customer may not be answered: their notification, another channel, or waiting until they write again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from channels.contract import Address, Template, TemplateForm
from channels.errors import Gone, Refused
from hub.db import db, now
from hub.models import Allowance, BotTurn, Consent, Conversation, Delivery, Identity, Message
from hub.services import contacts
from tests.pager import Pager
from tests.stage import Person, Stage, WeChat, at_once, states

Ways = Callable[..., None]
CLOSED = "It goes out when the customer writes again: the time to answer was over."
USED_UP = "It goes out when the customer writes again: the allowed number of answers was used up."
AWAY = "It goes out when the customer comes back: they cannot be reached there now."


@pytest.fixture
def anna(stage: Stage) -> Person:
    return stage.agent()


@pytest.fixture
def ways(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Ways:
    """Another `fallback` than the one in tests/config."""

    def ways(*fallback: str, channel: str = "service") -> None:
        channels = stage.app.extensions["settings"].channels
        file = channels[channel].file.model_copy(update={"fallback": list(fallback)})
        monkeypatch.setitem(channels, channel, replace(channels[channel], file=file))

    return ways


def write(stage: Stage, text: str = "hi", channel: str = "service", **more: Any) -> None:
    stage.push(text, channel=channel, **more)
    stage.do("arrival")


def close(stage: Stage) -> None:
    """Two days have gone by."""
    with stage.inside():
        db.session.execute(update(Allowance).values(until=now() - timedelta(seconds=1)))


def say(anna: Person, text: str = "hello", status: int = 201) -> Any:
    return anna.post("/conversations/1/messages", {"text": text}, status)


def said(anna: Person) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = anna.get("/conversations/1/messages")["items"]
    return [each for each in items if each["direction"] == "out"]


def left(stage: Stage) -> dict[str, int]:
    return {row.action: row.left for row in stage.rows(Allowance)}


def agree(stage: Stage, *templates: str, status: str = "accept", at: int = 0) -> None:
    """The customer of the stall is asked whether we may notify them."""
    asked = [{"TemplateId": each, "SubscribeStatusString": status, "PopupScene": "0"} for each in templates]
    inside = {"SubscribeMsgPopupEvent": {"List": asked}}
    stage.event("subscribe_msg_popup_event", channel="stall", at=at, **inside)
    stage.do("arrival")


def with_pager(stage: Stage) -> None:
    """The customer of the official account has a pager as well."""
    with stage.inside():
        contacts.link([Address("wechat:wx0000000000000003", "anna"), Address("pager", "anna")])
        db.session.execute(update(Identity).where(Identity.scheme == "pager").values(reachable=True))


def elsewhere(channel: str, reason: str) -> dict[str, Any]:
    return {"fallback": {"via": "channel", "channel": channel, "reason": reason}}


def detour(via: str, reason: str = "window_closed") -> dict[str, Any]:
    return {"fallback": {"via": via, "reason": reason}}


def queued(reason: str, code: str = "window_closed") -> dict[str, Any]:
    return {"state": "queued", "attempts": 0, "error": {"code": code, "reason": reason}}


# before it is sent


def test_who_may_not_be_answered_is_notified_and_the_answer_waits(stage: Stage, anna: Person, wechat: WeChat) -> None:
    write(stage)
    close(stage)
    message = say(anna, "您的退款到账了")
    assert (message["payload"], message["delivery"]) == (detour("notice"), queued(CLOSED))
    stage.work()
    assert (wechat.sent, [notice["touser"] for notice in wechat.notices]) == ([], ["anna"])
    assert wechat.notices[0]["data"] == {"keyword1": {"value": "Anna"}, "keyword2": {"value": "您的退款到账了"}}
    assert states(stage.rows(Delivery)) == ["waiting", "done"]
    assert said(anna)[0]["delivery"] == queued(CLOSED)
    assert left(stage) == {"message": 5}  # neither cost one


def test_while_something_waits_there_is_one_notification(stage: Stage, anna: Person, wechat: WeChat) -> None:
    write(stage)
    close(stage)
    for text in ("one", "two", "three"):
        say(anna, text)
    stage.work()
    assert len(wechat.notices) == 1
    assert [each["payload"] for each in said(anna)] == [detour("notice")] * 3
    write(stage, "back", at=9)
    stage.work()
    close(stage)
    say(anna, "four")
    stage.work()
    assert (wechat.texts, len(wechat.notices)) == (["one", "two", "three"], 2)


def test_of_agents_who_answer_at_once_one_notifies(stage: Stage, anna: Person, wechat: WeChat) -> None:
    write(stage)
    close(stage)
    anna.post("/conversations/1/claim")
    at_once(*[lambda: say(anna)] * 5)
    stage.work()
    assert (len(wechat.notices), states(stage.rows(Delivery)).count("waiting")) == (1, 5)


def test_who_has_been_notified_is_not_answered_elsewhere_in_between(
    stage: Stage, anna: Person, wechat: WeChat, ways: Ways
) -> None:
    ways("notice", "pager", "wait")
    write(stage)
    with_pager(stage)
    close(stage)
    assert [say(anna, text)["payload"] for text in ("one", "two")] == [detour("notice")] * 2
    stage.work()
    assert (len(wechat.notices), Pager.sent) == (1, [])


def test_each_notification_of_a_mini_program_takes_one_consent(stage: Stage, anna: Person, wechat: WeChat) -> None:
    agree(stage, "template-of-stall", "another-template")
    write(stage, channel="stall")
    close(stage)
    assert say(anna, "您的订单已经发货，请留意查收快递，谢谢您的惠顾")["payload"] == detour("notice")
    stage.work()
    [notice] = wechat.notices
    assert (notice["template_id"], notice["touser"]) == ("template-of-stall", "anna")
    assert notice["data"] == {"thing1": {"value": "您的订单已经发货，请留意查收快递，谢谢…"}}
    assert {row.template: row.left for row in stage.rows(Consent)} == {"template-of-stall": 0, "another-template": 1}

    write(stage, "back", channel="stall", at=9)
    stage.work()
    close(stage)
    assert say(anna)["payload"] == detour("wait")
    stage.work()
    assert len(wechat.notices) == 1


def test_another_channel_of_the_customer_takes_the_answer(stage: Stage, anna: Person, ways: Ways) -> None:
    ways("pager", "wait")
    write(stage)
    with_pager(stage)
    close(stage)
    message = say(anna, "on your pager")
    assert (message["channel"], message["payload"]) == ("pager", elsewhere("pager", "window_closed"))
    stage.work()
    [sent] = Pager.sent
    assert (sent.to, sent.text, sent.notice) == (Address("pager", "anna"), "on your pager", False)
    assert said(anna)[0]["delivery"] == {"state": "sent", "attempts": 1, "error": None}
    assert anna.get("/conversations/1")["reply"]["channel"] == "service"


REPLIED = TemplateForm("您好${name}，${agent}已回复您：${text}", ("name", "agent", "text"))


@pytest.fixture
def templates(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pager carries one approved text, and nothing else."""
    can = replace(Pager.capabilities, free_text=False, templates={"replied": REPLIED})
    monkeypatch.setattr(Pager, "capabilities", can)


def test_an_approved_text_elsewhere_says_that_an_answer_waits(
    stage: Stage, anna: Person, wechat: WeChat, ways: Ways, templates: None
) -> None:
    ways("pager/replied", "wait")
    write(stage)
    with_pager(stage)
    close(stage)
    told = {"fallback": {"via": "template", "way": "pager/replied", "reason": "window_closed"}}
    long = "您的包裹今天一早就从杭州仓库发出来了，请留意查收"
    assert [say(anna, text)["payload"] for text in (long, "two")] == [told] * 2
    stage.work()
    [sent] = Pager.sent  # once until they write
    fields = {"name": "-", "agent": "Anna", "text": long[:20]}
    assert (sent.to, sent.template) == (Address("pager", "anna"), Template("replied", fields))
    assert sent.text == f"您好-，Anna已回复您：{long[:20]}"
    assert wechat.texts == []
    write(stage, "好的", at=9)
    stage.work()
    assert wechat.texts == [long, "two"]


def test_an_approved_text_that_is_refused_leads_to_the_next_way(
    stage: Stage, anna: Person, ways: Ways, templates: None
) -> None:
    ways("pager/replied", "wait")
    write(stage)
    with_pager(stage)
    close(stage)
    say(anna)
    Pager.answers.append(Refused("no such template", code="7"))
    stage.work()
    assert said(anna)[-1]["payload"] == detour("wait")


def test_nobody_to_be_told_by_an_approved_text(stage: Stage, anna: Person, ways: Ways, templates: None) -> None:
    ways("pager/replied", "wait")
    write(stage)
    close(stage)
    assert say(anna)["payload"] == detour("wait")


def test_a_channel_that_cannot_reach_them_is_passed_over(stage: Stage, anna: Person, ways: Ways) -> None:
    ways("pager", "wait")
    write(stage)
    close(stage)
    assert say(anna)["payload"] == detour("wait")  # they have no pager
    with_pager(stage)
    with stage.inside():
        db.session.execute(update(Identity).where(Identity.scheme == "pager").values(reachable=False))
    assert say(anna)["payload"] == detour("wait")


@pytest.mark.parametrize("fallback", [(), ("pager",), ("notice",)])
def test_where_no_way_is_open_it_is_refused(stage: Stage, anna: Person, ways: Ways, fallback: tuple[str, ...]) -> None:
    ways(*fallback, channel="stall")
    write(stage, channel="stall")
    close(stage)
    assert say(anna, status=409)["code"] == "window_closed"
    assert (stage.rows(Delivery), stage.conversation().assignee_id) == ([], None)


def test_a_channel_that_is_gone_has_no_way_around(stage: Stage, anna: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    write(stage)
    monkeypatch.delitem(stage.app.extensions["settings"].channels, "service")
    monkeypatch.delitem(stage.app.extensions["channels"], "service")
    assert say(anna, status=409)["code"] == "no_channel"
    assert anna.get("/conversations/1")["reply"]["reason"] == "no_channel"


def test_what_no_channel_carries_is_refused_however_long_it_could_wait(stage: Stage, anna: Person) -> None:
    write(stage)
    close(stage)
    card = {"title": "Cup", "path": "pages/cup"}
    assert anna.post("/conversations/1/messages", {"card": card}, 409)["code"] == "cannot_carry"


def test_bots_take_no_way_around(stage: Stage, wechat: WeChat, slow_bot: None, ways: Ways) -> None:
    ways("notice", "wait", channel="shop")
    stage.push("怎么退款", channel="shop")
    stage.do("arrival")
    close(stage)
    stage.work()
    assert (stage.rows(Delivery), stage.row(BotTurn).error_code) == ([], "window_closed")
    assert stage.conversation().status == "waiting"  # for a person


@pytest.mark.parametrize(
    ("answers", "fallback", "reply"),
    [
        (0, ["notice", "wait"], {"allowed": True, "reason": None, "fallback": ["notice", "wait"]}),
        (5, ["wait"], {"allowed": True, "reason": "allowance_used", "fallback": ["wait"]}),
        (5, [], {"allowed": False, "reason": "allowance_used", "fallback": []}),
    ],
)
def test_agents_see_before_they_write_what_will_become_of_it(
    stage: Stage, anna: Person, ways: Ways, answers: int, fallback: list[str], reply: dict[str, Any]
) -> None:
    ways(*fallback)
    write(stage)
    for _ in range(answers):
        say(anna)
    shown = anna.get("/conversations/1")["reply"]
    assert {name: shown[name] for name in reply} == reply
    close(stage)
    shown = anna.get("/conversations/1")["reply"]
    assert (shown["allowed"], shown["reason"]) == (bool(fallback), "window_closed")
    stage.event("unsubscribe", EventKey="", at=5)
    stage.do("arrival")
    shown = anna.get("/conversations/1")["reply"]
    assert (shown["allowed"], shown["reason"]) == (bool(fallback), "unreachable")
    assert shown["fallback"] == [way for way in fallback if way != "notice"]


# what the provider says


@pytest.mark.parametrize(
    ("code", "reason", "waits", "via"),
    [
        (45015, "window_closed", CLOSED, "notice"),
        (45047, "allowance_used", USED_UP, "notice"),
        (43004, "unreachable", AWAY, "wait"),  # whoever does not follow cannot be notified
    ],
)
def test_the_provider_refuses_and_the_answer_takes_its_way_around(
    stage: Stage, anna: Person, wechat: WeChat, code: int, reason: str, waits: str, via: str
) -> None:
    write(stage)
    say(anna)
    wechat.answers.append(code)
    stage.work()
    [message] = said(anna)
    assert message["payload"] == detour(via, reason)
    assert message["delivery"] == {"state": "queued", "attempts": 1, "error": {"code": reason, "reason": waits}}
    assert (wechat.sent, len(wechat.notices)) == ([], via == "notice")
    assert anna.get("/conversations/1")["reply"]["reason"] == reason
    assert stage.rows(Delivery)[0].spent is None

    write(stage, "back", at=9)
    stage.work()
    assert (wechat.texts, left(stage)) == (["hello"], {"message": 4})
    assert said(anna)[0]["delivery"] == {"state": "sent", "attempts": 2, "error": None}


def test_all_parts_of_a_refused_answer_wait_together(stage: Stage, anna: Person, wechat: WeChat) -> None:
    write(stage)
    say(anna, "x" * 4000)  # three parts
    wechat.answers.extend([45015] * 3)
    stage.work()
    assert states(stage.rows(Delivery)) == ["waiting"] * 3 + ["done"]
    assert (said(anna)[0]["payload"], len(wechat.notices)) == (detour("notice"), 1)
    write(stage, "back", at=9)
    stage.work()
    assert "".join(wechat.texts) == "x" * 4000


def test_all_parts_of_a_refused_answer_go_elsewhere(stage: Stage, anna: Person, wechat: WeChat, ways: Ways) -> None:
    ways("pager", "wait")
    write(stage)
    with_pager(stage)
    say(anna, "x" * 4000)
    wechat.answers.extend([45015] * 3)
    stage.work()
    assert "".join(message.text for message in Pager.sent) == "x" * 4000
    [message] = said(anna)
    assert message["payload"] == elsewhere("pager", "window_closed")
    assert message["delivery"] == {"state": "sent", "attempts": 1, "error": None}


def test_what_waited_and_is_refused_again_waits_again(stage: Stage, anna: Person, wechat: WeChat, ways: Ways) -> None:
    ways("wait")
    write(stage)
    close(stage)
    say(anna)
    write(stage, "back", at=9)
    wechat.answers.append(45047)
    stage.work()
    assert (states(stage.rows(Delivery)), said(anna)[0]["payload"]) == (["waiting"], detour("wait", "allowance_used"))
    write(stage, "back", at=19)
    stage.work()
    assert wechat.texts == ["hello"]


def test_a_bots_refused_answer_fails_as_it_always_did(stage: Stage, wechat: WeChat, ways: Ways) -> None:
    ways("notice", "wait", channel="shop")
    stage.push("怎么退款", channel="shop")
    wechat.answers.append(45015)
    stage.work()
    assert (states(stage.rows(Delivery)), wechat.notices) == (["failed"], [])


def test_a_refusal_that_is_no_closed_window_takes_no_way_around(stage: Stage, anna: Person, wechat: WeChat) -> None:
    write(stage)
    say(anna)
    wechat.answers.append(45002)
    stage.work()
    assert (states(stage.rows(Delivery)), said(anna)[0]["payload"]) == (["failed"], {})


def test_a_refusal_of_before_the_customer_wrote_closes_nothing(
    stage: Stage, anna: Person, wechat: WeChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They write while the answer is on its way; the provider's no is about the time before."""
    write(stage)
    say(anna)
    channel = stage.app.extensions["channels"]["service"]
    send = channel.send

    def meanwhile(message: Any) -> Any:
        monkeypatch.setattr(channel, "send", send)
        write(stage, "back", at=9)
        return send(message)

    monkeypatch.setattr(channel, "send", meanwhile)
    wechat.answers.append(45015)
    stage.work()
    assert (wechat.texts, wechat.notices, said(anna)[0]["payload"]) == (["hello"], [], {})
    assert left(stage) == {"message": 4}


# a notification that does not arrive


@pytest.mark.parametrize(("code", "granted"), [(43101, 0), (47003, 3)])
def test_after_a_refused_notification_comes_the_next_way(
    stage: Stage, anna: Person, wechat: WeChat, ways: Ways, code: int, granted: int
) -> None:
    """43101: they did not agree after all. Any other refusal takes nothing of what they granted."""
    ways("notice", "pager", channel="stall")
    for at in range(3):
        agree(stage, "template-of-stall", at=at)
    write(stage, channel="stall")
    with stage.inside():
        contacts.link([Address("wechat:wx0000000000000005", "anna"), Address("pager", "anna")])
        db.session.execute(update(Identity).values(reachable=True))
    close(stage)
    wechat.notice_answers.append(code)
    say(anna, "x" * 4000)
    say(anna, "the second")
    stage.work()
    assert [message.text[:10] for message in Pager.sent] == ["x" * 10] * 3 + ["the second"]
    assert [each["payload"] for each in said(anna)] == [elsewhere("pager", "window_closed")] * 2
    assert {each["delivery"]["state"] for each in said(anna)} == {"sent"}
    assert stage.row(Consent).left == granted


def test_after_the_last_way_the_answer_still_waits(stage: Stage, anna: Person, wechat: WeChat, ways: Ways) -> None:
    ways("notice")
    write(stage)
    close(stage)
    wechat.notice_answers.append(40037)
    say(anna)
    stage.work()
    assert (said(anna)[0]["payload"], said(anna)[0]["delivery"]) == (detour("wait"), queued(CLOSED))
    write(stage, "back", at=9)
    stage.work()
    assert wechat.texts == ["hello"]


def test_a_notification_that_was_blocked_is_as_good_as_none(
    stage: Stage, anna: Person, wechat: WeChat, ways: Ways
) -> None:
    ways("notice", "pager", "wait")
    write(stage)
    with_pager(stage)
    close(stage)
    say(anna)
    stage.work()
    stage.event("TEMPLATESENDJOBFINISH", MsgID="1001", Status="failed:user block", at=20)
    stage.work()
    assert ([message.text for message in Pager.sent], said(anna)[0]["payload"]) == (
        ["hello"],
        elsewhere("pager", "window_closed"),
    )


def test_a_notification_that_failed_late_stops_nothing(stage: Stage, anna: Person, wechat: WeChat) -> None:
    """The customer is back, and the answer on its way, when WeChat reports of the notification."""
    write(stage)
    close(stage)
    say(anna)
    stage.work()
    write(stage, "back", at=9)
    stage.work()
    stage.event("TEMPLATESENDJOBFINISH", MsgID="1001", Status="failed: system failed", at=20)
    stage.work()
    assert (wechat.texts, said(anna)[0]["delivery"]["state"]) == (["hello"], "sent")


# the customer comes back


def test_what_waited_goes_first_and_in_order(stage: Stage, anna: Person, wechat: WeChat) -> None:
    write(stage)
    close(stage)
    for number in range(7):
        say(anna, str(number))
    write(stage, "back", at=9)
    assert left(stage) == {"message": 0}
    assert said(anna)[4]["delivery"] == {"state": "queued", "attempts": 0, "error": None}
    say(anna, "later")  # behind those that still wait
    stage.work()
    assert wechat.texts == ["0", "1", "2", "3", "4"]
    assert [each["delivery"]["state"] for each in said(anna)] == ["sent"] * 5 + ["queued"] * 3
    write(stage, "again", at=19)
    stage.work()
    assert (wechat.texts[5:], left(stage)) == (["5", "6", "later"], {"message": 2})


def test_a_bot_answers_only_with_what_the_waiting_left_it(stage: Stage, anna: Person, wechat: WeChat) -> None:
    write(stage)
    close(stage)
    for number in range(4):
        say(anna, str(number))
    with stage.inside():
        db.session.execute(update(Conversation).values(status="bot", bot="frontdesk", assignee_id=None))
    write(stage, "怎么退款", at=9)
    stage.work()
    assert (wechat.texts, left(stage)) == (["0", "1", "2", "3"], {"message": 1})  # the last is for a person


def test_a_click_in_the_menu_lets_three_go(stage: Stage, anna: Person, wechat: WeChat) -> None:
    write(stage)
    close(stage)
    for number in range(4):
        say(anna, str(number))
    stage.event("CLICK", EventKey="ORDERS", at=9)
    stage.work()
    assert (wechat.texts, left(stage)) == (["0", "1", "2"], {"message": 5, "menu": 0})


@pytest.mark.parametrize(
    ("event", "fields"),
    [("VIEW", {"EventKey": "https://a.example"}), ("unsubscribe", {"EventKey": ""}), ("LOCATION", {"Latitude": "1"})],
)
def test_what_renews_nothing_lets_nothing_go(
    stage: Stage, anna: Person, wechat: WeChat, event: str, fields: dict[str, str]
) -> None:
    write(stage)
    close(stage)
    say(anna)
    stage.event(event, at=9, **fields)
    stage.work()
    assert (wechat.texts, states(stage.rows(Delivery))) == ([], ["waiting", "done"])


def test_who_unfollowed_is_answered_when_they_follow_again(stage: Stage, anna: Person, wechat: WeChat) -> None:
    write(stage)
    stage.event("unsubscribe", EventKey="", at=5)
    stage.do("arrival")
    assert say(anna)["payload"] == detour("wait", "unreachable")
    stage.event("VIEW", EventKey="https://a.example", at=7)
    stage.work()
    assert wechat.sent == []
    stage.event("subscribe", EventKey="", at=9)
    stage.work()
    assert (wechat.texts, left(stage)["follow"]) == (["hello"], 2)


def test_whoever_the_provider_does_not_know_is_answered_when_they_are_back(
    stage: Stage, anna: Person, wechat: WeChat
) -> None:
    """Their allowance is still there, yet only they can make themselves reachable again."""
    write(stage)
    say(anna)
    wechat.answers.append(43004)
    stage.work()
    assert left(stage) == {"message": 5}
    stage.event("kf_switch_session", FromKfAccount="a@b", ToKfAccount="c@b", at=7)
    stage.work()
    assert states(stage.rows(Delivery)) == ["waiting"]
    write(stage, "back", at=9)
    stage.work()
    assert (wechat.texts, states(stage.rows(Delivery))) == (["hello"], ["done"])


def test_nothing_waits_for_ever_when_two_write_and_answer_at_once(stage: Stage, anna: Person, wechat: WeChat) -> None:
    """Whoever is first: an answer goes out now, or with what waited."""
    write(stage)
    for turn in range(1, 8):
        close(stage)
        stage.push("back", channel="service", at=turn)
        at_once(lambda turn=turn: say(anna, str(turn)), lambda: stage.do("arrival"))
        stage.work()
    assert wechat.texts == [str(turn) for turn in range(1, 8)]


def test_pushes_at_the_same_moment_let_each_answer_go_once(stage: Stage, anna: Person, wechat: WeChat) -> None:
    write(stage)
    close(stage)
    for number in range(5):
        say(anna, str(number))
    for number in range(4):
        stage.push("back", channel="service", at=9, number=100 + number)
    at_once(*[stage.work] * 4)
    stage.work()
    assert wechat.texts == ["0", "1", "2", "3", "4"]


# people decide


def test_a_waiting_answer_is_not_sent_again_by_hand(stage: Stage, anna: Person, wechat: WeChat) -> None:
    write(stage)
    close(stage)
    message = say(anna)
    assert anna.post(f"/messages/{message['id']}/resend", status=409)["code"] == "not_retryable"
    boss = stage.agent("Boss", "supervisor")
    assert boss.post("/jobs/delivery-1/retry", status=409)["code"] == "window_closed"
    assert states(stage.rows(Delivery)) == ["waiting", "pending"]


def test_a_waiting_answer_is_tried_at_once_where_there_is_an_allowance(
    stage: Stage, anna: Person, wechat: WeChat
) -> None:
    write(stage)
    close(stage)
    say(anna)
    with stage.inside():
        db.session.execute(update(Allowance).values(until=now() + timedelta(hours=1)))
    stage.agent("Boss", "supervisor").post("/jobs/delivery-1/retry", status=202)
    assert said(anna)[0]["delivery"] == {"state": "queued", "attempts": 0, "error": None}
    stage.work()
    assert (wechat.texts, left(stage)) == (["hello"], {"message": 4})


def test_a_notification_that_failed_is_not_resent_with_its_answer(stage: Stage, anna: Person, wechat: WeChat) -> None:
    write(stage)
    close(stage)
    wechat.notice_answers.append(40037)
    message = say(anna)
    stage.work()
    assert anna.post(f"/messages/{message['id']}/resend", status=409)["code"] == "not_retryable"
    stage.agent("Boss", "supervisor").post("/jobs/delivery-2/retry", status=202)  # costs no answer
    stage.work()
    assert (len(wechat.notices), states(stage.rows(Delivery)), left(stage)) == (1, ["waiting", "done"], {"message": 5})


def test_an_answer_that_failed_elsewhere_says_so(stage: Stage, anna: Person, ways: Ways) -> None:
    ways("pager", "wait")
    write(stage)
    with_pager(stage)
    close(stage)
    Pager.answers.extend([Refused("no"), Gone("switched off")])
    say(anna, "one")
    say(anna, "two")
    stage.work()
    assert [each["delivery"]["state"] for each in said(anna)] == ["failed", "failed"]
    assert say(anna, "three")["payload"] == detour("wait")
    assert stage.rows(Message)[-1].channel == "service"
