"""What customers push becomes contacts, conversations and messages: once, and in their order."""

from __future__ import annotations

import random
from datetime import timedelta
from itertools import permutations

import pytest
from sqlalchemy import select

from channels.contract import Address, Presence, Signal
from hub.db import db, now
from hub.models import Arrival, Attachment, Contact, Conversation, Identity, MediaFetch, Message
from hub.services import conversations
from tests.pager import Pager
from tests.stage import NOON, PNG, Stage, WeChat, at_once, states, written
from workers.tasks import sweep

CARD = {"MsgType": "miniprogrampage", "Title": "茶杯", "AppId": "wx0000000000000001", "PagePath": "pages/item?id=7"}


@pytest.mark.parametrize(
    ("fields", "kind", "text", "payload"),
    [
        ({"MsgType": "text", "Content": "在吗"}, "text", "在吗", {}),
        ({"MsgType": "image", "PicUrl": "http://p/1", "MediaId": "m1"}, "image", "", {"pic_url": "http://p/1"}),
        (
            CARD,
            "card",
            "",
            {
                "title": "茶杯",
                "app_id": "wx0000000000000001",
                "page_path": "pages/item?id=7",
                "thumb_url": "",
                "thumb_media_id": "",
            },
        ),
        ({"MsgType": "shake", "Strength": 9}, "unsupported", "", {"type": "shake", "Strength": 9}),
    ],
    ids=["text", "image", "card", "unsupported"],
)
def test_every_type_becomes_a_message(
    stage: Stage, fields: dict[str, object], kind: str, text: str, payload: dict[str, object]
) -> None:
    stage.push(channel="desk", number=77, at=5, **fields)
    stage.do("arrival")
    message = stage.row(Message)
    assert (message.direction, message.author_kind, message.channel, message.provider_id) == (
        "in",
        "contact",
        "desk",
        "77",
    )
    assert (message.kind, message.text, message.payload) == (kind, text, payload)
    assert message.sent_at == NOON + timedelta(seconds=5)
    conversation, identity = stage.conversation(), stage.row(Identity)
    assert (identity.scheme, identity.value) == ("wechat:wx0000000000000002", "anna")
    assert (conversation.status, conversation.team, conversation.unread) == ("waiting", "everyone", 1)
    assert states(stage.rows(Arrival)) == ["done"]


def test_a_picture_is_fetched_at_once_and_kept(stage: Stage, wechat: WeChat) -> None:
    wechat.files["m1"] = PNG
    stage.push(channel="desk", MsgType="image", MediaId="m1", PicUrl="")
    stage.work()
    attachment = stage.row(Attachment)
    assert (attachment.state, attachment.medium, attachment.mime, attachment.size) == (
        "ready",
        "image",
        "image/png",
        len(PNG),
    )
    anna = stage.agent()
    with anna.client.get(f"/api/v1/attachments/{attachment.id}") as response:
        assert response.data == PNG


def test_a_picture_that_is_gone_says_so(stage: Stage, wechat: WeChat) -> None:
    stage.push(channel="desk", MsgType="image", MediaId="m1", PicUrl="")
    stage.work()
    assert (stage.row(Attachment).state, states(stage.rows(MediaFetch))) == ("failed", ["failed"])


def test_who_enters_is_greeted_and_leaves_a_hint(stage: Stage, wechat: WeChat) -> None:
    stage.enter("order=42")
    stage.work()
    assert stage.thread() == [("system", "entered"), ("bot", "欢迎光临")]
    assert (stage.conversation().context, stage.conversation().status) == ({"session_from": "order=42"}, "bot")


def test_who_enters_again_is_not_greeted_again_but_a_new_hint_is_kept(stage: Stage, wechat: WeChat) -> None:
    stage.enter("order=42", at=0)
    stage.enter("order=42", at=10)
    stage.enter("order=43", at=20)
    stage.work()
    assert [line for line in stage.thread() if line[0] == "bot"] == [("bot", "欢迎光临")]
    assert [line for line in stage.thread() if line[0] == "system"] == [("system", "entered")] * 2
    assert stage.conversation().context == {"session_from": "order=43"}


def test_other_signals_and_presence_open_no_conversation(stage: Stage) -> None:
    bo = Address("pager", "bo")
    stage.page(
        Signal(key="s1", sender=bo, sent_at=NOON, kind="typing"),
        Presence(key="p1", sender=bo, sent_at=NOON, state="blocked"),
    )
    stage.work()
    assert (stage.rows(Conversation), stage.row(Identity).reachable) == ([], False)


def test_a_push_repeated_at_the_same_moment_is_one_message(stage: Stage) -> None:
    at_once(*[lambda: stage.push("在吗", channel="desk", number=5)] * 3)
    stage.work()
    stage.push("在吗", channel="desk", number=5)
    stage.work()
    assert stage.thread() == [("contact", "在吗")]
    assert states(stage.rows(Arrival)) == ["done"]


def test_two_accounts_may_use_the_same_numbers(stage: Stage) -> None:
    stage.push("一", channel="desk", number=5)
    stage.page(written("二", number=5, provider_id="5"))
    stage.work()
    assert len(stage.rows(Message)) == 2


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_the_thread_keeps_the_customers_order_whatever_comes_first(stage: Stage, order: tuple[int, ...]) -> None:
    said = [written("1", number=1, at=0), written("2", number=2, at=0), written("3", number=3, at=1)]
    for place in order:
        stage.page(said[place])
        stage.work()
    assert [text for _, text in stage.thread()] == ["1", "2", "3"]


def test_many_late_messages_find_their_places(stage: Stage) -> None:
    said = [written(str(number), number=number, at=number // 3) for number in range(40)]
    for message in random.Random(1).sample(said, len(said)):
        stage.page(message)
        stage.do("arrival")
    assert [text for _, text in stage.thread()] == [str(number) for number in range(40)]


def test_a_message_later_than_the_bots_answer_stands_before_the_ones_it_precedes(
    stage: Stage, wechat: WeChat, slow_bot: None
) -> None:
    stage.push("怎么退款", at=5, number=2)
    stage.work()
    stage.push("你好呀呀", at=0, number=1)
    stage.do("arrival")
    assert stage.thread() == [("contact", "你好呀呀"), ("contact", "怎么退款"), ("bot", "七天内可以退款。")]
    stage.push("谢谢", at=60, number=3)
    stage.do("arrival")
    assert stage.thread()[-1] == ("contact", "谢谢")


def test_pushes_that_wait_together_are_taken_in_the_customers_order(stage: Stage, wechat: WeChat) -> None:
    for number in (3, 1, 2):
        stage.push(str(number), number=number, channel="desk")
    stage.work()
    ids = [message.text for message in stage.rows(Message)]
    assert ids == ["1", "2", "3"]


def test_a_customer_has_one_open_conversation_whoever_takes_the_first_message(stage: Stage) -> None:
    """Two lanes of one person: vouched aliases, so that the lane does not keep the workers apart."""
    union = Address("union", "u1")
    stage.page(written("first", sender="u", number=0, aliases=()))
    stage.work()
    for number in range(1, 9):
        stage.page(written(str(number), sender=f"bo{number}", number=number, aliases=(union, Address("pager", "u"))))
    at_once(*[stage.work] * 4)
    assert len(stage.rows(Contact)) == 1
    assert len(stage.rows(Conversation)) == 1
    assert len(stage.rows(Message)) == 9
    assert stage.conversation().unread == 9


def test_new_customers_who_all_write_at_once_have_one_conversation_each(stage: Stage) -> None:
    for sender in "abcdef":
        for number in range(4):
            stage.page(written(f"{sender}{number}", sender=sender, number=number, provider_id=f"{sender}{number}"))
    outcomes = at_once(*[stage.work] * 4)
    assert outcomes == [None] * 4
    threads = [[text for _, text in stage.thread(row.id)] for row in stage.rows(Conversation)]
    assert sorted(threads) == [[f"{sender}{number}" for number in range(4)] for sender in "abcdef"]


def test_after_resolve_the_next_message_opens_a_new_conversation(stage: Stage) -> None:
    anna = stage.agent()
    stage.page(written("one", number=1))
    stage.work()
    anna.post("/conversations/1/resolve")
    stage.page(written("two", number=2, at=9))
    stage.work()
    first, second = stage.rows(Conversation)
    assert (first.status, second.status, second.assignee_id) == ("resolved", "waiting", None)
    assert stage.thread(second.id) == [("contact", "two")]
    assert first.contact_id == second.contact_id


def test_channels_with_threads_have_a_conversation_for_each(stage: Stage) -> None:
    stage.page(
        written("a", number=1, thread="t1"), written("b", number=2, thread="t2"), written("c", number=3, thread="t1")
    )
    stage.work()
    assert [[text for _, text in stage.thread(row.id)] for row in stage.rows(Conversation)] == [["a", "c"], ["b"]]


@pytest.mark.parametrize(("claimed", "status"), [(True, "open"), (False, "waiting")])
def test_a_snoozed_conversation_wakes_when_the_customer_writes(stage: Stage, claimed: bool, status: str) -> None:
    anna = stage.agent()
    stage.page(written("one", number=1))
    stage.work()
    if claimed:
        anna.post("/conversations/1/claim")
    anna.post("/conversations/1/snooze", {"until": "2999-01-01T00:00:00Z"})
    stage.page(written("two", number=2, at=9))
    stage.work()
    row = stage.conversation()
    assert (row.status, row.snoozed_until, row.waiting_since is None) == (status, None, claimed)


def test_a_snoozed_conversation_wakes_when_its_time_has_come(stage: Stage) -> None:
    anna = stage.agent()
    stage.page(written("one", number=1), written("one", sender="other", number=2))
    stage.work()
    for number in (1, 2):
        anna.post(f"/conversations/{number}/snooze", {"until": "2999-01-01T00:00:00Z"})
    with stage.inside():
        db.session.get_one(Conversation, 1).snoozed_until = now() - timedelta(seconds=1)
    sweep()
    assert states_of(stage) == ["waiting", "snoozed"]


def states_of(stage: Stage) -> list[str]:
    return [row.status for row in stage.rows(Conversation)]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("before\0after", "beforeafter"),
        ("half \ud83d of an emoji", "half ? of an emoji"),
        ("家庭 👨‍👩‍👧‍👦 𠮷", "家庭 👨‍👩‍👧‍👦 𠮷"),
        ("长" * 6700, "长" * 6700),
        ("'; DROP TABLE message; -- %s {} \\u0000", "'; DROP TABLE message; -- %s {} \\u0000"),
    ],
    ids=["NUL", "lone surrogate", "four bytes", "20 kB", "SQL"],
)
def test_any_text_is_taken_in(stage: Stage, text: str, kept: str) -> None:
    stage.push(text, channel="desk")
    stage.work()
    assert stage.row(Message).text == kept
    with stage.inside():
        assert db.session.scalar(select(Message.text)) == kept


def test_any_text_of_any_channel_is_taken_in(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """An adapter that lets a NUL or half an emoji through must not stop the lane."""
    events = [written("before\0after", number=1), written("half \ud83d", number=2), written("plain", number=3)]
    monkeypatch.setattr(Pager, "parse", lambda *_: events)
    stage.page()
    stage.work()
    assert [text for _, text in stage.thread()] == ["before\ufffdafter", "half ?", "plain"]


def test_a_conversation_that_a_person_has_is_not_given_to_the_bot(stage: Stage, wechat: WeChat) -> None:
    stage.push("怎么退款")
    stage.work()
    stage.agent().post("/conversations/1/claim")
    stage.push("怎么退款")
    stage.work()
    assert [who for who, _ in stage.thread()] == ["contact", "bot", "system", "contact"]
    with stage.inside():
        assert conversations.locked(1).unread == 1
